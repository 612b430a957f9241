"""The templates of pipelines, for all namespaces: what is built, tested, checked, trained, packed, signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.components.authorities import trust_of_pods
from infra.components.component import GPU_LABEL, Manifest, chart_values, manifest
from infra.components.registry import PULL_SECRET, registry_host, through_registry
from infra.compute.node_files import proxy_variables
from infra.model.gpu_kinds import RESOURCE
from infra.model.tools import tools_of
from infra.render import TEMPLATES
from infra.toolchain.code import CODE
from infra.toolchain.data import ACCESS as DATA_SECRET
from infra.toolchain.events import TOKEN
from infra.toolchain.experiments import ENDPOINT as MLFLOW
from infra.toolchain.pipeline_accounts import BUILDS
from infra.toolchain.signing import PAIR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release

PUSH_SECRET, GIT_SECRET = "registry-push", "git-login"
_API = "argoproj.io/v1alpha1"
_FOLDER = "toolchain/workflows"
# Each template, and the tools that it can't do without.
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "build": (),
    "unit-test": (),
    "scan": (),
    "sign": ("signing",),
    "pipeline": (),
    "data-check": ("lakefs",),
    "train": (),
    "evaluate": ("mlflow",),
    "model-pipeline": ("mlflow",),
    "package-model": ("mlflow",),
}
_IMAGES = ("buildkit", "busybox", "cosign", "crane", "mlflow", "python", "syft", "trivy")
_QUEUE = "team"  # the LocalQueue of every namespace of a team
_WORK = ("data", "reference", "queue", "gpus", "gpu-kind", "cpus", "memory")  # parameters of steps with GPUs
_EVALUATION = ("run", "model", "artifact", "metric", "threshold", "better", "image", "command")
_DATA_CHECK = (
    "data", "reference", "prefix", "base", "least-objects", "most-change", "samples", "image", "command",
)  # fmt: skip
_RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}  # the rest is said for all runs
_SMALL = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}


def workflow_templates(environment: Environment, release: Release) -> tuple[Manifest, ...]:
    """Return the templates that an environment has the tools for."""
    tools, values = tools_of(environment), _values(environment, release)
    return tuple(_template(name, values) for name, needed in _TEMPLATES.items() if set(needed) <= tools.keys())


def buildkit_configuration(environment: Environment) -> Manifest:
    """Return what BuildKit reads: the registries that the environment's own stands in for."""
    registry = environment.platform.registry
    upstreams = sorted(registry.upstreams) if registry is not None else []
    host = registry_host(environment)
    lines = [f'[registry."{name}"]\n  mirrors = ["{host}/{name}"]\n' for name in upstreams]
    return manifest("ConfigMap", "v1", "buildkit", BUILDS, data={"buildkitd.toml": "\n".join(lines)})


def _template(name: str, values: dict[str, Any]) -> Manifest:
    content = chart_values(f"{_FOLDER}/{name}", values)
    found = manifest("ClusterWorkflowTemplate", _API, name, spec=content["spec"])
    found["metadata"]["annotations"] = content["annotations"]
    return found


def _values(environment: Environment, release: Release) -> dict[str, Any]:
    tools = tools_of(environment)
    trust = trust_of_pods(environment)
    outside = [{"name": name, "value": value} for name, value in _proxies(environment).items()]
    outside += trust["env"]
    work = list(_work_environment(environment))
    return {
        "images": {name: release.images[name].reference for name in _IMAGES},
        "source": _source(),
        "restricted": _RESTRICTED,
        "small": _SMALL,
        "registry": registry_host(environment),
        "push_secret": PUSH_SECRET,
        "pull_secret": PULL_SECRET,
        "trust": trust,
        "outside": outside,
        "signing": "signing" in tools,
        "sign_places": [*_places(), *trust["env"]],
        "sign_keys": list(_keys()),
        "cosign_program": "/ko-app/cosign",
        "trivy_database": through_registry(environment, "ghcr.io/aquasecurity/trivy-db:2"),
        "trivy_java_database": through_registry(environment, "ghcr.io/aquasecurity/trivy-java-db:1"),
        "model_base": through_registry(environment, release.images["busybox"].reference),
        "data_check": script("data_check.py"),
        "judge_model": script("judge_model.py"),
        "hand_over": script("hand_over_model.py"),
        "has_data": "lakefs" in tools,
        "data_secret": DATA_SECRET,
        "data_environment": [{"secretRef": {"name": DATA_SECRET}}] if "lakefs" in tools else [],
        "data_parameters": _DATA_CHECK,
        "mlflow": MLFLOW if "mlflow" in tools else "",
        "token_secret": TOKEN,
        "queue": _QUEUE,
        "gpu_patch": gpu_patch(),
        "work_parameters": list(_WORK),
        "evaluate_parameters": [*_EVALUATION, *_WORK],
        "train_environment": [*work, {"name": "RUN_FILE", "value": "/tmp/run"}],  # noqa: S108 - inside a container
        "evaluate_environment": [*work, {"name": "MLFLOW_RUN_ID", "value": _parameter("run")}],
    }


def script(name: str) -> str:
    """Return a program that a step runs."""
    return (TEMPLATES / _FOLDER / name).read_text(encoding="utf-8")


def gpu_patch() -> str:
    """Return what a step with GPUs asks for, out of its parameters: amounts are no texts that templates may fill in.

    The team's queue says where the pod goes; a kind of GPU narrows that, if one is asked for.
    """
    kind = "inputs.parameters['gpu-kind']"
    selector = f"{{{{={kind} == '' ? '{{}}' : toJson({{'{GPU_LABEL}': {kind}}})}}}}"
    resources = {
        "requests": {"cpu": _parameter("cpus"), "memory": _parameter("memory")},
        "limits": {"memory": _parameter("memory"), RESOURCE: _parameter("gpus")},
    }
    containers = json.dumps([{"name": "main", "resources": resources}], sort_keys=True)
    return f'{{"nodeSelector": {selector}, "containers": {containers}}}'


def _source() -> dict[str, Any]:
    """Return a repository's commit as what a step reads; Argo fetches it, the step has no login."""
    login = {key: {"name": GIT_SECRET, "key": entry} for key, entry in _GIT_LOGIN.items()}
    git = {"repo": f"{CODE}/{_parameter('repository')}.git", "revision": _parameter("revision"), **login}
    return {"name": "source", "path": "/source", "git": git}


_GIT_LOGIN = {"usernameSecret": "username", "passwordSecret": "password"}


def _proxies(environment: Environment) -> dict[str, str]:
    """Return the variables by which builds find the proxy; what the gateway leads to is reached without."""
    found = proxy_variables(environment)
    if not found or environment.cluster.gateway is None:
        return found
    return found | {"NO_PROXY": f"{found['NO_PROXY']},.{environment.cluster.gateway.domain}"}


def _places() -> Iterator[dict[str, Any]]:
    yield {"name": "DOCKER_CONFIG", "value": "/push"}
    yield {"name": "HOME", "value": "/work"}
    yield {"name": "TMPDIR", "value": "/work"}
    yield {"name": "SYFT_CHECK_FOR_APP_UPDATE", "value": "false"}


def _keys() -> Iterator[dict[str, Any]]:
    for variable, key in (("COSIGN_PRIVATE_KEY", "cosign.key"), ("COSIGN_PASSWORD", "cosign.password")):
        yield {"name": variable, "valueFrom": {"secretKeyRef": {"name": PAIR, "key": key}}}


def _work_environment(environment: Environment) -> Iterator[dict[str, Any]]:
    yield {"name": "HOME", "value": "/tmp"}  # noqa: S108 - inside a container
    yield {"name": "DATA", "value": _parameter("data")}
    yield {"name": "REFERENCE", "value": _parameter("reference")}
    if "mlflow" in tools_of(environment):
        yield {"name": "MLFLOW_TRACKING_URI", "value": MLFLOW}


def _parameter(name: str) -> str:
    return f"{{{{inputs.parameters.{name}}}}}"
