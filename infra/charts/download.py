"""Downloading a chart or a manifests file from where it is published, or a chart from a mirror."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urljoin

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from infra.charts.archive import check_chart, sha256_of
from infra.charts.not_available import NotAvailable
from infra.charts.publisher import publisher
from infra.charts.registry import ARTIFACT, repository

if TYPE_CHECKING:
    from infra.model.charts import Chart, Manifests

OCI = "oci://"
_CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@dataclass(frozen=True)
class Download:
    """What was fetched, and from where."""

    content: bytes
    origin: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, as `sha256:...`."""
        return sha256_of(self.content)


class _Listed(BaseModel):
    """One version of a chart in a repository's index, as far as it is needed."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    version: str
    urls: Annotated[list[str], Field(min_length=1)]
    digest: str | None = None


class _Layer(BaseModel):
    """One layer of a manifest, as far as it is needed."""

    media_type: Annotated[str, Field(alias="mediaType")]
    digest: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]


def download_chart(chart: Chart, mirror: str | None = None) -> Download:
    """Return a chart's archive, of that name and version, from its source or from the mirror that stands in for it.

    A source is a repository with an index (`https://...`) or a registry (`oci://...`). Raises `NotAvailable`.
    """
    source = (mirror or chart.source).rstrip("/")
    found = _from_registry(source, chart) if source.startswith(OCI) else _from_repository(source, chart)
    check_chart(found.content, chart.chart, chart.version)
    return found


def download_manifests(manifests: Manifests) -> Download:
    """Return a file of Kubernetes objects from where it is published. Raises `NotAvailable`."""
    with publisher("its publisher") as server:
        content = server.content(manifests.source)
    try:
        objects = [each for each in yaml.load_all(content, Loader=yaml.CSafeLoader) if each is not None]
    except yaml.YAMLError:
        objects = []
    if not objects or not all(isinstance(each, dict) and "kind" in each for each in objects):
        raise NotAvailable("what its publisher sends are no Kubernetes objects")
    return Download(content, manifests.source)


def _from_repository(source: str, chart: Chart) -> Download:
    with publisher("its repository") as server:
        listed = _listed(server.content(f"{source}/index.yaml"), chart)
        url = _absolute(source, listed.urls[0])
        found = Download(server.content(url), url)
    said = f"sha256:{listed.digest.removeprefix('sha256:')}" if listed.digest else found.digest
    if said != found.digest:
        raise NotAvailable(f"its repository says {said}, and what it sends is {found.digest}")
    return found


def _absolute(source: str, url: str) -> str:
    try:
        return urljoin(f"{source}/", url)
    except ValueError:
        raise NotAvailable(f"its repository's index leads nowhere ({url})") from None


def _listed(index: bytes, chart: Chart) -> _Listed:
    """Return a chart's version in a repository's index."""
    try:
        entries = TypeAdapter(dict[str, object]).validate_python(
            (yaml.load(index, Loader=yaml.CSafeLoader) or {}).get("entries")
        )
        versions = TypeAdapter(list[_Listed]).validate_python(entries.get(chart.chart, []))
    except (yaml.YAMLError, ValidationError, AttributeError):
        raise NotAvailable("its repository's index can't be read") from None
    if not versions:
        raise NotAvailable(f"its repository has no chart {chart.chart}")
    found = next((each for each in versions if each.version == chart.version), None)
    if found is None:
        raise NotAvailable(f"its repository has no version {chart.version} of it")
    return found


def _from_registry(source: str, chart: Chart) -> Download:
    name = f"{source.removeprefix(OCI)}/{chart.chart}"
    tag = chart.version.replace("+", "_")  # a tag can't hold a +: Helm's own convention
    with repository(name) as charts:
        content = charts.blob(_chart_layer(charts.manifest(tag, ARTIFACT)))
    return Download(content, f"{OCI}{name}:{tag}")


def _chart_layer(manifest: bytes) -> str:
    """Return the digest of the layer that is a chart's archive."""
    try:
        layers = TypeAdapter(list[_Layer]).validate_python(json.loads(manifest)["layers"])
    except (ValueError, KeyError, TypeError):
        layers = []
    for layer in layers:
        if layer.media_type == _CHART_LAYER:
            return layer.digest
    raise NotAvailable("what its registry has is no Helm chart")
