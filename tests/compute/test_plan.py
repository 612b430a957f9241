"""What the compute layer decides: stable names and addresses, disks, tags, rules, and what rolls which pool."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.compute.plan import AntiAffinityPlan, DiskPlan, plan_compute
from tests.support.environments import DEV, PROD, RELEASE, STAGING, changed, nodes_of, pools_of

if TYPE_CHECKING:
    from collections.abc import Callable


def pool(first: int, count: int) -> dict[str, Any]:
    """Return a pool with ten addresses from a given one on."""
    return {
        "count": count,
        "cpus": 2,
        "memoryGiB": 4,
        "diskGiB": 40,
        "addresses": f"10.20.0.{first}-10.20.0.{first + 9}",
    }


def test_names_and_addresses_follow_from_pool_and_number() -> None:
    assert {name: node.address for name, node in nodes_of(DEV).items()} == {
        "dev-control-plane-1": "10.20.0.10",
        "dev-cpu-1": "10.20.0.20",
        "dev-cpu-2": "10.20.0.21",
    }


POOL_NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)


@given(
    pools=st.dictionaries(POOL_NAMES, st.integers(0, 9), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
    data=st.data(),
)
@settings(max_examples=50, deadline=None)
def test_adding_removing_or_reordering_pools_changes_no_other_node(
    pools: dict[str, int], order: Any, data: st.DataObject
) -> None:
    document = {name: pool(100 + 10 * index, count) for index, (name, count) in enumerate(pools.items())}
    before = nodes_of(changed(DEV, {"nodePools": document}))
    shuffled = list(document)
    order.shuffle(shuffled)
    assert nodes_of(changed(DEV, {"nodePools": {name: document[name] for name in shuffled}})) == before
    removed = data.draw(st.sampled_from(sorted(document)))
    rest = {name: value for name, value in document.items() if name != removed}
    gone = {f"dev-{removed}-{ordinal}" for ordinal in range(1, pools[removed] + 1)}
    after = nodes_of(changed(DEV, {"nodePools": rest}))
    assert after == {name: node for name, node in before.items() if name not in gone}


def test_pools_of_prod_stand_on_their_clusters_with_their_disks_and_rules() -> None:
    pools = pools_of(PROD)
    assert {name: each.cluster for name, each in pools.items()} == {
        "control-plane": "general-01",
        "cpu": "general-01",
        "data": "storage-01",
        "inference": "gpu-01",
        "notebooks": "gpu-01",
        "training": "gpu-01",
    }
    assert pools["data"].disks == (DiskPlan("disk0", 100, 0), DiskPlan("objects", 2048, 1))
    assert pools["control-plane"].anti_affinity == AntiAffinityPlan("prod-control-plane", mandatory=True)
    assert pools["cpu"].anti_affinity == AntiAffinityPlan("prod-cpu", mandatory=False)
    assert {name for name, each in pools.items() if each.protected} == {"control-plane", "data"}
    assert {name: each.max_unavailable for name, each in pools.items() if each.max_unavailable > 1} == {"cpu": 2}


def test_disks_stand_in_the_order_of_their_units() -> None:
    disks = {"a": {"sizeGiB": 1, "unit": 9}, "b": {"sizeGiB": 2, "unit": 2}}
    assert pools_of(changed(DEV, {"nodePools.cpu.dataDisks": disks}))["cpu"].disks[1:] == (
        DiskPlan("b", 2, 2),
        DiskPlan("a", 1, 9),
    )


def test_one_node_alone_needs_no_rule() -> None:
    assert pools_of(DEV)["control-plane"].anti_affinity is None


def test_tags_are_those_of_the_document_and_those_that_follow_from_it() -> None:
    assert pools_of(DEV)["cpu"].tags == ("costCentre=CC-1000", "environment=dev", "pool=cpu", "service=ai-platform")
    assert pools_of(changed(DEV, {"costCentre": None, "tags": None}))["cpu"].tags == ("environment=dev", "pool=cpu")
    assert plan_compute(DEV, RELEASE).tags == (
        "costCentre=CC-1000",
        "environment=dev",
        "pool=control-plane",
        "pool=cpu",
        "service=ai-platform",
    )


def rolled(changes: dict[str, Any]) -> set[str]:
    """Return the pools of dev that a change would make anew."""
    before, after = pools_of(DEV), pools_of(changed(DEV, changes))
    return {name for name in after if after[name].roll_trigger != before[name].roll_trigger}


PROXY = {"http": "http://proxy.example.internal:3128", "https": "http://proxy.example.internal:3128"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("network.gateway", "10.20.0.254"),
        ("network.domain", "other.example.internal"),
        ("network.apiAddress", "10.20.0.7"),
        ("network.nameservers", ["10.20.0.9"]),
        ("network.timeServers", ["ntp2.example.internal"]),
        ("vcenter.template", "ubuntu-24.04-kubernetes-1.36.3-2"),
        ("firstBoot.user", "admin"),
        ("firstBoot.sshPublicKeys", ["ssh-ed25519 AAAA"]),
        ("firstBoot.registryMirrors", {"docker.io": ["https://mirror.example.internal"]}),
        ("firstBoot.proxy", PROXY),
    ],
)
def test_a_decision_of_first_boot_rolls_every_pool(path: str, value: Any) -> None:
    assert rolled({path: value}) == {"control-plane", "cpu"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("firstBoot.apiServer.auditLevel", "request"),
        ("firstBoot.apiServer.encryptionAtRest", "none"),
        ("network.pods", "10.248.0.0/16"),
        ("network.services", "10.97.0.0/16"),
        ("firstBoot.apiServer.oidc", {"issuer": "https://dex.example.internal", "clientId": "kubernetes"}),
    ],
)
def test_a_decision_of_the_api_server_rolls_the_control_plane_alone(path: str, value: Any) -> None:
    assert rolled({path: value}) == {"control-plane"}


def test_other_addresses_roll_the_pool_that_gets_them() -> None:
    assert rolled({"nodePools.cpu.addresses": "10.20.0.50-10.20.0.59"}) == {"cpu"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("nodePools.cpu.count", 7),
        ("nodePools.cpu.cpus", 7),
        ("nodePools.cpu.memoryGiB", 7),
        ("nodePools.cpu.diskGiB", 170),
        ("nodePools.cpu.dataDisks", {"scratch": {"sizeGiB": 10, "unit": 1}}),
        ("nodePools.cpu.labels", {"example.com/tier": "batch"}),
        ("nodePools.cpu.taints", [{"key": "a", "effect": "NoSchedule"}]),
        ("nodePools.cpu.rollPolicy.maxUnavailable", 2),
        ("nodePools.cpu.antiAffinity", "required"),
        ("owner", "somebody else"),
        ("tags", {"other": "tag"}),
        ("protected", ["nodePools.cpu"]),
        ("network.loadBalancers", "10.20.0.200-10.20.0.201"),
        ("firstBoot.apiServer.auditLevel", "metadata"),  # the default, written out
    ],
)
def test_what_a_living_node_can_follow_rolls_nothing(path: str, value: Any) -> None:
    assert rolled({path: value}) == set()


def test_the_comment_of_a_key_and_the_order_of_keys_roll_nothing() -> None:
    one, other = "ssh-ed25519 AAAA one", "ssh-ed25519 BBBB"
    first = pools_of(changed(DEV, {"firstBoot.sshPublicKeys": [one, other]}))
    second = pools_of(changed(DEV, {"firstBoot.sshPublicKeys": [other, one.replace("one", "renamed")]}))
    assert first["cpu"].roll_trigger == second["cpu"].roll_trigger


def test_networks_of_the_cluster_roll_nodes_that_must_not_reach_them_by_proxy() -> None:
    with_proxy = changed(DEV, {"firstBoot.proxy": PROXY})
    other = changed(with_proxy, {"network.pods": "10.240.0.0/16"})
    assert pools_of(with_proxy)["cpu"].roll_trigger != pools_of(other)["cpu"].roll_trigger


def test_triggers_of_the_committed_environments_stay_as_they_are(golden: Callable[[str, str], None]) -> None:
    """A change here makes every node of somebody's environment anew: it has to be meant."""
    lines = [
        f"{environment.name} {pool.name} {pool.roll_trigger}"
        for environment in (DEV, STAGING, PROD)
        for pool in pools_of(environment).values()
    ]
    golden("roll-triggers.txt", "\n".join(lines) + "\n")
