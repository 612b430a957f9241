"""What `slipway status` says of tools, out of what the API has; and the page of it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from infra.operate.status_page import LayerRow, Status, explained, status_page
from infra.operate.tools_status import Counted, count_pods, of_database, of_workload, tools_status
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


def test_a_database_is_counted_by_the_instances_that_it_wants() -> None:
    assert of_database({"spec": {"instances": 3}, "status": {"readyInstances": 1}}) == Counted(1, 3)
    assert of_database({"spec": {"instances": 3}}) == Counted(0, 3)


class Api:
    """Answers what it has, and nothing else."""

    def __init__(self, objects: dict[str, list[dict[str, Any]]]) -> None:
        self.objects = objects

    def get(self, path: str) -> dict[str, Any] | None:
        return {"items": self.objects[path]} if path in self.objects else None


def test_pods_are_counted_by_namespace_over_all_that_keeps_them() -> None:
    def workload(namespace: str, ready: int) -> dict[str, Any]:
        return {"metadata": {"namespace": namespace}, "spec": {"replicas": 2}, "status": {"readyReplicas": ready}}

    database = {"metadata": {"namespace": "postgres"}, "spec": {"instances": 3}, "status": {"readyInstances": 2}}
    api = Api(
        {
            "/apis/apps/v1/deployments": [workload("harbor", 2)],
            "/apis/apps/v1/statefulsets": [workload("harbor", 1)],
            "/apis/postgresql.cnpg.io/v1/clusters": [database],
        }
    )
    assert count_pods(api) == {"harbor": Counted(3, 4), "postgres": Counted(2, 3)}  # type: ignore[arg-type]


def test_health_is_what_the_pods_say() -> None:
    tools = found()
    assert (tools["Harbor"].state, tools["Harbor"].health) == ("ready", "7 of 7 ready")
    assert (tools["Gitea"].state, tools["Gitea"].health) == ("not ready", "0 of 1 ready")
    assert (tools["Argo CD"].state, tools["Argo CD"].health) == ("not ready", "no pods")
    assert (tools["KServe's kinds"].state, tools["KServe's kinds"].health) == ("ready", "nothing to run")


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
    status = Status("dev", "2026.11.0", layers, nodes, tuple(found().values()), notes, played=True)
    page = status_page(status)
    golden("status.html", page)
    links = _Links()
    links.feed(page)
    assert all(each.startswith("https://") and ".apps.dev.example.internal" in each for each in links.found)
    assert "&lt;b&gt;odd" in page


def test_what_is_played_and_what_is_a_contract_is_explained_where_it_is_shown() -> None:
    tools = tuple(found().values())
    in_rehearsal = Status("dev", "2026.11.0", (), (), tools, (), played=True)
    assert [words.partition(":")[0] for words in explained(in_rehearsal)] == ["played", "contract"]
    assert "health (played)" in status_page(in_rehearsal)
    real = tuple(tools_status(DEV, RELEASE, "real", EVERYTHING))
    assert explained(Status("dev", "2026.11.0", (), (), real, ())) == []
    assert "played" not in status_page(Status("dev", "2026.11.0", (), (), real, ()))
