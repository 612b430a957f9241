"""What a bundle's folder holds: the place of each thing, and the record of what was put there."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.charts import Chart, Manifests
    from infra.model.release import Release

FORMAT: Literal[1] = 1
IMAGES = "images.yaml"
Kind = Literal["real", "contract"]
UNFINISHED = ".unfinished-"  # begins the names of what is being written, or was when a run was killed
_RECORD = "bundle.json"


class Kept(BaseModel):
    """What is kept of one component."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Its version, as the release spells it."""
    digest: str | None
    """Digest of the chart's archive or of the manifests file; none of a chart without an archive."""
    origin: str
    """Where it came from."""
    tree: str | None = None
    """Digest over all paths and contents of a chart that has no archive to be held against."""


class Record(BaseModel):
    """What a bundle says of itself (bundle.json): its release, whether it is real, its components by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = FORMAT
    release: str
    kind: Kind
    """`real` is what was published; a `contract` stands in for it in a rehearsal."""
    components: dict[str, Kept] = Field(default_factory=dict)
    """By name, as `charts.cilium` or `manifests.vsphere-csi`."""

    @classmethod
    def read(cls, folder: Path) -> Record | None:
        """Return the record of a bundle's folder, or None where there is none that can be read."""
        file = folder / _RECORD
        if not file.is_file():
            return None
        try:
            return cls.model_validate_json(file.read_bytes())
        except ValidationError:
            return None

    def write(self, folder: Path) -> None:
        """Write the record to a bundle's folder, whole or not at all."""
        write_whole(folder / _RECORD, self.model_dump_json(indent=2) + "\n")

    def having(self, name: str, kept: Kept) -> Record:
        """Return the record with one component put in the place of the one of that name."""
        components = dict(sorted({**self.components, name: kept}.items()))
        return self.model_copy(update={"components": components})


def components_of(release: Release) -> Iterator[tuple[str, Chart | Manifests]]:
    """Yield the components of a release with their names, as `charts.cilium`, in stable order."""
    for name, chart in sorted(release.charts.items()):
        yield f"charts.{name}", chart
    for name, manifests in sorted(release.manifests.items()):
        yield f"manifests.{name}", manifests


def chart_folder(folder: Path, component: str) -> Path:
    """Return the place of an unpacked chart in a bundle's folder."""
    return folder / "charts" / component


def archive_file(folder: Path, component: str, version: str) -> Path:
    """Return the place of a chart's archive in a bundle's folder."""
    return folder / "archives" / f"{component}-{version}.tgz"


def manifests_file(folder: Path, component: str) -> Path:
    """Return the place of a component's manifests in a bundle's folder."""
    return folder / "manifests" / f"{component}.yaml"


def write_whole(file: Path, text: str) -> None:
    """Write a file so that nobody, not even after a killed run, finds half of it."""
    with NamedTemporaryFile("w", dir=file.parent, prefix=UNFINISHED, delete=False, encoding="utf-8") as new:
        new.write(text)
    Path(new.name).chmod(0o644)
    Path(new.name).replace(file)
