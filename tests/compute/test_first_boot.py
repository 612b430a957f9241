"""First boot: documents that cloud-init takes, that say what the document says, and that no text can leave."""

from __future__ import annotations

import json
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from infra.catalog import ROOT
from infra.guest_info import packed, unpacked
from infra.model.environment import Environment
from tests.support.environments import DEV, PROD, STAGING, changed, document, nodes_of, pools_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.compute.plan import NodePlan


def parsed(text: str) -> Any:
    return YAML(typ="safe").load(text)


def files(node: NodePlan) -> dict[str, str]:
    """Return the files that a node is given, by path."""
    return {entry["path"]: entry["content"] for entry in parsed(node.user_data).get("write_files", [])}


def authority(*, ca: bool) -> str:
    """Return a fresh certificate, of an authority or not, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_boot_documents_of_a_plain_node(golden: Callable[[str, str], None]) -> None:
    node = nodes_of(DEV)["dev-cpu-2"]
    golden("machine/dev-cpu-2.metadata.json", node.metadata)
    golden("machine/dev-cpu-2.user-data.yaml", node.user_data)


def test_boot_documents_of_a_control_plane_node_with_everything(golden: Callable[[str, str], None]) -> None:
    golden("machine/prod-control-plane-1.user-data.yaml", nodes_of(PROD)["prod-control-plane-1"].user_data)


def test_files_say_what_the_document_says() -> None:
    found = files(nodes_of(PROD)["prod-control-plane-1"])
    mirror = "https://registry.example.internal/v2/docker.io"
    assert tomllib.loads(found["/etc/containerd/certs.d/docker.io/hosts.toml"]) == {
        "host": {mirror: {"capabilities": ["pull", "resolve"], "override_path": True}}
    }
    assert parsed(found["/etc/kubernetes/slipway/authentication.yaml"])["jwt"][0]["issuer"] == {
        "url": "https://dex.prod.example.internal",
        "audiences": ["kubernetes"],
    }
    rules = parsed(found["/etc/kubernetes/slipway/audit-policy.yaml"])["rules"]
    assert rules[-1] == {"level": "Request"}
    assert rules[-2]["level"] == "Metadata"
    assert "secrets" in rules[-2]["resources"][0]["resources"]
    without_proxy = found["/etc/environment"].partition('NO_PROXY="')[2].partition('"')[0].split(",")
    assert {"localhost", "10.30.0.0/22", "10.240.0.0/14", "10.96.0.0/16", ".prod.example.internal"} <= set(
        without_proxy
    )


def test_only_control_plane_nodes_get_what_the_api_server_reads() -> None:
    assert [path for path in files(nodes_of(PROD)["prod-cpu-1"]) if path.startswith("/etc/kubernetes/slipway")] == []


@pytest.mark.parametrize("mirror", ["https://mirror.example.internal:5000", "https://a.example.internal/proxy/"])
def test_mirror_without_the_root_of_the_api_is_asked_below_v2_as_containerd_does_by_itself(mirror: str) -> None:
    mirrors = {"docker.io": [mirror]}
    found = files(nodes_of(changed(DEV, {"firstBoot.registryMirrors": mirrors}))["dev-cpu-1"])
    ((url, host),) = tomllib.loads(found["/etc/containerd/certs.d/docker.io/hosts.toml"])["host"].items()
    assert url == mirror.rstrip("/")
    assert "override_path" not in host


def test_authorities_are_trusted_and_containerd_is_started_again() -> None:
    pem = authority(ca=True)
    rendered = parsed(nodes_of(changed(DEV, {"firstBoot.trustedAuthorities": [pem]}))["dev-cpu-1"].user_data)
    assert rendered["ca_certs"] == {"trusted": [pem]}
    assert ["systemctl", "restart", "containerd"] in rendered["runcmd"]
    commands = parsed(nodes_of(DEV)["dev-cpu-1"].user_data)["runcmd"]
    assert [command for command in commands if "containerd" in command] == []


# Quotes, line breaks, YAML, Jinja, shell, TOML and systemd syntax.
HOSTILE = json.loads((ROOT / "tests" / "documents" / "hostile-texts.json").read_text(encoding="utf-8"))


def text_places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where texts stand in a document: values, and keys of free mappings."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from text_places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from text_places(value, (*path, index))
    elif isinstance(node, str):
        yield path


def shape(node: Any) -> Any:
    """Return a structure with every text but its keys blotted out; files of a node are looked into."""
    if isinstance(node, dict):
        found = {key: shape(value) for key, value in node.items()}
        return found | {"content": shape(inside(node["path"], node["content"]))} if "content" in node else found
    if isinstance(node, list):
        return [shape(value) for value in node]
    return "text" if isinstance(node, str) else node


def inside(path: str, content: str) -> Any:
    if path.endswith(".toml"):
        return [list(host.values()) for host in tomllib.loads(content).get("host", {}).values()]
    if path.endswith(".yaml"):
        return list(YAML(typ="safe").load_all(content))
    if path.endswith(".json"):
        return json.loads(content)
    if "slipway" in path.rpartition("/")[2] or path.endswith(".py"):
        return content  # the same for every node
    return [line.partition("=")[0] for line in content.splitlines()]  # /etc/environment and systemd's drop-ins


def put(data: Any, place: tuple[Any, ...], value: str) -> None:
    for step in place[:-1]:
        data = data[step]
    data[place[-1]] = value


PLACES = sorted(text_places(document(PROD)), key=str)
BASE = {name: shape(parsed(node.user_data)) for name, node in nodes_of(PROD).items()}


@given(place=st.sampled_from(PLACES), text=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40)))
@settings(max_examples=400, deadline=None)
def test_no_text_leaves_its_place(place: tuple[Any, ...], text: str) -> None:
    """Any text in any place of the document is refused, or ends up as one text where it belongs."""
    data = document(PROD)
    put(data, place, text)
    try:
        environment = Environment.model_validate(data)
    except ValidationError:
        return
    if environment.vcenter.clusters != PROD.vcenter.clusters or environment.name != PROD.name:
        return  # the rules refuse a cluster that no pool names; another name makes other nodes
    for name, node in nodes_of(environment).items():
        assert shape(parsed(node.user_data)) == BASE[name]
        assert json.loads(node.metadata)["local-hostname"] == name


def test_texts_are_tried_in_every_section_of_the_document() -> None:
    sections = set(document(PROD)) - {"gpuOverrides", "production", "rotations"}  # numbers alone, and a yes
    assert {str(place[0]) for place in PLACES} >= sections


@given(
    comment=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60)
)
@settings(max_examples=200, deadline=None)
def test_a_text_that_is_accepted_arrives_unharmed(comment: str) -> None:
    key = f"ssh-ed25519 AAAA {comment}"
    rendered = parsed(nodes_of(changed(DEV, {"firstBoot.sshPublicKeys": [key]}))["dev-cpu-1"].user_data)
    assert rendered["users"][0]["ssh_authorized_keys"] == [key]


@given(owner=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60))
def test_owner_and_tags_arrive_unharmed(owner: str) -> None:
    try:
        environment = changed(DEV, {"owner": owner, "tags": {"owner": owner}})
    except ValidationError:
        return
    assert f"owner={owner}" in pools_of(environment)["cpu"].tags


@given(text=st.text())
def test_packing_is_stable_and_comes_back(text: str) -> None:
    assert packed(text) == packed(text)
    assert unpacked(packed(text)) == text


@pytest.mark.parametrize("value", ["", "no base64!", "aGVsbG8="])
def test_unpacking_something_else_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"gzip|base64|Only|padding"):
        unpacked(value)


def cloud_init_schema(file: Path) -> subprocess.CompletedProcess[str]:
    program = ROOT / ".tools" / "bin" / "cloud-init"
    assert program.exists(), ".tools/bin/cloud-init is missing: python -m tools.install cloud-init"
    command = [str(program), "schema", "--config-file", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


WITH_EVERYTHING = changed(PROD, {"firstBoot.trustedAuthorities": [authority(ca=True)]})


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        (DEV, "dev-cpu-1"),
        (STAGING, "staging-control-plane-3"),
        (WITH_EVERYTHING, "prod-control-plane-1"),
        (WITH_EVERYTHING, "prod-data-1"),
    ],
    ids=["dev worker", "staging control plane", "prod control plane", "prod worker"],
)
def test_cloud_init_accepts_the_user_data(environment: Environment, name: str, tmp_path: Path) -> None:
    file = tmp_path / "user-data.yaml"
    file.write_text(nodes_of(environment)[name].user_data, encoding="utf-8")
    done = cloud_init_schema(file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Valid" in done.stdout + done.stderr


def test_cloud_init_would_refuse_a_wrong_type(tmp_path: Path) -> None:
    file = tmp_path / "user-data.yaml"
    wrong = nodes_of(DEV)["dev-cpu-1"].user_data.replace("package_update: false", "package_update: [no]")
    file.write_text(wrong, encoding="utf-8")
    assert cloud_init_schema(file).returncode != 0


def test_top_level_keys_are_ones_that_cloud_init_knows() -> None:
    """The schema lets unknown top-level keys pass, so they are checked against the modules' own list."""
    schema = next((ROOT / ".tools").rglob("schema-cloud-config-v1.json"))
    known = set()
    for entry in parsed(schema.read_text(encoding="utf-8"))["$defs"].values():
        known |= set(entry.get("properties", {}))
    assert set(parsed(nodes_of(WITH_EVERYTHING)["prod-control-plane-1"].user_data)) <= known
