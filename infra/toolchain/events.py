"""What starts pipelines: Argo Events. A push to Gitea begins a build; a model that a team has passed is packed.

Gitea signs what it tells as GitHub does, so it is listened to as to GitHub. Teams tell of models with a token of their
own, each at an address of its own: so nobody has another team's model packed, and the keys that sign images stay out of
the teams' namespaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Component, FilledSecret, Manifest, chart_values, manifest
from infra.components.replicas import replicas
from infra.components.sources import MADE
from infra.toolchain.code import WEBHOOK
from infra.toolchain.pipeline_accounts import BUILDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "argo-events"
NAMESPACE = "argo-events"
STARTER = "start-pipelines"  # the account that runs are made as
PORT = 12000
MODELS_URL = f"http://models-eventsource-svc.{NAMESPACE}.svc.cluster.local:{PORT}"
TOKEN = "model-token"  # noqa: S105 - the name of a Secret: in a team's namespaces its own, here everybody's
_API, _WORKFLOW = "argoproj.io/v1alpha1", "argoproj.io/v1alpha1"
_BUS, _VOLUME = "default", "5Gi"
_STREAM = "1GB"
_USER = 9731  # any but root
_POD = {
    "runAsNonRoot": True,
    "runAsUser": _USER,
    "runAsGroup": _USER,
    "fsGroup": _USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_BUILD_WHEN = 'event == "push" && ref == "refs/heads/" + branch'


def argo_events(environment: Environment, release: Release) -> Component:
    """Return Argo Events, its bus, what it listens to, and what it starts."""
    images = {name: release.images[name] for name in ("nats", "nats-exporter", "nats-config-reloader")}
    bus_replicas = 3 if replicas(environment) > 1 else 1  # a majority has to be there: two are no better than one
    values = {
        "replicas": replicas(environment),
        "metrics": environment.platform.monitoring is not None,
        "bus_replicas": bus_replicas,
        "stream": _STREAM,
        "nats_version": images["nats"].tag,
        "nats": images["nats"].reference,
        "exporter": images["nats-exporter"].reference,
        "reloader": images["nats-config-reloader"].reference,
    }
    teams = telling_teams(environment)
    return Component(
        NAME,
        NAMESPACE,
        chart=True,
        values=chart_values(f"toolchain/{NAME}", values),
        secrets=(
            FilledSecret("gitea-webhook", (WEBHOOK,), lambda found: {"secret": found[WEBHOOK]}),
            *_tokens(environment, teams),
        ),
        after=tuple(_objects(images["nats"].tag, bus_replicas, teams)),
    )


def telling_teams(environment: Environment) -> tuple[str, ...]:
    """Return the teams that can have models packed: all, where there is a registry of models."""
    return tuple(sorted(environment.cluster.teams)) if environment.toolchain.experiments is not None else ()


def model_token(team: str) -> str:
    """Return the source of the token that a team tells of its models with."""
    return f"{MADE}:model-token-{team}"


def _tokens(environment: Environment, teams: tuple[str, ...]) -> Iterator[FilledSecret]:
    if not teams:
        return
    sources = {team: model_token(team) for team in teams}
    everybody = lambda found: {team: found[source] for team, source in sources.items()}  # noqa: E731 - one use
    yield FilledSecret(TOKEN, tuple(sources.values()), everybody)
    for team in teams:
        for space in sorted(environment.cluster.teams[team].namespaces):
            yield FilledSecret(TOKEN, (sources[team],), _own(team, sources[team]), namespace=space)


def _own(team: str, source: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
    return lambda found: {"token": found[source], "url": f"{MODELS_URL}/{team}"}


def _objects(version: str, bus_replicas: int, teams: tuple[str, ...]) -> Iterator[Manifest]:
    yield manifest("EventBus", _API, _BUS, NAMESPACE, spec={"jetstream": _bus(version, bus_replicas)})
    yield manifest("ServiceAccount", "v1", STARTER, NAMESPACE)
    yield manifest("EventSource", _API, "gitea", NAMESPACE, spec=_source(github={"push": _pushes()}))
    yield manifest("Sensor", _API, "pushes", NAMESPACE, spec=_sensor([_push_dependency()], [_build_trigger()]))
    if teams:
        models = {team: _models(team) for team in teams}
        dependencies = [{"name": _told_by(team), "eventSourceName": "models", "eventName": team} for team in teams]
        yield manifest("EventSource", _API, "models", NAMESPACE, spec=_source(webhook=models))
        sensor = _sensor(dependencies, [_model_trigger(team) for team in teams])
        yield manifest("Sensor", _API, "models", NAMESPACE, spec=sensor)


def _bus(version: str, count: int) -> dict[str, Any]:
    small = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
    large = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}
    labels = {"matchLabels": {"eventbus-name": _BUS}}
    apart = {"weight": 100, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": labels}}
    found: dict[str, Any] = {
        "version": version,
        "replicas": count,
        "persistence": {"volumeSize": _VOLUME, "accessMode": "ReadWriteOnce"},
        "securityContext": _POD,
        "containerTemplate": {"resources": large, "securityContext": _CONTAINER},
        "reloaderContainerTemplate": {"resources": small, "securityContext": _CONTAINER},
        "metricsContainerTemplate": {"resources": small, "securityContext": _CONTAINER},
    }
    if count > 1:
        found["affinity"] = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [apart]}}
    return found


def _pod(account: str = "") -> dict[str, Any]:
    resources = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
    found = {"securityContext": _POD, "container": {"resources": resources, "securityContext": _CONTAINER}}
    return {**found, "serviceAccountName": account} if account else found


def _source(**events: Any) -> dict[str, Any]:  # noqa: ANN401 - any kind of events
    service = {"ports": [{"port": PORT, "targetPort": PORT}]}
    return {"eventBusName": _BUS, "template": _pod(), "service": service, **events}


def _pushes() -> dict[str, Any]:
    """Return how Gitea is listened to: its webhooks are made by its own set-up, none by Argo Events."""
    return {
        "webhook": {"endpoint": "/push", "port": str(PORT), "method": "POST"},
        "events": ["push"],
        "organizations": ["any"],  # it wants one; without a login at GitHub nothing is done with it
        "webhookSecret": {"name": "gitea-webhook", "key": "secret"},
        "contentType": "json",
        "active": True,
    }


def _models(team: str) -> dict[str, Any]:
    secret = {"name": TOKEN, "key": team}
    return {"endpoint": f"/{team}", "port": str(PORT), "method": "POST", "authSecret": secret}


def _push_dependency() -> dict[str, Any]:
    """Return what a push has to be to be built: one to a repository's default branch."""
    fields = [
        {"name": "event", "path": "body.X-GitHub-Event"},
        {"name": "ref", "path": "body.ref"},
        {"name": "branch", "path": "body.repository.default_branch"},
    ]
    filters = {"exprs": [{"expr": _BUILD_WHEN, "fields": fields}]}
    return {"name": "push", "eventSourceName": "gitea", "eventName": "push", "filters": filters}


def _build_trigger() -> dict[str, Any]:
    parameters = {"repository": "body.repository.full_name", "revision": "body.after"}
    return _trigger("build", "push", "pipeline", {}, parameters)


def _model_trigger(team: str) -> dict[str, Any]:
    """Return what packs a team's model: whose it is stands here, and in nothing that the team says."""
    parameters = {"model": "body.model", "version": "body.version"}
    return _trigger(f"pack-{team}", _told_by(team), "package-model", {"team": team}, parameters)


def _told_by(team: str) -> str:
    """Return the name of what a team tells: it stands in an expression, where a bare name may be a word of it."""
    return f"model-of-{team}"


def _trigger(
    name: str, dependency: str, template: str, fixed: Mapping[str, str], told: Mapping[str, str]
) -> dict[str, Any]:
    """Return what makes a run of a template, with parameters that are `fixed`, and others out of what was `told`."""
    arguments = [{"name": key, "value": value} for key, value in fixed.items()]
    arguments += [{"name": key, "value": ""} for key in told]
    spec = {"workflowTemplateRef": {"name": template, "clusterScope": True}, "arguments": {"parameters": arguments}}
    run = {
        "apiVersion": _WORKFLOW,
        "kind": "Workflow",
        "metadata": {"generateName": f"{name}-", "namespace": BUILDS},
        "spec": spec,
    }
    parameters = [
        {
            "src": {"dependencyName": dependency, "dataKey": path},
            "dest": f"spec.arguments.parameters.{number}.value",
        }
        for number, path in enumerate(told.values(), start=len(fixed))
    ]
    created = {"operation": "create", "source": {"resource": run}, "parameters": parameters}
    retry = {"steps": 5, "duration": "5s", "factor": 2}
    return {"template": {"name": name, "conditions": dependency, "k8s": created}, "retryStrategy": retry}


def _sensor(dependencies: list[dict[str, Any]], triggers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"eventBusName": _BUS, "template": _pod(STARTER), "dependencies": dependencies, "triggers": triggers}
