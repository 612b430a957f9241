"""`slipway bundle`: everything that a release's cluster is made of, in one folder that can be carried somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from infra.catalog import Catalog
from infra.charts.bundle import bundle_folder
from infra.charts.collecting import collect
from infra.charts.images import ImageReference, forbidden, images_in
from infra.charts.not_available import NotAvailable
from infra.charts.record import IMAGES, chart_folder, manifests_file, write_whole
from infra.charts.registry import image_digest
from infra.charts.rendering import ChartToRender, render_charts
from infra.errors import DocumentsRefused, NotPossibleHere, StepFailed
from infra.layer_plans import all_components
from infra.operate.backend import find_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.model.release import Release

_HEAD = """# Images that release {version}, the objects of its charts and its manifests name, and who names each.
# Not among them: what operators start by themselves (the GPU operator's driver, toolkit, device plugin and exporter,
# the proxies of Envoy Gateway). Their names stand in the charts' values and documentation."""
_MIRRORS = ("oci://", "https://", "http://")

Values = dict[str, Any]
Users = dict[ImageReference, list[str]]  # who names an image, by image


def values_in_use(catalog: Catalog, version: str) -> dict[str, Values]:
    """Return the values that charts are given, by component: those of the first environment of a release that has it.

    Which images a chart names depends on them. An environment that is refused has none.
    """
    found: dict[str, Values] = {}
    for name in catalog.environment_names():
        try:
            environment, release = catalog.load(name)
        except DocumentsRefused:
            continue
        if release.version == version:
            for component in all_components(environment, release):
                found.setdefault(component.name, component.values)
    return found


def make_bundle(
    version: str,
    mirror: str | None = None,
    catalog: Catalog | None = None,
    values: Mapping[str, Values] | None = None,
) -> Iterator[str]:
    """Collect charts, manifests and the list of all images of a release, and yield a line for each thing fetched.

    `mirror` stands in for the charts' own sources; `values` are those that a component's chart is rendered with, to see
    which images it names: without them those of the environments. Raises `NotPossibleHere` for a mirror that is no
    address, `StepFailed` at the end when something could not be had, `MissingProgram` without the engine or its
    Kubernetes plugin.
    """
    if mirror is not None and not mirror.startswith(_MIRRORS):
        raise NotPossibleHere(
            "--mirror", f"{mirror} is not the address of a mirror", "begin it with oci:// or https://"
        )
    catalog = catalog or Catalog()
    release = catalog.load_release(version)
    folder = catalog.root / bundle_folder(version)
    yield from collect(release, folder, mirror)
    values = values_in_use(catalog, version) if values is None else values
    users = image_users(release, rendered_objects(release, folder, values))
    _refuse_forbidden(version, users)
    _write_images(folder, version, users, _digests(release, users))
    yield (
        f"{bundle_folder(version)}: {len(release.charts)} charts, {len(release.manifests)} manifests files, "
        f"{len(users)} images in {IMAGES}"
    )


def _refuse_forbidden(version: str, users: Users) -> None:
    """Raise `StepFailed` for images that nobody maintains any more."""
    lines = [f"{image} ({', '.join(users[image])}): nobody maintains it any more" for image in forbidden(users)]
    if lines:
        raise StepFailed(f"bundle {version}", "\n".join([*lines, "set another image in the values of the chart"]))


def image_users(release: Release, objects: Mapping[str, list[Any]]) -> Users:
    """Return every image of a release and of its components' objects, with who names it, in stable order."""
    users: Users = {}
    for name, image in sorted(release.images.items()):
        users.setdefault(ImageReference(image.image, image.tag, image.digest or ""), []).append(f"images.{name}")
    for component, its_objects in objects.items():
        for reference in images_in(its_objects):
            users.setdefault(reference, []).append(component)
    return dict(sorted(users.items()))


def rendered_objects(release: Release, folder: Path, values: Mapping[str, Values]) -> dict[str, list[Any]]:
    """Return the Kubernetes objects of every component in a bundle's folder, by name, as `charts.cilium`.

    Raises what `render_charts` raises.
    """
    charts = {
        f"charts.{name}": ChartToRender(chart_folder(folder, name), values.get(name, {}))
        for name in sorted(release.charts)
    }
    found: dict[str, list[Any]] = {}
    if charts:
        find_engine()
        found = render_charts(charts, release)
    for name in sorted(release.manifests):
        text = manifests_file(folder, name).read_bytes()
        found[f"manifests.{name}"] = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    return found


def _digests(release: Release, users: Users) -> dict[ImageReference, str]:
    """Return the digest of each image: its own, or the one that its registry has for its tag. Raises `StepFailed`."""
    digests: dict[ImageReference, str] = {}
    failed = []
    for image in users:
        try:
            digests[image] = image.digest or image_digest(image.repository, image.tag)
        except NotAvailable as reason:
            failed.append(f"{image} ({', '.join(users[image])}): {reason}")
    if failed:
        fix = f"run this where there is internet; {IMAGES} is written when the digests of all images are known"
        raise StepFailed(f"bundle {release.version}", "\n".join([*failed, fix]))
    return digests


def _write_images(folder: Path, version: str, users: Users, digests: Mapping[ImageReference, str]) -> None:
    images = [{"image": str(image), "digest": digests[image], "used_by": names} for image, names in users.items()]
    text = yaml.safe_dump(images, sort_keys=False, width=1000)
    write_whole(folder / IMAGES, f"{_HEAD.format(version=version)}\n{text}")
