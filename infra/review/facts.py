"""The table of what goes together, `compatibility.yaml`: read once, and every row as one kind of fact."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from infra.model.base import Document
from infra.model.kubernetes_texts import ObjectName  # noqa: TC001 - pydantic reads it at run time
from infra.model.texts import ImageTag, OneLine, ProgramVersion
from infra.plain_yaml import read_yaml
from infra.review.version_ranges import as_pattern, fits

FILE = Path(__file__).with_name("compatibility.yaml")
SAME = "same"  # stands for the version of the pin itself
Otherwise = Literal["wrong", "unknown"]


def _pattern(text: str) -> str:
    if text != SAME:
        fits("1.0", text)  # raises for what is none
    return text


def _kube_version(text: str) -> str:
    as_pattern(text)  # raises for what is none
    return text


Patterns = Annotated[list[Annotated[OneLine, AfterValidator(_pattern)]], Field(min_length=1)]


class PromotionFact(Document):
    """How many minors Kubernetes may move in one promotion, and who says so."""

    kubernetes_minors: Annotated[int, Field(ge=0, strict=True)]
    source: OneLine


class KubeVersion(Document):
    """What a chart asks of Kubernetes in its Chart.yaml, word for word."""

    chart: ObjectName
    versions: Patterns
    kubernetes: Annotated[OneLine, AfterValidator(_kube_version)]
    source: OneLine


class AppVersion(Document):
    """An image of the release that is a chart's own program, and the tag that the chart's appVersion gives it."""

    chart: ObjectName
    versions: Patterns
    image: OneLine
    tag: ImageTag
    otherwise: Otherwise
    source: OneLine


class ControlPlane(Document):
    """The images that kubeadm makes a control plane of, tags by name, in one version of Kubernetes."""

    kubernetes: ProgramVersion
    images: dict[OneLine, ImageTag]
    source: OneLine


class Fact(Document):
    """A pin in one of some `versions` goes with some versions of the pin `beside` it, so says the `source`."""

    pin: OneLine
    versions: Patterns
    beside: OneLine
    goes: Patterns
    otherwise: Otherwise
    source: OneLine

    def is_about(self, version: str) -> bool:
        """Whether it says something of that version of its pin."""
        return any(fits(version, pattern) for pattern in self.versions)


class Facts(Document):
    """The whole table; see its head."""

    promotion: PromotionFact
    kube_versions: list[KubeVersion]
    app_versions: list[AppVersion]
    kubeadm: list[ControlPlane]
    together: list[Fact]

    def all_pairs(self) -> tuple[Fact, ...]:
        """Return every row about two pins as a fact, but for the lists of kubeadm."""
        return (*map(_of_chart, self.kube_versions), *map(_of_program, self.app_versions), *self.together)

    def control_plane(self, kubernetes: str) -> ControlPlane | None:
        """Return the images of a version of Kubernetes, or None where nobody has looked them up."""
        return next((each for each in self.kubeadm if each.kubernetes == kubernetes), None)

    def control_plane_images(self) -> set[str]:
        """Return the names of all images that a control plane is made of."""
        return {name for each in self.kubeadm for name in each.images}


@cache
def known_facts() -> Facts:
    """Return the table. Raises pydantic's `ValidationError` for a row that is none: a mistake in this repository."""
    data: dict[str, Any] = read_yaml(FILE.read_text(encoding="utf-8"))
    return Facts.model_validate(data)


def _of_chart(row: KubeVersion) -> Fact:
    return _fact(f"charts.{row.chart}", row.versions, "kubernetes", as_pattern(row.kubernetes), "wrong", row.source)


def _of_program(row: AppVersion) -> Fact:
    return _fact(f"charts.{row.chart}", row.versions, f"images.{row.image}", row.tag, row.otherwise, row.source)


def _fact(pin: str, versions: list[str], beside: str, goes: str, otherwise: Otherwise, source: str) -> Fact:
    return Fact(pin=pin, versions=versions, beside=beside, goes=[goes], otherwise=otherwise, source=source)
