"""Models that answer behind the gateway: KServe without a service mesh, and vLLM as what runs language models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import SYSTEM_NAMESPACE, Component, FilledSecret, Manifest, chart_values, manifest
from infra.components.monitors import pod_monitor
from infra.components.registry import PULL_SECRET
from infra.components.stores import OBJECT_STORE_HOST, OBJECT_STORE_PORT, REGION, bucket_secret
from infra.components.teams import team_namespaces
from infra.components.ways_in import GATEWAY, GATEWAY_NAMESPACE
from infra.model.gpu_kinds import RESOURCE
from infra.model.tools import tools_of
from infra.toolchain.team_routes import team_routes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release

KINDS, KSERVE = "kserve-crd", "kserve"
MODELS = "models"  # in every namespace of a team: the account that reads models, and the Secret that it reads with
MODEL_PORT = 8080  # where models answer, and say their figures
_RUNTIMES_API = "serving.kserve.io/v1alpha1"
_ACCESS_KEY, _SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
_CONTAINER = "kserve-container"  # KServe knows the container of a model by this name
_CONTROLLER = {"control-plane": "kserve-controller-manager"}
_VLLM_USER = 2000  # vllm, which its image has, with a home of its own


def serving_kinds(environment: Environment, release: Release) -> Component:  # noqa: ARG001 - every tool is made of both
    """Return KServe's kinds: a chart of their own, so that they stay when KServe goes."""
    return Component(KINDS, SYSTEM_NAMESPACE, chart=True)


def serving(environment: Environment, release: Release) -> Component:
    """Return KServe; models are read from the bucket `models`, by the account `models` of a team's namespace."""
    gateway = environment.cluster.gateway
    values = {
        "domain": gateway.domain if gateway is not None else "",
        "gateway": f"{GATEWAY_NAMESPACE}/{GATEWAY}",
        "object_store": f"{OBJECT_STORE_HOST}:{OBJECT_STORE_PORT}",
        "region": REGION,
        "access_key": _ACCESS_KEY,
        "secret_key": _SECRET_KEY,
    }
    probe = _runtime("probe", {"name": _CONTAINER, "image": "probe"}, supportedModelFormats=[{"name": "probe"}])
    figures = pod_monitor("kserve-controller", KSERVE, {"matchLabels": _CONTROLLER}, port="metrics")
    return Component(
        KSERVE,
        KSERVE,
        needs=(KINDS,),
        chart=True,
        values=chart_values(f"toolchain/{KSERVE}", values),
        secrets=tuple(_model_secrets(environment)),
        before=(*_model_accounts(environment), *team_routes(environment, KSERVE)),
        probe=(f"/apis/{_RUNTIMES_API}/clusterservingruntimes", probe),
        after=(_vllm(release), *((figures,) if environment.platform.monitoring is not None else ())),
    )


def _model_secrets(environment: Environment) -> Iterator[FilledSecret]:
    source = bucket_secret(tools_of(environment)[KSERVE])

    def login(values: Mapping[str, str]) -> dict[str, str]:
        return {_ACCESS_KEY: KSERVE, _SECRET_KEY: values[source]}

    for namespace in team_namespaces(environment):
        yield FilledSecret(MODELS, (source,), login, namespace=namespace)


def _model_accounts(environment: Environment) -> Iterator[Manifest]:
    """Yield the accounts: KServe gives a pod what the Secrets of its account hold, to fetch its model with."""
    registry = environment.platform.registry
    pulls = {"imagePullSecrets": [{"name": PULL_SECRET}]} if registry is not None else {}
    for namespace in team_namespaces(environment):
        account = {"secrets": [{"name": MODELS}], "automountServiceAccountToken": False, **pulls}
        yield manifest("ServiceAccount", "v1", MODELS, namespace, **account)


def _runtime(name: str, container: dict[str, Any], **spec: Any) -> Manifest:  # noqa: ANN401 - any part of one
    return manifest("ClusterServingRuntime", _RUNTIMES_API, name, spec={"containers": [container], **spec})


def _vllm(release: Release) -> Manifest:
    """Return what runs language models: vLLM, one GPU, nothing fetched from outside and nothing told to anybody.

    Whoever serves a model says more, or other, in its InferenceService: memory, GPUs, arguments.
    """
    container = {
        "name": _CONTAINER,
        "image": release.images["vllm"].reference,
        "command": ["python3", "-m", "vllm.entrypoints.openai.api_server"],
        "args": ["--model=/mnt/models", "--served-model-name={{.Name}}", f"--port={MODEL_PORT}"],
        "env": [
            {"name": "HF_HUB_OFFLINE", "value": "1"},
            {"name": "DO_NOT_TRACK", "value": "1"},
            {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
        ],
        "ports": [{"name": "http1", "containerPort": MODEL_PORT, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "2", "memory": "8Gi", RESOURCE: "1"},
            "limits": {"memory": "16Gi", RESOURCE: "1"},
        },
        # a large model takes its time: half an hour
        "startupProbe": {**_asked("/health"), "periodSeconds": 10, "failureThreshold": 180},
        "readinessProbe": {**_asked("/health"), "periodSeconds": 10},
        "livenessProbe": {**_asked("/health"), "periodSeconds": 30, "failureThreshold": 6},
        "securityContext": {
            "runAsUser": _VLLM_USER,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "shared-memory", "mountPath": "/dev/shm"}],  # noqa: S108 - between its processes
    }
    return _runtime(
        "vllm",
        container,
        supportedModelFormats=[{"name": "vLLM", "autoSelect": True, "priority": 1}],
        tolerations=[{"key": RESOURCE, "operator": "Exists", "effect": "NoSchedule"}],
        volumes=[{"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}],
    )


def _asked(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": MODEL_PORT}, "timeoutSeconds": 5}
