"""What people should see first: what is lost, who is away, what follows from what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.model.environment import CONTROL_PLANE
from infra.review import ranks
from infra.review.causes import causes
from infra.review.dangers import dangers
from infra.review.kinds import interruptions, stateful_kinds
from infra.review.layer_review import layer_review
from infra.review.machines import restarting
from infra.review.model import UNKNOWN, Danger, LayerReview, ResourceChange, Staleness
from infra.review.rules.protected_kinds import protected_kinds
from infra.review.steps import Step
from tests.review.made import changed, layer, node, own, thing
from tests.support.environments import CATALOG

STACK = "prod.platform"
THREE = tuple(f"prod-control-plane-{number}" for number in (1, 2, 3))
DEFINITION = "apiextensions.k8s.io/v1:CustomResourceDefinition"
CLAIM, SECRET, WORKLOAD = "core/v1:PersistentVolumeClaim", "core/v1:Secret", "apps/v1:Deployment"
IMAGE = changed("spec.template.spec.containers[0].image", "a:1", "a:2")


def found(
    *layers: LayerReview,
    gpus: dict[str, str] | None = None,
    control: tuple[str, ...] = (),
    disks: dict[str, str] | None = None,
) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(each.rank, each.what, each.subjects) for each in told(*layers, gpus=gpus, control=control, disks=disks)]


def told(
    *layers: LayerReview,
    gpus: dict[str, str] | None = None,
    control: tuple[str, ...] = (),
    disks: dict[str, str] | None = None,
) -> tuple[Danger, ...]:
    return dangers(layers, gpus or {}, control, stateful_kinds(), disks)


@pytest.mark.parametrize(
    ("type_", "operation", "rank", "what"),
    [
        (CLAIM, "delete", ranks.LOST, "PersistentVolumeClaims are removed"),
        (CLAIM, "replace", ranks.LOST, "PersistentVolumeClaims are replaced"),
        ("core/v1:Namespace", "delete", ranks.LOST, "Namespaces are removed"),
        ("postgresql.cnpg.io/v1:Cluster", "replace", ranks.LOST, "Clusters are replaced"),
        ("postgresql.cnpg.io/v1:Database", "delete", ranks.INTERRUPTED, "Databases are removed"),
        ("storage.k8s.io/v1:StorageClass", "delete", ranks.LOST, "StorageClasses are removed"),
        (DEFINITION, "delete", ranks.LOST, "CustomResourceDefinitions are removed"),
        ("apps/v1:StatefulSet", "delete", ranks.INTERRUPTED, "StatefulSets are removed"),
        (SECRET, "replace", ranks.INTERRUPTED, "Secrets are replaced"),
        (WORKLOAD, "replace", ranks.INTERRUPTED, "Deployments are replaced"),
        ("gateway.networking.k8s.io/v1:Gateway", "replace", ranks.INTERRUPTED, "Gateways are replaced"),
    ],
)  # fmt: skip
def test_what_is_lost_or_interrupted(type_: str, operation: str, rank: int, what: str) -> None:
    change = thing(
        STACK, "harbor", type_, "harbor/x", operation, changed("spec.a", "1", "2", replaces=operation == "replace")
    )
    assert found(layer(STACK, change)) == [(rank, what, ("harbor/x",))]


@pytest.mark.parametrize("operation", ["create", "update"])
def test_what_stays_or_comes_is_no_danger(operation: str) -> None:
    changes = (
        thing(STACK, "harbor", CLAIM, "harbor/x", operation),
        thing(STACK, "harbor", SECRET, "harbor/x", operation),
        thing(STACK, "harbor", WORKLOAD, "harbor/x", operation, IMAGE),
    )
    assert found(layer(STACK, *changes)) == []


def test_the_networks_agents_restart_only_with_their_pods() -> None:
    label = changed("metadata.labels.a", "1", "2")
    agents = ("prod.cluster", "cilium", "apps/v1:DaemonSet", "kube-system/cilium", "update")
    assert found(layer("prod.cluster", thing(*agents, label))) == []
    assert found(layer("prod.cluster", thing(*agents, IMAGE)))[0][:2] == (ranks.INTERRUPTED, "DaemonSets are changed")
    others = ("prod.cluster", "loki", "apps/v1:DaemonSet", "loki/agent", "update")
    assert found(layer("prod.cluster", thing(*others, IMAGE))) == []


@pytest.mark.parametrize(
    "type_", ["slipway:index:Password", "slipway:index:SigningKey", "slipway:index:ClusterIdentity"]
)
def test_what_is_made_anew_has_to_be_followed(type_: str) -> None:
    (danger,) = told(layer(STACK, own(STACK, type_, "harbor-admin", "update", changed("version", "", "2"))))
    assert danger.rank == ranks.INTERRUPTED
    assert found(layer(STACK, own(STACK, type_, "harbor-admin", "delete")))[0][0] == ranks.LOST


def test_what_is_protected_comes_before_everything_that_was_previewed() -> None:
    change = replace(thing(STACK, "harbor", WORKLOAD, "harbor/core", "delete"), protected=True)
    claim = thing(STACK, "harbor", CLAIM, "harbor/x", "delete")
    assert [rank for rank, _, _ in found(layer(STACK, claim, change))] == [ranks.PROTECTED, ranks.LOST]


@pytest.mark.parametrize(
    ("operation", "path", "what"),
    [
        ("replace", "clone.templateUuid", "Nodes with GPUs are replaced"),
        ("delete", "", "Nodes with GPUs are removed"),
        ("update", "memory", "Nodes with GPUs are restarted"),
        ("update", 'extraConfig["a"]', "Nodes with GPUs are restarted"),
        ("update", "annotation", None),
        ("create", "", None),
    ],
)
def test_nodes_with_gpus(operation: str, path: str, what: str | None) -> None:
    properties = (changed(path, "1", "2"),) if path else ()
    changes = [node("prod", f"prod-training-{number}", operation, *properties) for number in (10, 9)]
    gpus = {"prod-training-9": "2 x H100 PCIe", "prod-training-10": "2 x H100 PCIe"}
    names = ("prod-training-9 (2 x H100 PCIe)", "prod-training-10 (2 x H100 PCIe)")
    assert found(layer("prod.compute", *changes), gpus=gpus) == ([(ranks.GPU_NODES, what, names)] if what else [])


def test_what_restarts_a_machine_is_named() -> None:
    change = node("prod", "prod-cpu-1", "update", changed("memory", "1", "2"), changed("numCpus", "1", "2"))
    (danger,) = told(layer("prod.compute", change))
    assert (danger.rank, danger.what) == (ranks.NODES, "Other nodes are restarted")
    assert danger.why.startswith("memory and numCpus change only while a machine is off")
    assert restarting(["annotation", "tags[0]"]) == ()


def test_control_plane_nodes_go_one_by_one() -> None:
    changes = [node("prod", name, "replace") for name in THREE]
    (danger,) = told(layer("prod.compute", *changes), control=THREE)
    assert (danger.rank, danger.what, danger.subjects) == (
        ranks.CONTROL_PLANE,
        "Control-plane nodes are replaced",
        THREE,
    )
    assert "one at a time" in danger.why


@pytest.mark.parametrize("operation", ["replace", "delete"])
def test_with_the_only_control_plane_node_the_cluster_goes(operation: str) -> None:
    change = node("dev", "dev-control-plane-1", operation)
    control = ("dev-control-plane-1", *THREE)
    (danger,) = told(layer("dev.compute", change), control=control)
    assert danger.rank == ranks.LOST
    assert danger.what.startswith("The only control-plane node is re")
    assert "--lose-cluster" in danger.why


def test_a_control_plane_does_not_shrink() -> None:
    (danger,) = told(layer("prod.compute", node("prod", THREE[2], "delete")), control=THREE)
    assert (danger.rank, danger.what) == (ranks.LOST, "Control-plane nodes are removed")


def test_names_of_control_plane_nodes_are_those_of_the_model() -> None:
    environment, _ = CATALOG.load("prod")
    names = [environment.node_name(CONTROL_PLANE, number) for number in (1, 2, 3)]
    assert sorted(environment.control_plane_addresses()) == names
    assert {name.rpartition("-")[0] for name in names} == {"prod-control-plane"}


def test_data_disks_go_with_their_machine_or_alone() -> None:
    disk = '{"label": "objects", "size": 2048}'
    shrunk = node("prod", "prod-data-2", "update", changed("disks[1]", disk, ""))
    changes = (node("prod", "prod-data-1", "replace"), shrunk, node("prod", "prod-cpu-1", "replace"))
    first = found(layer("prod.compute", *changes), disks={"prod-data-1": "objects, 2048 GiB"})[0]
    names = ("prod-data-1 (objects, 2048 GiB)", "prod-data-2 (objects)")
    assert first == (ranks.LOST, "Data disks are deleted", names)


def test_what_is_replaced_with_its_connection_is_said_once() -> None:
    connection = own(
        STACK,
        "pulumi:providers:kubernetes",
        "kubernetes",
        "replace",
        changed("clusterIdentifier", "a", "b", replaces=True),
    )
    changes = [
        thing(STACK, "harbor", type_, f"harbor/{number}", "replace") for number, type_ in enumerate([CLAIM, SECRET])
    ]
    password = own(STACK, "slipway:index:Password", "admin", "replace", changed("x", "1", "2", replaces=True))
    dangers_found = told(layer(STACK, connection, password, *changes))
    assert [each.what for each in dangers_found] == [
        "2 things are replaced because the connection kubernetes is",
        "Passwords are replaced",
    ]
    assert dangers_found[0].rank == ranks.LOST
    assert "1 PersistentVolumeClaim" in dangers_found[0].why


def test_a_cascade_without_loss_ranks_below_nodes_with_gpus() -> None:
    root = thing(
        STACK, "a", "core/v1:ServiceAccount", "a/a", "replace", changed("metadata.name", "a", "b", replaces=True)
    )
    after = thing(STACK, "a", "batch/v1:Job", "a/a", "replace", changed("spec.x", "a", UNKNOWN, replaces=True))
    assert [(rank, what) for rank, what, _ in found(layer(STACK, root, after))] == [
        (ranks.CASCADE, "1 thing is replaced because the ServiceAccount a/a is")
    ]


def test_causes_are_followed_to_the_first_one() -> None:
    root = own("dev.compute", "vsphere:index/tagCategory:TagCategory", "slipway-dev", "replace")
    types = "vsphere:index/tagCategory:TagCategory$vsphere:index/tag:Tag"
    tag = ResourceChange(
        f"urn:pulumi:dev.compute::slipway::{types}::a=b", "vsphere:index/tag:Tag", "a=b", "slipway-dev", "replace"
    )
    provider = own(
        "dev.compute", "pulumi:providers:vsphere", "vcenter", "replace", changed("x", "1", "2", replaces=True)
    )
    assert causes([root, tag]) == {tag.urn: (root.urn,)}
    assert causes([root, tag, provider]) == {tag.urn: (provider.urn,), root.urn: (provider.urn,)}


def test_a_cause_in_a_cause_is_followed() -> None:
    above = thing(STACK, "", "a/v1:A", "a", "replace", changed("x", "1", "2", replaces=True))
    types = above.urn.rpartition("::")[0]
    middle = ResourceChange(f"{types}$kubernetes:b/v1:B::b", "kubernetes:b/v1:B", "b", above.name, "replace")
    types = middle.urn.rpartition("::")[0]
    last = ResourceChange(f"{types}$kubernetes:c/v1:C::c", "kubernetes:c/v1:C", "c", "b", "replace")
    assert causes([last, middle, above]) == {middle.urn: (above.urn,), last.urn: (above.urn,)}


def test_where_several_may_be_the_cause_none_is_said_to_be_it() -> None:
    roots = [
        thing(STACK, "a", SECRET, f"a/{name}", "replace", changed("data", "1", "2", replaces=True)) for name in "bc"
    ]
    after = thing(STACK, "a", "batch/v1:Job", "a/a", "replace", changed("spec.x", "a", UNKNOWN, replaces=True))
    assert causes([*roots, after]) == {after.urn: tuple(sorted(each.urn for each in roots))}
    whats = [each.what for each in told(layer(STACK, *roots, after))]
    assert "1 thing is replaced because one of Secret a/b, Secret a/c is" in whats


def test_a_tool_that_is_switched_off_is_one_danger_with_what_is_lost() -> None:
    changes = [
        thing(STACK, "loki", type_, "loki/loki", "delete")
        for type_ in ("apps/v1:StatefulSet", "core/v1:Service", "core/v1:Namespace")
    ]
    (danger,) = told(layer(STACK, *changes, removed=("loki",)))
    assert (danger.rank, danger.what, danger.subjects) == (
        ranks.SWITCHED_OFF,
        "The tool loki is switched off",
        ("loki",),
    )
    assert danger.why.startswith("3 things of it are removed; lost: 1 Namespace (")
    assert "1 StatefulSet (" in danger.why


def test_a_pool_that_is_removed_is_one_danger_with_its_gpus() -> None:
    names = [f"prod-notebooks-{number}" for number in (1, 2)]
    review = layer("prod.compute", *(node("prod", name, "delete") for name in names), removed=("notebooks",))
    (danger,) = told(review, gpus=dict.fromkeys(names, "1 x A100"))
    assert (danger.rank, danger.what, danger.subjects) == (
        ranks.SWITCHED_OFF,
        "The node pool notebooks is removed",
        tuple(names),
    )
    assert danger.why == "2 nodes with what is on the disks; each had 1 x A100, which become free"


def test_whole_tools_and_pools_are_known_from_their_components() -> None:
    urn = "urn:pulumi:prod.compute::slipway::slipway:compute:NodePool::notebooks"
    steps = [
        Step(urn, "slipway:compute:NodePool", "delete"),
        Step(urn.replace("notebooks", "cpu"), "slipway:compute:NodePool", "same"),
        Step(urn.replace("NodePool", "Node"), "slipway:compute:Node", "delete"),
    ]
    assert layer_review("prod", "compute", steps, Staleness()).removed == ("notebooks",)


def test_a_preview_that_failed_comes_first() -> None:
    failed = LayerReview("prod", "compute", "preview failed", "vCenter does not answer")
    (danger,) = told(failed)
    assert (danger.rank, danger.subjects, danger.why) == (ranks.FAILED, ("prod.compute",), "vCenter does not answer")
    why = 'unable to delete resource "urn:pulumi:p::s::slipway:compute:Node::prod-data-1" as it is protected'
    (danger,) = told(LayerReview("prod", "compute", "preview failed", why))
    assert danger.what == "The preview failed: something that is protected would be removed"
    assert danger.subjects == ("prod-data-1",)


def test_kinds_are_told_in_one_table_only() -> None:
    types = [each.type for each in stateful_kinds()]
    assert len(types) == len(set(types))
    assert {each.type for each in protected_kinds()} < set(types)
    assert all(each.source for each in stateful_kinds())
    assert all(each.source for each in interruptions())
