"""What `slipway status` says of tools, out of what the API has; and the page of it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from infra.operate.status_page import LayerRow, Status, status_page
from infra.operate.tools_status import Counted, of_pods, of_workload, tools_status
from tests.support.environments import CATALOG, changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.operate.tools_status import ToolStatus

DEV, RELEASE = CATALOG.load("dev")
EVERYTHING = {
    "harbor": Counted(7, 7),
    "gitea": Counted(0, 1),
    "kube-system": Counted(9, 9),
    "postgres": Counted(1, 1),
    "mlflow": Counted(1, 1),
}


def found(counted: dict[str, Counted] | None = EVERYTHING, **changes: object) -> dict[str, ToolStatus]:
    environment = changed(DEV, {key.replace("__", "."): value for key, value in changes.items()})
    return {each.title: each for each in tools_status(environment, RELEASE, "contract", counted)}


@pytest.mark.parametrize(
    ("workload", "ready", "wanted"),
    [
        ({"spec": {"replicas": 3}, "status": {"readyReplicas": 2}}, 2, 3),
        ({"spec": {}, "status": {}}, 0, 1),
        ({"spec": {"replicas": 0}}, 0, 0),
        ({"spec": {}, "status": {"desiredNumberScheduled": 4, "numberReady": 3}}, 3, 4),
    ],
)
def test_a_workload_is_counted_by_what_it_wants(workload: dict[str, object], ready: int, wanted: int) -> None:
    assert of_workload(workload) == Counted(ready, wanted)


def test_pods_that_have_ended_are_not_missed() -> None:
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    waiting = {"status": {"phase": "Pending"}}
    done = {"status": {"phase": "Succeeded"}}
    assert of_pods([ready, waiting, done]) == Counted(1, 2)


def test_health_is_what_the_pods_say() -> None:
    tools = found()
    assert (tools["Harbor"].state, tools["Harbor"].health) == ("ready", "7 of 7 ready")
    assert (tools["Gitea"].state, tools["Gitea"].health) == ("not ready", "0 of 1 ready")
    assert (tools["Argo CD"].state, tools["Argo CD"].health) == ("not ready", "no pods")


def test_without_an_answer_of_the_api_nothing_is_said_to_be_well() -> None:
    assert {each.state for each in found(None).values()} == {"unknown"}


def test_addresses_and_sign_in() -> None:
    tools = found()
    assert [(way.address, way.sign_in) for way in tools["Gitea"].ways] == [
        ("https://git.apps.dev.example.internal", "single sign-on")
    ]
    assert tools["MLflow"].ways[0].sign_in == "single sign-on at the gateway"
    alone = found(cluster__signIn=None, toolchain__notebooks=None)
    assert alone["Gitea"].ways[0].sign_in == "local administrator"
    assert alone["MLflow"].ways[0].address == "kubectl port-forward -n mlflow svc/mlflow 80"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for key, value in attrs if key in ("href", "src") or tag == "script"]


def test_the_page(golden: Callable[[str, str], None]) -> None:
    layers = (LayerRow("compute", "34", "2026-11-26 21:30 UTC", "update succeeded"),)
    nodes = ({"name": "dev-cpu-1", "pool": "cpu", "address": "10.20.0.20"},)
    notes = ("dev.cluster: <b>odd</b>",)
    status = Status("dev", "2026.11.0", layers, nodes, tuple(found().values()), notes)
    page = status_page(status)
    golden("status.html", page)
    links = _Links()
    links.feed(page)
    assert all(each.startswith("https://") and ".apps.dev.example.internal" in each for each in links.found)
    assert "&lt;b&gt;odd" in page
