"""`slipway new`: proposals that are free, answers that are checked, files that are never overwritten."""

from __future__ import annotations

import io
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalog import Catalog
from infra.errors import DocumentsRefused, NotPossibleHere
from infra.gpu.lock import lock_path, valid_lock
from infra.model.addresses import AddressRange
from infra.operate.new import make_environment
from infra.operate.proposal import free_range, new_domain
from tests.support.environments import DEV, changed
from tests.support.stacks import COMMITTED, copy_stacks

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = IPv4Network("10.20.0.0/24")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    copy_stacks(tmp_path)
    return Catalog(tmp_path)


def answered(catalog: Catalog, monkeypatch: pytest.MonkeyPatch, source: str, *answers: str) -> str:
    """Make environment lab with answers on standard input, and return what is said; questions go elsewhere."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
    return "\n".join(make_environment("lab", source, accept=False, catalog=catalog))


RANGES = st.tuples(st.integers(0, 255), st.integers(0, 20)).map(
    lambda pair: AddressRange(NETWORK[pair[0]], NETWORK[min(pair[0] + pair[1], 255)])
)


@given(taken=st.lists(RANGES, max_size=12), size=st.integers(1, 60))
def test_free_range_is_the_first_that_nobody_has(taken: list[AddressRange], size: int) -> None:
    used = {int(NETWORK[0]), int(NETWORK[255])}
    used |= {number for each in taken for number in range(int(each.first), int(each.last) + 1)}
    starts = [int(NETWORK[0]) + n for n in range(256 - size + 1)]
    fitting = [start for start in starts if not used & set(range(start, start + size))]
    found = free_range(NETWORK, size, taken)
    assert (None if found is None else int(found.first)) == (fitting[0] if fitting else None)
    assert found is None or found.size == size


def test_domain_of_the_new_environment_has_its_name_in_the_place_of_the_old_one() -> None:
    assert new_domain("lab", DEV) == "lab.example.internal"
    assert new_domain("lab", changed(DEV, {"network.domain": "example.internal"})) == "lab.example.internal"


def test_proposals_alone_make_a_valid_environment(catalog: Catalog) -> None:
    said = "\n".join(make_environment("lab", "dev", accept=True, catalog=catalog))
    environment, _ = Catalog(catalog.root).load("lab")
    assert environment.vcenter.folder == "slipway-lab"
    assert environment.network.api_address == IPv4Address("10.20.0.4")
    assert str(environment.control_plane.addresses) == "10.20.0.15-10.20.0.19"
    written = sorted(path.name for path in (catalog.root / "stacks").rglob("*lab*"))
    assert written == [
        "Pulumi.lab.cluster.yaml",
        "Pulumi.lab.compute.yaml",
        "Pulumi.lab.platform.yaml",
        "Pulumi.lab.toolchain.yaml",
        "lab.yaml",  # its document and its placement lock
        "lab.yaml",
    ]
    text = (catalog.root / "stacks" / "environments" / "lab.yaml").read_text(encoding="utf-8")
    assert "# Nobody has the private half of this one" in text
    assert text.splitlines()[1] == "# Environment lab, made from dev."
    assert "vsphere:user: slipway-lab@" in (catalog.root / "stacks" / "Pulumi.lab.compute.yaml").read_text()
    assert "make rehearse ENV=lab" in said


@pytest.mark.parametrize("source", COMMITTED)
def test_every_environment_can_be_made_from(catalog: Catalog, source: str) -> None:
    list(make_environment("lab", source, accept=True, catalog=catalog))
    fresh = Catalog(catalog.root)
    gateway = fresh.load("lab")[0].cluster.gateway
    assert gateway is None or "lab" in gateway.domain
    assert [fresh.load(name)[0].name for name in fresh.environment_names()] == sorted([*COMMITTED, "lab"])


def test_another_network_asks_for_what_goes_with_it(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(catalog, monkeypatch, "prod", "", "10.40.0.0/22", "", "", "2040", *[""] * 8)
    environment, _ = Catalog(catalog.root).load("lab")
    assert environment.vcenter.network == "slipway-lab"
    assert environment.vcenter.create_port_group is not None
    assert environment.vcenter.create_port_group.vlan == 2040
    assert environment.network.gateway == IPv4Address("10.40.0.1")
    assert environment.network.api_address == IPv4Address("10.40.0.2")


def test_an_answer_that_is_none_is_asked_for_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(catalog, monkeypatch, "dev", "", "10.20.0.0", "10.20.0.0/24", "ten", *[""] * 5)
    said = capsys.readouterr().out
    assert "10.20.0.0: is not an IPv4 network; write a network and its prefix length" in said
    assert "ten: is not an IPv4 address; write four numbers with dots" in said
    assert Catalog(catalog.root).load("lab")[0].name == "lab"


def test_answers_that_do_not_go_together_are_asked_for_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ["", "", "10.20.0.99", "10.20.0.10-10.20.0.14", "", "", ""]
    said = answered(catalog, monkeypatch, "dev", *first, *[""] * 7)
    assert "controlPlane.addresses: 10.20.0.10-10.20.0.14: overlaps controlPlane.addresses of environment dev" in said
    assert capsys.readouterr().out.count("[10.20.0.99]") == 1, "what was right is proposed again"
    environment, _ = Catalog(catalog.root).load("lab")
    assert str(environment.control_plane.addresses) == "10.20.0.15-10.20.0.19"


def test_nothing_is_written_when_nobody_answers(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotPossibleHere, match="nobody is there to answer; repeat the command with --yes"):
        answered(catalog, monkeypatch, "dev", "")
    assert list((catalog.root / "stacks").rglob("*lab*")) == []


def test_files_that_are_there_are_not_overwritten(catalog: Catalog) -> None:
    (catalog.root / "stacks" / "Pulumi.lab.cluster.yaml").write_text("config: {}\n", encoding="utf-8")
    with pytest.raises(NotPossibleHere) as refused:
        list(make_environment("lab", "dev", accept=True, catalog=catalog))
    assert str(refused.value) == (
        "stacks/Pulumi.lab.cluster.yaml: there already, and not overwritten; choose another name"
    )


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("Lab", "dev", "Lab: is not an environment name; use lower-case letters, digits and hyphens, for example dev"),
        ("lab", "nope", "stacks/environments/nope.yaml: there is no such environment; environments here: "),
    ],
)
def test_wrong_names_are_refused(catalog: Catalog, name: str, source: str, message: str) -> None:
    with pytest.raises((NotPossibleHere, DocumentsRefused)) as refused:
        list(make_environment(name, source, accept=True, catalog=catalog))
    assert str(refused.value).startswith(message)


def test_names_of_digits_stay_names(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(catalog, monkeypatch, "dev", "", "10.50.0.0/24", "", "120", *[""] * 5)
    assert Catalog(catalog.root).load("lab")[0].vcenter.network == "120"
    list(make_environment("42", "dev", accept=True, catalog=Catalog(catalog.root)))
    assert Catalog(catalog.root).load("42")[0].name == "42"


def test_a_user_is_renamed_by_whole_words_and_a_secret_one_is_not_taken_over(catalog: Catalog) -> None:
    source = catalog.root / "stacks" / "Pulumi.dev.compute.yaml"
    source.write_text("config:\n  vsphere:user: svc-devops@dev.local\n", encoding="utf-8")
    list(make_environment("lab", "dev", accept=True, catalog=catalog))
    assert "svc-devops@lab.local" in (catalog.root / "stacks" / "Pulumi.lab.compute.yaml").read_text(encoding="utf-8")
    source.write_text("config:\n  vsphere:user:\n    secure: v1:abc\n", encoding="utf-8")
    list(make_environment("lab2", "dev", accept=True, catalog=Catalog(catalog.root)))
    assert "abc" not in (catalog.root / "stacks" / "Pulumi.lab2.compute.yaml").read_text(encoding="utf-8")


def test_a_refusal_that_no_answer_mends_ends_the_questions(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    list(make_environment("b", "dev", accept=True, catalog=catalog))
    other = catalog.root / "stacks" / "environments" / "b.yaml"
    other.write_text(other.read_text(encoding="utf-8").replace("slipway-b", "slipway-lab"), encoding="utf-8")
    with pytest.raises(DocumentsRefused, match=r"vcenter\.folder: slipway-lab: is the folder of environment b"):
        answered(Catalog(catalog.root), monkeypatch, "dev", *[""] * 7)


def test_gpus_get_a_place_beside_those_that_others_were_promised(catalog: Catalog) -> None:
    said = "\n".join(make_environment("lab", "dev", accept=True, catalog=catalog))
    assert "wrote stacks/placements/lab.yaml" in said
    assert "slipway fit" not in said
    fresh = Catalog(catalog.root)
    lock = valid_lock(lock_path(catalog.root, "lab"), fresh.load("lab")[0])
    assert lock is not None
    assert [(name, pool.need.profile) for name, pool in lock.pools.items()] == [("gpu", "nvidia_l4-6c")]


def test_gpus_that_find_no_place_are_said_and_come_first_among_what_to_do(catalog: Catalog) -> None:
    said = "\n".join(make_environment("lab", "prod", accept=True, catalog=catalog))
    assert "Its GPUs are not placed yet:\nstacks/environments/lab.yaml: nodePools.training.gpu: 2 nodes with " in said
    assert "beside those of prod" in said
    assert said.partition("\nNext:\n")[2].startswith("  ./slipway fit lab --write ")
    assert not lock_path(catalog.root, "lab").exists()


def test_a_full_network_has_nothing_to_propose(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = catalog.root / "stacks" / "environments" / "dev.yaml"
    text = document.read_text(encoding="utf-8")
    document.write_text(text.replace("10.20.0.20-10.20.0.39", "10.20.0.45-10.20.0.99"), encoding="utf-8")
    with pytest.raises(NotPossibleHere) as refused:
        list(make_environment("lab", "dev", accept=True, catalog=catalog))
    lacking = (
        "needs 55 free addresses in a row, and the largest free run of 10.20.0.0/24 is 10.20.0.155-10.20.0.199 (45)"
    )
    assert str(refused.value) == (
        f"nodePools.cpu.addresses: {lacking}; repeat the command without --yes and name another network, or fewer "
        "addresses"
    )
    with pytest.raises(NotPossibleHere, match="nobody is there to answer"):
        answered(Catalog(catalog.root), monkeypatch, "dev", *[""] * 4)
    assert f"Addresses of nodePools.cpu: nothing to propose, it {lacking}\n" in capsys.readouterr().out


BROKEN = "network: {apiAddress: 10.20.0.4}\ncontrolPlane: {adresses: 10.20.0.7-10.20.0.16}\nnodePools: 10.20.0.17"


@pytest.mark.parametrize(
    ("text", "api", "control_plane", "said"),
    [
        (BROKEN, "10.20.0.18", "10.20.0.45-10.20.0.49", "is refused, its addresses count as far as they can be read"),
        ("a: [", "10.20.0.4", "10.20.0.15-10.20.0.19", "can't be read, its addresses may be proposed"),
        (f"{BROKEN}\nvcenter: {{server: a.b}}", "10.20.0.4", "10.20.0.15-10.20.0.19", ""),
    ],
    ids=["refused", "no YAML", "another vCenter"],
)
def test_addresses_in_a_document_that_is_not_valid_are_taken(
    catalog: Catalog, text: str, api: str, control_plane: str, said: str
) -> None:
    (catalog.root / "stacks" / "environments" / "broken.yaml").write_text(text, encoding="utf-8")
    lines = list(make_environment("lab", "dev", accept=True, catalog=catalog))
    environment, _ = Catalog(catalog.root).load("lab")
    assert str(environment.network.api_address) == api
    assert str(environment.control_plane.addresses) == control_plane
    notes = [line for line in lines if "broken.yaml" in line]
    mend = "mend it first: ./slipway validate broken"
    assert notes == ([f"stacks/environments/broken.yaml: {said}; {mend}"] if said else [])


@pytest.mark.parametrize(("name", "source"), [("a" * 20, "dev"), ("a" * 20, "prod"), ("b", "prod")])
def test_next_commands_are_aligned_and_fit_on_a_screen(catalog: Catalog, name: str, source: str) -> None:
    said = "\n".join(make_environment(name, source, accept=True, catalog=catalog)).partition("\nNext:\n")[2]
    assert max(map(len, said.splitlines())) <= 80
    assert len({line.index("  # ") for line in said.splitlines() if line.startswith("  ")}) == 1
