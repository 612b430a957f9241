"""Makes the bundle of a rehearsal: contract charts and manifests out of what a release says that its own bring."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import yaml

from infra.charts.archive import digest_of_tree, sha256_of, tree_of
from infra.charts.bundle import bundle_folder
from infra.charts.record import Kept, Record, chart_folder, components_of, manifests_file
from infra.model.charts import Chart
from rehearsal.contract.objects import loose_definition, service_object, without_webhooks, workload_objects
from rehearsal.contract.reference import real_definition
from rehearsal.layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from infra.model.charts import Definition, Manifests, Provides
    from infra.model.release import Release
    from rehearsal.layout import Layout

_ADDITIONS = ROOT / "rehearsal" / "contract" / "additions"  # Helm templates: objects that a chart makes of its values
_NAMESPACE = "{{ .Release.Namespace }}"


def write_bundle(layout: Layout, releases: Iterable[Release]) -> None:
    """Write contract charts for a rehearsal's releases, unless a release's own are at hand.

    Those of an earlier call are written anew.
    """
    for release in {each.version: each for each in releases}.values():
        folder = layout.bundles / release.version
        shutil.rmtree(folder, ignore_errors=True)
        if not (layout.root / bundle_folder(release.version)).exists():
            write_contract_bundle(release, folder)


def write_contract_bundle(release: Release, folder: Path) -> None:
    """Write a bundle of contracts into a folder that is not there yet."""
    folder.mkdir(parents=True)
    record = Record(release=release.version, kind="contract")
    for name, component in components_of(release):
        short = name.partition(".")[2]
        if isinstance(component, Chart):
            kept = _write_chart(chart_folder(folder, short), short, component)
        else:
            kept = _write_manifests(manifests_file(folder, short), component)
        record = record.having(name, kept)
    record.write(folder)


def _write_chart(folder: Path, name: str, chart: Chart) -> Kept:
    (folder / "templates").mkdir(parents=True)
    (folder / "crds").mkdir()
    about = {"apiVersion": "v2", "name": chart.chart, "version": chart.version, "description": "contract"}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    (folder / "values.yaml").write_text("{}\n", encoding="utf-8")
    for definition in chart.provides.definitions:
        text = yaml.safe_dump(_definition(definition))
        (folder / "crds" / f"{definition.name}.yaml").write_text(text, encoding="utf-8")
    objects = _objects(chart.provides, _NAMESPACE, chart.version)
    (folder / "templates" / "workloads.yaml").write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    addition = _ADDITIONS / f"{name}.yaml"
    if addition.exists():
        shutil.copyfile(addition, folder / "templates" / "additions.yaml")
    origin = "provides of the release"
    return Kept(version=chart.version, digest=None, origin=origin, tree=digest_of_tree(tree_of(folder)))


def _write_manifests(file: Path, manifests: Manifests) -> Kept:
    file.parent.mkdir(parents=True, exist_ok=True)
    objects = [_definition(each) for each in manifests.provides.definitions]
    objects += _objects(manifests.provides, manifests.namespace, manifests.version)
    file.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    return Kept(version=manifests.version, digest=sha256_of(file.read_bytes()), origin="provides of the release")


def _definition(definition: Definition) -> dict[str, Any]:
    """Return the real definition of a kind where this machine has it, else one that takes anything."""
    file = real_definition(definition.name)
    if file is None:
        return loose_definition(definition)
    return without_webhooks(yaml.safe_load(file.read_text(encoding="utf-8")))


def _objects(provides: Provides, namespace: str, version: str) -> list[dict[str, Any]]:
    found = [each for workload in provides.workloads for each in workload_objects(workload, namespace, version)]
    return found + [service_object(name, port, namespace) for name, port in sorted(provides.services.items())]
