"""`slipway release`: pin what is in a release by digest, and print how its machine template is built."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from infra.catalog import Catalog
from infra.charts.collecting import described, fetched
from infra.charts.not_available import NotAvailable
from infra.charts.record import components_of
from infra.charts.registry import image_digest
from infra.errors import NotPossibleHere, StepFailed
from infra.frozen import frozen_by
from infra.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.release import Release


def pin_release(version: str, catalog: Catalog | None = None) -> Iterator[str]:
    """Compute the digests that a release lacks, write them to its file, and yield a line for each.

    Images by the digest of their manifest, charts by their archive's, manifests by their file's. Raises
    `NotPossibleHere` for a frozen release, `StepFailed` at the end when something could not be had; the rest is written
    all the same.
    """
    catalog = catalog or Catalog()
    release = catalog.load_release(version)
    missing = release.unpinned()
    if not missing:
        yield f"{version}: everything in it has its digest"
        return
    tag = frozen_by(catalog.root, version)
    if tag:
        fix = "make the next release: copy its file to a new version and pin that"
        raise NotPossibleHere(f"stacks/releases/{version}.yaml", f"frozen since tag {tag}", fix)
    digests: dict[str, str] = {}
    failed: list[str] = []
    for name in missing:
        what = _described(release, name)
        try:
            digests[name] = _digest(release, name)
        except NotAvailable as reason:
            failed.append(f"{name}: {what}: {reason}")
        else:
            yield f"{name}: {what} is {digests[name]}"
    _write(catalog, version, digests)
    if failed:
        fix = f"run this where there is internet; {len(digests)} of {len(missing)} are written"
        raise StepFailed(f"release {version}", "\n".join([*failed, fix]))


def template_recipe(version: str, catalog: Catalog | None = None) -> str:
    """Return the shell script that makes a fresh Ubuntu machine the template of a release."""
    return recipe((catalog or Catalog()).load_release(version))


def recipe(release: Release) -> str:
    """Return the shell script for a release."""
    major, minor, *_ = release.kubernetes.version.split(".")
    pause = next((f"{i.image}:{i.tag}" for name, i in sorted(release.images.items()) if name == "pause"), "")
    return render(
        "machine/build-template.sh.j2",
        {
            "version": release.version,
            "kubernetes": release.kubernetes.version,
            "kubernetes_minor": f"{major}.{minor}",
            "programs": release.machine_template.programs.model_dump(),
            "driver_strategy": release.machine_template.driver_strategy,
            "images": [image.model_dump() for _, image in sorted(release.images.items()) if image.in_template],
            "pause": pause,
        },
    )


def _described(release: Release, name: str) -> str:
    """Return how messages name a part of a release, given as `images.pause`."""
    kind, _, key = name.partition(".")
    if kind == "images":
        return f"{release.images[key].image}:{release.images[key].tag}"
    return described(dict(components_of(release))[name])


def _digest(release: Release, name: str) -> str:
    """Return the digest of a part of a release, computed from what its publisher hands out. Raises `NotAvailable`."""
    kind, _, key = name.partition(".")
    if kind == "images":
        return image_digest(release.images[key].image, release.images[key].tag)
    return fetched(dict(components_of(release))[name]).digest


def _write(catalog: Catalog, version: str, digests: dict[str, str]) -> None:
    """Put digests into a release's file; nothing else of it changes, comments included."""
    if not digests:
        return
    path = catalog.root / "stacks" / "releases" / f"{version}.yaml"
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(
        type(None), lambda node, _: node.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    data = yaml.load(path.read_text(encoding="utf-8"))
    for name, digest in digests.items():
        kind, _, key = name.partition(".")
        data[kind][key]["digest"] = digest
    out = io.StringIO()
    yaml.dump(data, out)
    path.write_text(out.getvalue(), encoding="utf-8")
