"""Collecting a bundle: what is there and right stays, what is not is fetched, a killed run is completed by the next."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from infra.charts.archive import unpack_chart
from infra.charts.download import download_chart, download_manifests
from infra.charts.not_available import NotAvailable
from infra.charts.record import UNFINISHED, Kept, Record, archive_file, chart_folder, components_of, manifests_file
from infra.charts.verification import problem_of
from infra.errors import StepFailed
from infra.model.charts import Chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.charts.download import Download
    from infra.model.charts import Manifests
    from infra.model.release import Release


def collect(release: Release, folder: Path, mirror: str | None = None) -> Iterator[str]:
    """Bring a bundle's folder to what a release pins, and yield a line for each thing that was fetched.

    `mirror` (`oci://...` or `https://...`) stands in for the charts' own sources. Raises `StepFailed` at the end when
    something could not be had; the rest is there all the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    record = _begin(release, folder)
    failed: list[str] = []
    for name, component in components_of(release):
        if problem_of(folder, name, component, record) is None:
            continue
        try:
            found = fetched(component, mirror)
        except NotAvailable as reason:
            failed.append(f"{name}: {described(component, mirror)}: {reason}")
            continue
        former = record.components.get(name)
        record = record.having(name, _put(folder, name, component, found))
        record.write(folder)
        _forget(folder, name, component, former)
        yield f"{name}: {component.version} from {found.origin} is {found.digest}"
    if failed:
        fix = "run this where there is internet; what is there already is not fetched again"
        raise StepFailed(f"bundle {release.version}", "\n".join([*failed, fix]))


def described(component: Chart | Manifests, mirror: str | None = None) -> str:
    """Return how messages name a component: what it is, its version, where it is looked for."""
    if isinstance(component, Chart):
        return f"chart {component.chart} {component.version} of {mirror or component.source}"
    return component.source


def fetched(component: Chart | Manifests, mirror: str | None = None) -> Download:
    """Return a chart's archive or a manifests file.

    Raises `NotAvailable`, also when what is published is not what the release pins.
    """
    found = download_chart(component, mirror) if isinstance(component, Chart) else download_manifests(component)
    if component.digest not in (None, found.digest):
        raise NotAvailable(f"what is published is {found.digest}, and the release pins {component.digest}")
    return found


def _sweep(folder: Path) -> None:
    """Remove what a killed run had not put in its place yet."""
    for unfinished in folder.glob(f"{UNFINISHED}*"):
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        else:
            unfinished.unlink()


def _begin(release: Release, folder: Path) -> Record:
    """Return the record to go on with; one of other things is none. Of components that left the release it keeps none.

    It is written at once: what says that nothing is missing must not be older than the release.
    """
    record = Record.read(folder)
    names = {name for name, _ in components_of(release)}
    if record is None or (record.release, record.kind) != (release.version, "real"):
        record = Record(release=release.version, kind="real")
    record = record.model_copy(update={"components": {n: k for n, k in record.components.items() if n in names}})
    record.write(folder)
    return record


def _put(folder: Path, name: str, component: Chart | Manifests, found: Download) -> Kept:
    """Put a download in its place, each part whole or not at all, and return what to record of it."""
    short = name.partition(".")[2]
    with TemporaryDirectory(dir=folder, prefix=UNFINISHED) as unfinished:
        new = Path(unfinished)
        file = new / "file"
        file.write_bytes(found.content)
        if not isinstance(component, Chart):
            _move(file, manifests_file(folder, short), new)
        else:
            chart = unpack_chart(found.content, new / "unpacked")
            _move(file, archive_file(folder, short, component.version), new)
            _move(chart, chart_folder(folder, short), new)
    return Kept(version=component.version, digest=found.digest, origin=found.origin)


def _forget(folder: Path, name: str, component: Chart | Manifests, former: Kept | None) -> None:
    """Remove the archive of the version that stood in the bundle before."""
    if isinstance(component, Chart) and former is not None and former.version != component.version:
        archive_file(folder, name.partition(".")[2], former.version).unlink(missing_ok=True)


def _move(new: Path, place: Path, unfinished: Path) -> None:
    """Move something to its place; what stood there goes with the unfinished folder."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        place.rename(unfinished / "replaced")
    new.replace(place)
