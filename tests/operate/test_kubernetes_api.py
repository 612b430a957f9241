"""The small client of a Kubernetes API: what it asks, and why it says that it can't."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from infra import kubernetes_api
from infra.identity import admin_kubeconfig, bootstrap_kubeconfig, new_identity
from infra.kubernetes_api import ApiRefused, ApiUnreachable, KubernetesApi, wait_for_api
from tests.support.certificates import server_certificate
from tests.support.played_kubernetes import VERSION, playing_kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.identity import Identity
    from tests.support.played_kubernetes import PlayedKubernetes

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
OURS, OTHER = new_identity(NOW), new_identity(NOW)
HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"
MAPS = "/api/v1/namespaces/default/configmaps"
KEPT: dict[str, Any] = {"metadata": {"name": "kept"}, "data": {"still": "here"}}
PATIENCE = 60.0  # seconds; nothing below waits for it
LOOK = "; see whether the control-plane nodes run, and on one of them: journalctl -u slipway-join"


def kubeconfig(port: int, *, token: bool = False) -> str:
    text = bootstrap_kubeconfig(OURS, "lab", HERE) if token else admin_kubeconfig(OURS, "lab", HERE, NOW)[0]
    return text.replace(":6443", f":{port}")


@pytest.fixture
def played(tmp_path: Path) -> Iterator[PlayedKubernetes]:
    certificate = "".join(server_certificate(OURS, HERE, NOW - DAY, NOW + DAY))
    with playing_kubernetes(tmp_path, OURS, certificate) as found:
        yield found


@pytest.fixture
def api(played: PlayedKubernetes) -> Iterator[KubernetesApi]:
    with KubernetesApi(kubeconfig(played.port)) as found:
        yield found


def test_it_comes_as_the_one_that_the_kubeconfig_names(played: PlayedKubernetes) -> None:
    for text in (kubeconfig(played.port), kubeconfig(played.port, token=True)):
        with KubernetesApi(text) as api:
            assert api.version() == VERSION
    assert played.asked == ["GET /readyz", "GET /version"] * 2
    admin, bearer = "slipway-admin", f"Bearer {OURS.bootstrap_token}"
    assert played.callers == [admin, admin, bearer, bearer]


def test_what_is_there_is_found_and_what_is_not_is_none(api: KubernetesApi, played: PlayedKubernetes) -> None:
    played.objects[f"{MAPS}/kept"] = KEPT
    assert api.get(f"{MAPS}/kept") == KEPT
    assert api.get(f"{MAPS}/other") is None


def test_applied_objects_are_there_as_wanted_whoever_made_them(api: KubernetesApi, played: PlayedKubernetes) -> None:
    played.objects[f"{MAPS}/kept"] = {**KEPT, "data": {"still": "another's"}}
    assert api.apply(f"{MAPS}/kept", KEPT) == KEPT
    assert played.objects == {f"{MAPS}/kept": KEPT}
    assert played.asked == [f"PATCH {MAPS}/kept?fieldManager=slipway&force=true"]


def test_an_object_is_created_once(api: KubernetesApi, played: PlayedKubernetes) -> None:
    assert api.create(MAPS, KEPT)
    assert not api.create(MAPS, {**KEPT, "data": {}})
    assert played.objects == {f"{MAPS}/kept": KEPT}


def test_a_merge_changes_what_it_names_alone(api: KubernetesApi, played: PlayedKubernetes) -> None:
    played.objects[f"{MAPS}/kept"] = {**KEPT, "data": {"still": "here", "old": "1"}}
    expected = {**KEPT, "data": {"still": "here", "new": "2"}}
    assert api.merge(f"{MAPS}/kept", {"data": {"old": None, "new": "2"}}) == expected
    assert played.objects == {f"{MAPS}/kept": expected}


def test_what_is_deleted_may_have_gone_before(api: KubernetesApi, played: PlayedKubernetes) -> None:
    played.objects[f"{MAPS}/kept"] = KEPT
    api.delete(f"{MAPS}/kept")
    api.delete(f"{MAPS}/kept")
    assert played.objects == {}
    assert played.asked == [f"DELETE {MAPS}/kept"] * 2


@pytest.mark.parametrize("verb", ["get", "apply", "create", "merge", "delete"])
def test_a_refusal_is_told_in_one_line(api: KubernetesApi, played: PlayedKubernetes, verb: str) -> None:
    method = {"get": "GET", "create": "POST", "delete": "DELETE"}.get(verb, "PATCH")
    played.answers = [(403, json.dumps({"kind": "Status", "message": 'User "x" cannot\n do this'}))]
    with pytest.raises(ApiRefused) as refused:
        getattr(api, verb)(*([MAPS, KEPT] if verb in ("apply", "create", "merge") else [MAPS]))
    assert str(refused.value) == f'https://127.0.0.1:{played.port}: {method} {MAPS}: 403 User "x" cannot do this'
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[+]ping ok\n[-]etcd failed\n", "[+]ping ok [-]etcd failed"),
        ('"a text"', '"a text"'),
        ("{}", "{}"),
        ("", ""),
    ],
    ids=["plain", "JSON that is no object", "an object without a message", "nothing"],
)
def test_a_refusal_that_is_no_status_is_told_as_it_is(
    api: KubernetesApi, played: PlayedKubernetes, text: str, said: str
) -> None:
    played.answers = [(500, text)]
    with pytest.raises(ApiRefused) as refused:
        api.version()
    assert str(refused.value) == f"https://127.0.0.1:{played.port}: GET /readyz: 500 {said}"


def test_an_api_that_is_not_ready_is_asked_again(played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_api, "_PAUSE", 0)
    played.answers = [(500, "[-]etcd failed"), (403, "no rights yet")]
    assert wait_for_api(kubeconfig(played.port), PATIENCE) == VERSION
    assert played.asked == ["GET /readyz", "GET /readyz", "GET /readyz", "GET /version"]


def test_one_that_never_is_ready_is_told_with_its_last_reason(played: PlayedKubernetes) -> None:
    played.answers = [(500, "[-]etcd failed")]
    with pytest.raises(ApiRefused) as refused:
        wait_for_api(kubeconfig(played.port), -1)
    assert str(refused.value) == f"https://127.0.0.1:{played.port}: GET /readyz: 500 [-]etcd failed"


def test_a_kubeconfig_that_is_not_accepted_is_told_at_once(played: PlayedKubernetes) -> None:
    played.answers = [(401, json.dumps({"kind": "Status", "message": "Unauthorized"}))]
    with pytest.raises(ApiRefused) as refused:
        wait_for_api(kubeconfig(played.port), PATIENCE)
    assert str(refused.value) == (
        f"https://127.0.0.1:{played.port}: GET /readyz: 401 Unauthorized; the cluster does not accept this kubeconfig: "
        "its certificate has ended, or it is another cluster's; run slipway up with the layer compute, which renews it"
    )
    assert played.asked == ["GET /readyz"]


TOMORROW, YESTERDAY = (NOW + DAY, NOW + 2 * DAY), (NOW - 2 * DAY, NOW - DAY)
TODAY = (NOW - DAY, NOW + DAY)
NOT_YET = (
    "its certificate is not valid yet: the clocks of this machine and of the control plane differ; set them "
    "(network.timeServers), then run this again"
)
EXPIRED = "its certificate has expired; renew it on the control-plane nodes: kubeadm certs renew all"
OTHERS = (
    "its certificate was signed by another authority than this cluster's: another cluster answers at this address, "
    "or the kubeconfig is of an earlier one; see what stands at the address"
)
OTHER_NAMES = "its certificate is for other names than this address; something else answers there"


@pytest.mark.parametrize(
    ("identity", "address", "valid", "reason"),
    [
        (OURS, HERE, TOMORROW, NOT_YET),
        (OURS, HERE, YESTERDAY, EXPIRED),
        (OTHER, HERE, TODAY, OTHERS),
        (OURS, ELSEWHERE, TODAY, OTHER_NAMES),
    ],
    ids=["from tomorrow on", "expired", "another authority", "other names"],
)
def test_a_certificate_that_cannot_be_trusted_is_told_at_once(
    tmp_path: Path, identity: Identity, address: str, valid: tuple[datetime, datetime], reason: str
) -> None:
    certificate = "".join(server_certificate(identity, address, *valid))
    with playing_kubernetes(tmp_path, OURS, certificate) as played:
        begun = time.monotonic()
        with pytest.raises(ApiUnreachable) as unreachable:
            wait_for_api(kubeconfig(played.port), PATIENCE)
        assert str(unreachable.value) == f"https://127.0.0.1:{played.port}: {reason}"
        assert time.monotonic() - begun < PATIENCE
        assert played.asked == []


def test_nobody_there_is_told_when_patience_ends() -> None:
    with socket.create_server((HERE, 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ApiUnreachable) as unreachable:
        wait_for_api(kubeconfig(port), -1)
    assert str(unreachable.value) == (
        f"https://127.0.0.1:{port}: can't be reached ([Errno 111] Connection refused){LOOK}"
    )


def test_one_that_never_answers_is_told_when_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_api, "_TIMEOUT", httpx.Timeout(0.1))
    with socket.create_server((HERE, 0)) as silent:  # connections are taken, and nothing is said
        port = silent.getsockname()[1]
        with pytest.raises(ApiUnreachable) as unreachable:
            wait_for_api(kubeconfig(port), -1)
    assert str(unreachable.value) == f"https://127.0.0.1:{port}: does not answer{LOOK}"


def test_who_comes_late_is_found(played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not there at the first question, and is at the second."""
    monkeypatch.setattr(kubernetes_api, "_PAUSE", 0)
    ask, tries = KubernetesApi._asked, iter([httpx.ConnectError("[Errno 111] Connection refused")])

    def late(self: KubernetesApi, method: str, path: str, **options: Any) -> httpx.Response:
        if error := next(tries, None):
            raise ApiUnreachable(self.server, error)
        return ask(self, method, path, **options)

    monkeypatch.setattr(KubernetesApi, "_asked", late)
    assert wait_for_api(kubeconfig(played.port), PATIENCE) == VERSION
