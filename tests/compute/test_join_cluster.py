"""First boot's own program: who joins, who begins a cluster, who waits, and what people are told."""

from __future__ import annotations

import importlib.util
import json
import ssl
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from infra.identity import new_identity
from infra.render import TEMPLATES
from tests.support.certificates import server_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(UTC)
OURS = new_identity(NOW)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program, with its places in a folder and what it starts only noted."""
    spec = importlib.util.spec_from_file_location("join_cluster", TEMPLATES / "machine" / "join_cluster.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "join_cluster", module)
    spec.loader.exec_module(module)
    for name in ("BOOT", "KUBERNETES", "ETCD_DATA"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setattr(module, name, folder)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(module, "take_identity", lambda: None)
    module.done = []
    for step in ("initialise", "join"):
        monkeypatch.setattr(module, step, lambda _, step=step: module.done.append(step))
    return module


def node(program: Any, *, control_plane: bool = True, first: bool = True, peers: dict[str, str] | None = None) -> Any:
    own = ("dev-control-plane-1", "10.20.0.10", "127.0.0.1")
    return program.Node(
        *own, control_plane, first, peers or {}, {"dev-cpu-1": "10.20.0.20"} if peers else {}, "10.20.0.1"
    )


def answers(program: Any, monkeypatch: pytest.MonkeyPatch, *, api: bool, peers: bool = False) -> None:
    monkeypatch.setattr(program, "cluster_answers", lambda _: api)
    monkeypatch.setattr(
        program, "something_listens", lambda _, port=program.API_PORT: peers and port == program.API_PORT
    )
    monkeypatch.setattr(program, "is_reachable", lambda _: True)


def test_a_cluster_that_answers_is_joined_even_by_the_first_node(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(program, monkeypatch, api=True)
    program.become_a_node(node(program))
    assert program.done == ["join"]


def test_the_first_node_begins_a_cluster_when_nobody_answers(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(program, monkeypatch, api=False)
    program.become_a_node(node(program, peers={"dev-control-plane-2": "10.20.0.11"}))
    assert program.done == ["initialise"]
    assert (program.BOOT / "initialising").exists(), "the next try has to know"


def test_an_interrupted_beginning_goes_on_although_something_answers(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(program, monkeypatch, api=True)
    (program.BOOT / "initialising").touch()
    program.become_a_node(node(program))
    assert program.done == ["initialise"]


def test_the_first_node_waits_while_another_control_plane_node_has_a_cluster(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(program, monkeypatch, api=False, peers=True)
    with pytest.raises(program.NotYet, match="control-plane node dev-control-plane-2 has a cluster"):
        program.become_a_node(node(program, peers={"dev-control-plane-2": "10.20.0.11"}))
    assert program.done == []


def test_the_first_node_waits_while_a_worker_has_a_cluster_until_somebody_says_that_it_is_lost(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(program, monkeypatch, api=False)
    monkeypatch.setattr(program, "something_listens", lambda _, port=program.API_PORT: port == program.KUBELET_PORT)
    made_anew = node(program, peers={"dev-control-plane-2": "10.20.0.11"})
    with pytest.raises(
        program.NotYet, match="dev-cpu-1 is a node of a cluster already; start the control plane; if it is"
    ):
        program.become_a_node(made_anew)
    assert program.done == []
    (program.BOOT / "begin").touch()
    program.become_a_node(made_anew)
    assert program.done == ["initialise"]


def test_a_machine_whose_network_is_broken_begins_nothing(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(program, monkeypatch, api=False)
    monkeypatch.setattr(program, "is_reachable", lambda _: False)
    with pytest.raises(
        program.NotYet, match=r"the gateway 10\.20\.0\.1 can't be reached: this machine's network is broken"
    ):
        program.become_a_node(node(program))
    assert program.done == []


@pytest.mark.parametrize("control_plane", [True, False])
def test_all_others_wait_for_the_api(program: Any, monkeypatch: pytest.MonkeyPatch, control_plane: bool) -> None:  # noqa: FBT001
    answers(program, monkeypatch, api=False)
    with pytest.raises(program.NotYet, match=r"no cluster answers at 127\.0\.0\.1:6443"):
        program.become_a_node(node(program, control_plane=control_plane, first=False))


class _NotReady(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """An API that answers with 500, whose certificate an identity signed, valid around the time asked for."""
    identity, begin = request.param
    certificate, key = server_certificate(identity, "127.0.0.1", begin, begin + timedelta(days=1))
    (tmp_path / "server.pem").write_text(certificate + key, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with HTTPServer(("127.0.0.1", 0), _NotReady) as http:
        http.socket = context.wrap_socket(http.socket, server_side=True)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http.server_port
        http.shutdown()


def ask(program: Any, monkeypatch: pytest.MonkeyPatch, port: int) -> bool:
    (program.BOOT / "ca.crt").write_text(OURS.ca_certificate, encoding="ascii")
    monkeypatch.setattr(program, "API_PORT", port)
    found: bool = program.cluster_answers("127.0.0.1")
    return found


@pytest.mark.parametrize("server", [(OURS, NOW)], indirect=True, ids=["ours"])
def test_an_api_that_is_not_ready_is_there_all_the_same(
    program: Any, monkeypatch: pytest.MonkeyPatch, server: int
) -> None:
    assert ask(program, monkeypatch, server)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ((new_identity(NOW), NOW), "what answers at 127.0.0.1 is not this cluster: its certificate is from another"),
        ((OURS, NOW + timedelta(days=2)), "is not yet valid: this machine's clock says "),
        ((OURS, NOW - timedelta(days=9)), "has expired; renew it on the control plane: kubeadm certs renew all"),
    ],
    indirect=["server"],
    ids=["another authority", "not yet valid", "expired"],
)
def test_what_is_wrong_with_a_certificate_is_said(
    program: Any, monkeypatch: pytest.MonkeyPatch, server: int, said: str
) -> None:
    with pytest.raises(program.NotYet) as refused:
        ask(program, monkeypatch, server)
    assert said in str(refused.value)


def test_nothing_answers_where_nobody_listens(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not ask(program, monkeypatch, 1)


def test_a_stale_member_of_etcd_is_removed_and_no_other(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [
        {"ID": "1", "name": "dev-control-plane-1", "peerURLs": ["https://10.20.0.10:2380"]},
        {"ID": "2", "name": "dev-control-plane-2", "peerURLs": ["https://10.20.0.11:2380"]},
        {"ID": "3", "peerURLs": ["https://10.20.0.10:2380"]},
    ]
    asked: list[tuple[str, str, Any]] = []

    def ask_etcd(address: str, call: str, body: Any) -> Any:
        if address == "10.20.0.11":
            raise OSError
        asked.append((address, call, body))
        return {"members": members}

    monkeypatch.setattr(program, "run", lambda *_: None)
    monkeypatch.setattr(program, "ask_etcd", ask_etcd)
    program.remove_stale_member(node(program, peers={"b": "10.20.0.11", "c": "10.20.0.12"}))
    assert asked == [
        ("10.20.0.12", "member/list", {}),
        ("10.20.0.12", "member/remove", {"ID": "1"}),
        ("10.20.0.12", "member/remove", {"ID": "3"}),
    ]
    with pytest.raises(program.NotYet, match="no etcd of another control-plane node answers"):
        program.remove_stale_member(node(program, peers={"b": "10.20.0.11"}))


def test_a_failing_program_is_told_with_its_last_line(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (program.BOOT / "node.json").write_text(json.dumps(vars(node(program))), encoding="utf-8")
    told: list[str] = []
    monkeypatch.setattr(program, "tell", told.append)
    monkeypatch.setattr(
        program, "become_a_node", lambda _: program.run("sh", "-c", "echo one >&2; echo two >&2; exit 1")
    )
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert str(ended.value.code) == "dev-control-plane-1: sh -c failed: two; tried again in a moment"
    assert told == ["waiting: sh -c failed: two"]
