"""A bundle: the charts and manifests of one release in a folder, checked before they are used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from infra.charts.record import IMAGES, Record, chart_folder, components_of, manifests_file
from infra.charts.verification import problem_of
from infra.errors import NotPossibleHere

if TYPE_CHECKING:
    from pathlib import Path

    from infra.charts.record import Kind
    from infra.model.charts import Chart, Manifests
    from infra.model.release import Release

BUNDLES_VARIABLE = "SLIPWAY_BUNDLES"  # names a folder with bundles by their release, inside a rehearsal alone


@dataclass(frozen=True)
class Bundle:
    """The bundle of a release; `folder` is below the checkout `root`, or relative to it wherever it can be."""

    root: Path
    folder: Path
    release: Release
    rehearsal: bool

    @classmethod
    def of(cls, root: Path, release: Release, rehearsal_variable: str = "SLIPWAY_REHEARSAL") -> Bundle:
        """Return the bundle of a release in a checkout: `bundles/<version>`.

        Inside a rehearsal, where `rehearsal_variable` is set, SLIPWAY_BUNDLES may name a folder that has it instead.
        """
        rehearsal = bool(os.environ.get(rehearsal_variable))
        named = os.environ.get(BUNDLES_VARIABLE) if rehearsal else None
        folder = root / bundle_folder(release.version)
        if named and (root / named / release.version).is_dir():
            folder = root / named / release.version
        return cls(root, folder.relative_to(root) if folder.is_relative_to(root) else folder, release, rehearsal)

    @property
    def kind(self) -> Kind:
        """Whether it is `real`, or a `contract` that stands in for it. Raises `NotPossibleHere` without a bundle."""
        return self._record().kind

    def chart(self, component: str) -> Path:
        """Return the folder of a component's chart, relative to the checkout where possible.

        Raises `NotPossibleHere` when it is missing, or is not what the release pins.
        """
        self._check(f"charts.{component}", self.release.charts.get(component))
        return chart_folder(self.folder, component)

    def manifests(self, component: str) -> Path:
        """Return the file of a component's manifests, relative to the checkout where possible.

        Raises `NotPossibleHere` when it is missing, or is not what the release pins.
        """
        self._check(f"manifests.{component}", self.release.manifests.get(component))
        return manifests_file(self.folder, component)

    def digests(self) -> dict[str, str]:
        """Return the digests of images that the bundle knows, by image, as `registry.k8s.io/pause:3.10`."""
        file = self._place / IMAGES
        if not file.is_file():
            return {}
        listed = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
        return {str(each["image"]): str(each["digest"]) for each in listed}

    def check(self, release: Release) -> list[str]:
        """Return everything that keeps the bundle from serving a release, charts first, by their names."""
        record = self._usable(release)
        if isinstance(record, str):
            return [f"{self.folder}: {record}"]
        found = {name: problem_of(self._place, name, each, record) for name, each in components_of(release)}
        return [f"{name}: {problem}" for name, problem in found.items() if problem]

    @property
    def _place(self) -> Path:
        return self.root / self.folder

    def _record(self) -> Record:
        record = self._usable(self.release)
        if isinstance(record, str):
            raise self._not_possible(str(self.folder), record)
        return record

    def _usable(self, release: Release) -> Record | str:
        """Return the bundle's record, or why the bundle is of no use for a release."""
        record = Record.read(self._place)
        if record is None:
            return "has no bundle.json that can be read" if self._place.is_dir() else "is not there"
        if record.release != release.version:
            return f"is the bundle of release {record.release}"
        if record.kind == "contract" and not self.rehearsal:
            return "stands in for the charts in a rehearsal, and is none of them"
        return record

    def _check(self, name: str, component: Chart | Manifests | None) -> None:
        if component is None:
            fix = "give the environment a release that has it"
            raise NotPossibleHere(f"stacks/releases/{self.release.version}.yaml", f"has no {name}", fix)
        problem = problem_of(self._place, name, component, self._record())
        if problem:
            raise self._not_possible(f"{self.folder}: {name}", problem)

    def _not_possible(self, subject: str, problem: str) -> NotPossibleHere:
        version = self.release.version
        fix = f"run where there is internet: ./slipway bundle {version}, and copy {bundle_folder(version)} here"
        return NotPossibleHere(subject, problem, fix)


def bundle_folder(version: str) -> str:
    """Return the folder of a release's bundle, relative to the checkout."""
    return f"bundles/{version}"
