"""What the compute layer decides: stable names and addresses, boot documents that carry every text unharmed."""

from __future__ import annotations

import string
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from infra.catalog import ROOT, Catalog
from infra.compute.plan import plan_compute
from infra.guest_info import packed, unpacked
from infra.model.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.compute.plan import NodePlan

DEV, RELEASE = Catalog().load("dev")


def changed(**sections: dict[str, Any]) -> Environment:
    """Return dev with some keys of its top-level sections replaced."""
    document = DEV.model_dump(by_alias=True, mode="json")
    for section, values in sections.items():
        document[section] = {**document[section], **values}
    return Environment.model_validate(document)


def nodes(environment: Environment) -> dict[str, NodePlan]:
    return {node.name: node for pool in plan_compute(environment, RELEASE).pools for node in pool.nodes}


def pool(first: int, count: int) -> dict[str, Any]:
    """Return a pool with ten addresses in a third-byte block of its own."""
    return {
        "count": count,
        "cpus": 2,
        "memoryGiB": 4,
        "diskGiB": 40,
        "addresses": f"10.20.0.{first}-10.20.0.{first + 9}",
    }


def test_boot_documents_of_a_node(golden: Callable[[str, str], None]) -> None:
    node = nodes(DEV)["dev-cpu-2"]
    golden("machine/dev-cpu-2.metadata.json", node.metadata)
    golden("machine/dev-cpu-2.user-data.yaml", node.user_data)


def test_names_and_addresses_follow_from_pool_and_number() -> None:
    assert {name: node.address for name, node in nodes(DEV).items()} == {
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
    before = nodes(changed_pools(document))
    shuffled = list(document)
    order.shuffle(shuffled)
    assert nodes(changed_pools({name: document[name] for name in shuffled})) == before
    removed = data.draw(st.sampled_from(sorted(document)))
    after = nodes(changed_pools({name: value for name, value in document.items() if name != removed}))
    gone = {f"dev-{removed}-{ordinal}" for ordinal in range(1, pools[removed] + 1)}
    assert after == {name: node for name, node in before.items() if name not in gone}


def changed_pools(document: dict[str, Any]) -> Environment:
    whole = DEV.model_dump(by_alias=True, mode="json")
    return Environment.model_validate({**whole, "nodePools": document})


def trigger(environment: Environment) -> str:
    return plan_compute(environment, RELEASE).pools[-1].roll_trigger


@pytest.mark.parametrize(
    "environment",
    [
        changed(network={"gateway": "10.20.0.254"}),
        changed(network={"domain": "other.example.internal"}),
        changed(access={"user": "admin"}),
        changed_pools({"cpu": {**pool(50, 2)}}),
    ],
    ids=["gateway", "domain", "login", "addresses"],
)
def test_pool_rolls_when_a_decision_of_first_boot_changes(environment: Environment) -> None:
    assert trigger(environment) != trigger(DEV)


def test_pool_rolls_for_another_template() -> None:
    template = RELEASE.machine_template.model_copy(update={"name": "another"})
    other = RELEASE.model_copy(update={"machine_template": template})
    assert plan_compute(DEV, other).pools[0].roll_trigger != plan_compute(DEV, RELEASE).pools[0].roll_trigger


def test_pool_does_not_roll_for_the_comment_of_a_key_or_the_order_of_keys() -> None:
    one, other = "ssh-ed25519 AAAA one", "ssh-ed25519 BBBB"
    assert trigger(changed(access={"sshPublicKeys": [one, other]})) == trigger(
        changed(access={"sshPublicKeys": [other, one.replace("one", "renamed")]})
    )


@pytest.mark.parametrize("key", ["count", "cpus", "memoryGiB", "diskGiB"])
def test_pool_does_not_roll_for_another_size(key: str) -> None:
    one, other = pool(50, 1), {**pool(50, 1), key: 7 if key != "diskGiB" else 70}
    assert trigger(changed_pools({"cpu": one})) == trigger(changed_pools({"cpu": other}))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60).filter(str.strip)


@given(comment=TEXT)
@settings(max_examples=200, deadline=None)
def test_no_text_leaves_its_place_in_the_user_data(comment: str) -> None:
    key = f"ssh-ed25519 AAAA {comment}"
    environment = changed(access={"sshPublicKeys": [key]})
    rendered = YAML(typ="safe").load(nodes(environment)["dev-cpu-1"].user_data)
    expected = YAML(typ="safe").load(nodes(DEV)["dev-cpu-1"].user_data)
    expected["users"][0]["ssh_authorized_keys"] = [key]
    assert rendered == expected


@given(document=st.text())
def test_packing_is_stable_and_comes_back(document: str) -> None:
    assert packed(document) == packed(document)
    assert unpacked(packed(document)) == document


@pytest.mark.parametrize("value", ["", "no base64!", "aGVsbG8="])
def test_unpacking_something_else_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"gzip|base64|Only|padding"):
        unpacked(value)


def cloud_init_schema(document: Path) -> subprocess.CompletedProcess[str]:
    program = ROOT / ".tools" / "bin" / "cloud-init"
    assert program.exists(), ".tools/bin/cloud-init is missing: python -m tools.install cloud-init"
    command = [str(program), "schema", "--config-file", str(document)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_cloud_init_accepts_the_user_data(tmp_path: Path) -> None:
    document = tmp_path / "user-data.yaml"
    document.write_text(nodes(DEV)["dev-cpu-1"].user_data, encoding="utf-8")
    done = cloud_init_schema(document)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Valid" in done.stdout + done.stderr


def test_cloud_init_would_refuse_a_wrong_type(tmp_path: Path) -> None:
    document = tmp_path / "user-data.yaml"
    wrong = nodes(DEV)["dev-cpu-1"].user_data.replace("package_update: false", "package_update: [no]")
    document.write_text(wrong, encoding="utf-8")
    assert cloud_init_schema(document).returncode != 0


def test_top_level_keys_are_ones_that_cloud_init_knows() -> None:
    """The schema lets unknown top-level keys pass, so they are checked against the modules' own list."""
    schema = next((ROOT / ".tools").rglob("schema-cloud-config-v1.json"))
    known = set()
    for entry in YAML(typ="safe").load(schema.read_text(encoding="utf-8"))["$defs"].values():
        known |= set(entry.get("properties", {}))
    assert set(YAML(typ="safe").load(nodes(DEV)["dev-cpu-1"].user_data)) <= known
