"""The runtime for training: what the webhook of Kubeflow Trainer wants, and what restricted namespaces want."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.toolchain.training import RUNTIME, kubeflow_trainer, torch_runtime
from tests.support.environments import CATALOG, changed
from tests.support.restricted import problems_of

if TYPE_CHECKING:
    from infra.model.environment import Environment

DEV, RELEASE = CATALOG.load("dev")


def job_of(environment: Environment) -> dict[str, Any]:
    runtime = torch_runtime(RUNTIME, environment, RELEASE.images["torch"].reference)
    (job,) = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    return dict(job)


def test_a_restricted_namespace_takes_its_pods() -> None:
    pod = job_of(DEV)["template"]["spec"]["template"]["spec"]
    assert problems_of(pod["securityContext"], pod["containers"][0]["securityContext"]) == []


def test_the_webhook_finds_what_it_looks_for() -> None:
    job = job_of(DEV)
    assert job["template"]["metadata"]["labels"] == {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    assert job["replicas"] == 1
    assert [each["name"] for each in job["template"]["spec"]["template"]["spec"]["containers"]] == ["node"]


def test_the_webhook_is_waited_for_with_the_runtime_itself() -> None:
    component = kubeflow_trainer(DEV, RELEASE)
    assert component.probe is not None
    path, probe = component.probe
    (runtime,) = [each for each in component.after if each["kind"] == "ClusterTrainingRuntime"]
    assert path == "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes"
    assert (probe["spec"], probe["metadata"]["name"]) == (runtime["spec"], "probe")


def test_pods_know_of_other_tools_that_are_there() -> None:
    (container,) = job_of(DEV)["template"]["spec"]["template"]["spec"]["containers"]
    alone = changed(DEV, {"toolchain.experiments": None, "toolchain.data": None})
    (other,) = job_of(alone)["template"]["spec"]["template"]["spec"]["containers"]
    assert {each["name"] for each in container["env"]} == {"HOME", "MLFLOW_TRACKING_URI"}
    assert container["envFrom"] == [{"secretRef": {"name": "lakefs", "optional": True}}]
    assert ([each["name"] for each in other["env"]], "envFrom" in other) == (["HOME"], False)
