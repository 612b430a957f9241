"""Training across pods and GPUs: Kubeflow Trainer with JobSet, and a runtime for PyTorch that every team can name.

A TrainJob waits in its team's queue when it carries the label `kueue.x-k8s.io/queue-name: team`, like every other work.
The runtime can't carry it for them: Kueue looks at the TrainJob, and Trainer and Kueue would contend for the JobSet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Component, Manifest, chart_values, manifest
from infra.components.monitors import service_monitor
from infra.components.replicas import disruption_budget, replicas
from infra.model.tools import all_tools, tools_of
from infra.toolchain.data import ACCESS
from infra.toolchain.data import NAME as DATA
from infra.toolchain.experiments import ENDPOINT as EXPERIMENTS_ENDPOINT
from infra.toolchain.experiments import NAME as EXPERIMENTS

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "kubeflow-trainer"
API = "trainer.kubeflow.org/v1alpha1"
RUNTIME = "torch-distributed"
_LABELS = {
    "app.kubernetes.io/name": NAME,
    "app.kubernetes.io/instance": NAME,
    "app.kubernetes.io/component": "manager",
}
_WORK = "/workspace"
_USER = 1000


def kubeflow_trainer(environment: Environment, release: Release) -> Component:
    """Return Kubeflow Trainer, with JobSet and the runtime."""
    namespace = all_tools()[NAME].namespace
    count = replicas(environment)
    image = release.images["torch"].reference
    budget = (disruption_budget(NAME, namespace, _LABELS),) if count > 1 else ()
    # the network lets Prometheus alone there, so the figures are neither encrypted nor asked for with a token
    monitor = (service_monitor(NAME, namespace, _LABELS, port="monitoring-port", path="/metrics"),)
    return Component(
        NAME,
        namespace,
        chart=True,
        values=chart_values(f"toolchain/{NAME}", {"replicas": count}),
        before=budget,
        probe=(f"/apis/{API}/clustertrainingruntimes", torch_runtime("probe", environment, image)),
        after=(
            torch_runtime(RUNTIME, environment, image),
            *(monitor if environment.platform.monitoring is not None else ()),
        ),
    )


def torch_runtime(name: str, environment: Environment, image: str) -> Manifest:
    """Return a runtime for PyTorch, whose pods a namespace that is `restricted` takes.

    They know where MLflow is, and may use lakeFS, where there are such.
    """
    labels = {"trainer.kubeflow.org/framework": "torch"}
    job = {
        "metadata": {"labels": {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}},
        "spec": {"template": {"spec": _pod(environment, image)}},
    }
    spec = {
        "mlPolicy": {"numNodes": 1, "torch": {}},
        "template": {"spec": {"replicatedJobs": [{"name": "node", "replicas": 1, "template": job}]}},
    }
    return manifest("ClusterTrainingRuntime", API, name, labels=labels, spec=spec)


def _pod(environment: Environment, image: str) -> dict[str, Any]:
    wanted = tools_of(environment)
    variables = [{"name": "HOME", "value": _WORK}]  # the image knows no home of this user
    if EXPERIMENTS in wanted:
        variables.append({"name": "MLFLOW_TRACKING_URI", "value": EXPERIMENTS_ENDPOINT})
    container: dict[str, Any] = {
        "name": "node",
        "image": image,
        "workingDir": _WORK,
        "env": variables,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        # processes of a pod hand tensors to each other by shared memory; the container's own limit holds for it, too
        "volumeMounts": [{"name": "work", "mountPath": _WORK}, {"name": "shared-memory", "mountPath": "/dev/shm"}],  # noqa: S108
    }
    if DATA in wanted:
        container["envFrom"] = [{"secretRef": {"name": ACCESS, "optional": True}}]
    return {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "work", "emptyDir": {}}, {"name": "shared-memory", "emptyDir": {"medium": "Memory"}}],
    }
