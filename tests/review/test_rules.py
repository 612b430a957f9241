"""The rules: what each finds, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.catalog import ROOT
from infra.compute.plan import plan_compute
from infra.gpu.lock import lock_path, read_lock
from infra.model.release import Release
from infra.review.machines import MACHINE
from infra.review.rules import Documents, Preview, check_documents, check_previews, known_rules, refusing, run_rules
from infra.review.rules.page import rules_page
from infra.review.rules.protected_kinds import protected_kind, protected_kinds
from infra.review.steps import Step
from infra.vsphere.provider.provider import _KINDS
from tests.review.changes import CLAIM, change, layer, urn_of
from tests.support.environments import PROD, RELEASE, STAGING, changed

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.review.model import LayerReview

TODAY = date(2026, 11, 26)
LOCK = read_lock(lock_path(ROOT, "prod"), "prod")
DIGEST = f"sha256:{'0' * 64}"
IMAGE = "registry.k8s.io/pause:3.10"


def pinned(release: Release) -> Release:
    """Return a release with a digest everywhere."""
    data = release.model_dump(by_alias=True)
    for group in ("images", "charts", "manifests"):
        for each in data[group].values():
            each["digest"] = DIGEST
    return Release.model_validate(data)


PINNED = pinned(RELEASE)


def found_in(environment: Environment, release: Release = PINNED) -> dict[str, list[str]]:
    """Return the subjects that rules find in documents, by rule."""
    results: dict[str, list[str]] = {}
    for each in check_documents(Documents.of(environment, release, LOCK if environment.name == "prod" else None)):
        results.setdefault(each.rule, []).append(each.subject)
    return results


def found(review: LayerReview, inputs: dict[str, dict[str, Any]] | None = None, *, bundle: bool = False) -> list[str]:
    """Return what rules find in a preview, each with its subject and message."""
    preview = Preview(review, inputs or {}, bundle)
    return [f"{each.rule}: {each.subject}: {each.message}" for each in check_previews([preview])]


def test_the_committed_production_keeps_every_rule_but_the_one_about_digests() -> None:
    assert found_in(PROD) == {}
    assert set(found_in(PROD, RELEASE)) == {"pinned-release"}
    assert PROD.production
    assert not STAGING.production


def test_production_names_what_it_is_made_of_and_has_no_digest() -> None:
    subjects = found_in(PROD, RELEASE)["pinned-release"]
    assert "prod:release.charts.harbor" in subjects
    assert "prod:release.images.etcd" in subjects
    assert len(subjects) == len(set(subjects)) <= len(RELEASE.unpinned())
    without = changed(PROD, {"platform": None, "toolchain": None})
    assert "prod:release.charts.harbor" not in found_in(without, RELEASE)["pinned-release"]


def test_what_is_not_production_may_lack_digests_backups_and_nodes() -> None:
    lesser = changed(PROD, {"production": False, "controlPlane.count": 1, "platform.backups": None})
    assert found_in(lesser, RELEASE) == {}


def test_production_has_three_control_plane_nodes() -> None:
    assert found_in(changed(PROD, {"controlPlane.count": 1})) == {"one-control-plane-node": ["prod:controlPlane.count"]}


def test_production_with_data_has_backups() -> None:
    assert found_in(changed(PROD, {"platform.backups": None})) == {"backups": ["prod:platform.backups"]}
    bare = changed(PROD, {"platform": None, "toolchain": None})
    assert bare.platform.backups is None
    assert found_in(bare) == {}


def test_a_pool_with_gpus_that_the_lock_forgets_is_found() -> None:
    assert LOCK is not None
    without = replace(LOCK, pools={name: each for name, each in LOCK.pools.items() if name != "training"})
    (result,) = check_documents(Documents.of(PROD, PINNED, without))
    assert (result.rule, result.subject) == ("gpu-memory-reserved", "prod:nodePools.training")
    assert "0 of 256 GiB" in result.message


def test_a_plan_that_reserves_a_part_is_found() -> None:
    documents = Documents.of(PROD, PINNED, LOCK)
    pools = tuple(replace(pool, gpu=None) if pool.name == "notebooks" else pool for pool in documents.compute.pools)
    short = replace(documents, compute=replace(documents.compute, pools=pools))
    assert [each.subject for each in check_documents(short)] == ["prod:nodePools.notebooks"]


def test_the_plan_reserves_all_memory_of_machines_with_gpus_and_none_of_others() -> None:
    reserved = {pool.name: pool.memory_reservation_mib for pool in plan_compute(PROD, RELEASE, LOCK).pools}
    assert reserved == {
        "control-plane": 0, "cpu": 0, "data": 0, "inference": 65536, "notebooks": 32768, "training": 262144,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"memory": 2048}, "0 of 2048 MiB"),
        ({"memory": 2048, "memoryReservation": 2047, "memoryReservationLockedToMax": True}, "2047 of 2048 MiB"),
        ({"memory": 2048, "memoryReservation": 2048}, "not locked"),
        ({"memory": 2048, "memoryReservation": 2048, "memoryReservationLockedToMax": False}, "not locked"),
        ({"memory": 2048, "memoryReservation": 2048, "memoryReservationLockedToMax": True}, None),
        ({"memory": 2048, "memoryReservation": "04da6b54", "memoryReservationLockedToMax": True}, None),
    ],
)
@pytest.mark.parametrize(
    "gpu", [{"pciDeviceIds": ["0000:3b:00.0"]}, {"extraConfig": {"pciPassthru.use64bitMMIO": "TRUE"}}]
)
def test_a_machine_with_gpus_has_its_memory_reserved(
    inputs: dict[str, Any], says: str | None, gpu: dict[str, Any]
) -> None:
    urn = urn_of("prod.compute", MACHINE, "prod-training-1", "slipway:compute:Node$")
    said = found(layer(stack="prod.compute"), {urn: {**inputs, **gpu}})
    assert found(layer(stack="prod.compute"), {urn: inputs}) == []
    if says is None:
        assert said == []
    else:
        (line,) = said
        assert line.startswith("gpu-memory-locked: prod.compute:VirtualMachine:prod-training-1: has GPUs")
        assert says in line


def test_an_image_without_digest_is_found_where_a_bundle_knows_digests() -> None:
    pod = {"spec": {"template": {"spec": {"initContainers": [{"image": IMAGE}], "containers": [{"image": "busybox"}]}}}}
    exact = {"spec": {"containers": [{"image": f"{IMAGE}@{DIGEST}"}]}}
    urn = urn_of(
        "prod.platform", "kubernetes:apps/v1:Deployment", "Deployment:harbor/core", "slipway:cluster:Component$"
    )
    (line,) = found(layer(), {urn: pod, f"{urn}-2": exact}, bundle=True)
    assert line.startswith("pinned-images: prod.platform:Deployment:harbor/core: ")
    assert f"docker.io/library/busybox:latest, {IMAGE};" in line
    assert found(layer(), {urn: pod}, bundle=False) == []
    assert found(layer(), {urn_of("prod.platform", "slipway:index:Admission", "harbor"): pod}, bundle=True) == []


@pytest.mark.parametrize("operation", ["delete", "replace", "create", "update", "forget", "import"])
def test_what_holds_data_is_not_deleted(operation: Any) -> None:
    said = found(layer(change(operation, CLAIM, "PersistentVolumeClaim:harbor/data")))
    if operation in ("delete", "replace"):
        (line,) = said
        assert line.startswith("deletes-data: prod.platform:PersistentVolumeClaim:harbor/data: would be deleted")
    else:
        assert said == []


@pytest.mark.parametrize(
    "type_",
    [
        "kubernetes:core/v1:PersistentVolume",
        "kubernetes:core/v1:Namespace",
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
        "kubernetes:postgresql.cnpg.io/v1:Cluster",
        "kubernetes:storage.k8s.io/v1:StorageClass",
        "slipway:index:Password",
        "slipway:index:SigningKey",
        "slipway:index:ClusterIdentity",
        "slipway:index:GeneratedSecret",
    ],
)
def test_kinds_that_hold_data_or_identity(type_: str) -> None:
    (line,) = found(layer(change("delete", type_, "thing")))
    assert line.startswith(f"deletes-data: prod.platform:{type_.rpartition(':')[2]}:thing: would be deleted")


def test_a_storage_class_may_be_made_anew_and_others_of_the_name_are_not_meant() -> None:
    assert found(layer(change("replace", "kubernetes:storage.k8s.io/v1:StorageClass", "fast"))) == []
    assert protected_kind("kubernetes:cluster.x-k8s.io/v1beta1:Cluster") is None
    assert protected_kind("kubernetes:core/v1:PersistentVolumeClaimPatch") is None


def test_the_table_names_kinds_that_our_provider_has() -> None:
    ours = {kind.type for kind in protected_kinds() if kind.type.startswith("slipway:")}
    assert ours <= set(_KINDS)
    assert all(kind.source for kind in protected_kinds())


def test_control_plane_nodes_that_go_together_are_told_and_nothing_is_refused() -> None:
    nodes = [change("replace", MACHINE, f"prod-control-plane-{n}", stack="prod.compute") for n in (1, 2)]
    assert found(layer(nodes[0], stack="prod.compute")) == []
    worker = change("replace", MACHINE, "prod-cpu-1", stack="prod.compute")
    assert found(layer(nodes[0], worker, stack="prod.compute")) == []
    preview = Preview(layer(*nodes, worker, stack="prod.compute"), {})
    (result,) = run_rules([], [preview], [], TODAY)
    assert (result.rule, result.subject) == ("control-plane-at-once", "prod.compute:control-plane")
    assert "2 nodes would go (prod-control-plane-1, prod-control-plane-2)" in result.message
    assert not result.refuses


def test_results_come_once_and_what_refuses_comes_first() -> None:
    nodes = [change("replace", MACHINE, f"prod-control-plane-{n}", stack="prod.compute") for n in (1, 2)]
    gone = change("delete", CLAIM, "data", stack="prod.compute")
    preview = Preview(layer(*nodes, gone, stack="prod.compute"), {})
    one_node = Documents.of(changed(PROD, {"controlPlane.count": 1}), PINNED, LOCK)
    results = run_rules([one_node, one_node], [preview, preview], [], TODAY)
    assert [each.rule for each in results] == ["deletes-data", "one-control-plane-node", "control-plane-at-once"]
    assert [each.rule for each in refusing(results)] == ["deletes-data", "one-control-plane-node"]


def test_what_rules_look_at_comes_from_the_steps_of_a_preview() -> None:
    step = Step("urn", MACHINE, "create", new={"memory": 1})
    gone = Step("other", MACHINE, "delete", old={"memory": 1})
    assert Preview.of(layer(), [step, gone], bundle=True) == Preview(layer(), {"urn": {"memory": 1}}, bundle=True)


def test_every_rule_has_a_name_of_its_own_a_reason_and_a_line_on_the_page() -> None:
    rules = known_rules()
    assert len(rules) == 8
    page = rules_page()
    for name, rule in rules.items():
        assert name == rule.name
        assert rule.reason.endswith(".")
        assert f"| `{name}` | {rule.looks_at} | {rule.severity} |" in page
    assert page == (Path(ROOT) / "docs" / "rules.md").read_text(encoding="utf-8")
