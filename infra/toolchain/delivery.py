"""Releases of applications: Argo CD brings out what the teams' repositories say, Argo Rollouts does it step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.authorities import authorities, trust_of_pods
from infra.components.component import Component, FilledSecret, Manifest, chart_values, manifest
from infra.components.password_hash import bcrypt_hash
from infra.model.tools import tools_of
from infra.toolchain.delivery_projects import CODE, rbac_policy, team_projects
from infra.toolchain.team_routes import team_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.tools import Address

ARGO_CD, ARGO_ROLLOUTS = "argo-cd", "argo-rollouts"
_ADMIN, _SERVER_KEY, _REDIS = "made:argo-cd-admin", "made:argo-cd-server-key", "made:argo-cd-redis"
_BOT = "made:gitea-bot"  # the technical user argo-cd in Gitea
_SINCE = "2026-01-01T00:00:00Z"  # tokens that are older than the password are refused: any fixed time before the first
_SPREAD_FROM = 3  # nodes, from which on there are two of what people wait for
_PROMETHEUS = "http://kube-prometheus-stack-prometheus.monitoring.svc.cluster.local:9090"
_ROLLOUTS_API = "argoproj.io/v1alpha1"


def argo_cd(environment: Environment, release: Release) -> Component:  # noqa: ARG001 - every tool is made of both
    """Return Argo CD: a project for each team, filled from the team's repository `deploy`."""
    (address,) = tools_of(environment)[ARGO_CD].addresses
    gateway, oidc = environment.cluster.gateway, environment.first_boot.api_server.oidc
    signs_in = environment.cluster.sign_in is not None and oidc is not None
    values = {
        "host": address.host(gateway.domain) if gateway is not None else "",
        "issuer": oidc.issuer if signs_in and oidc is not None else "",
        "client": address.name,
        "policy": rbac_policy(environment),
        "replicas": _replicas(environment),
        "metrics": environment.platform.monitoring is not None,
        "trust": trust_of_pods(environment),
    }
    return Component(
        ARGO_CD,
        ARGO_CD,
        chart=True,
        values=chart_values(f"toolchain/{ARGO_CD}", values),
        secrets=_argo_cd_secrets(address, signs_in=signs_in),
        before=(*authorities(environment, ARGO_CD), *team_routes(environment, ARGO_CD)),
        after=team_projects(environment, ARGO_CD),
    )


def _argo_cd_secrets(address: Address, *, signs_in: bool) -> tuple[FilledSecret, ...]:
    """Return Argo CD's own Secrets, under the names that it knows, and its login at Gitea."""
    client = f"below:{address.client}"

    def own(values: Mapping[str, str]) -> dict[str, str]:
        found = {
            "admin.password": bcrypt_hash(values[_ADMIN]),
            "admin.passwordMtime": _SINCE,
            "server.secretkey": values[_SERVER_KEY],
        }
        return found | ({"oidc.dex.clientSecret": values[client]} if signs_in else {})

    def login(values: Mapping[str, str]) -> dict[str, str]:
        return {"type": "git", "url": CODE, "username": ARGO_CD, "password": values[_BOT]}

    part = {"app.kubernetes.io/part-of": "argocd"}
    template = {**part, "argocd.argoproj.io/secret-type": "repo-creds"}
    sources = (_ADMIN, _SERVER_KEY, *((client,) if signs_in else ()))
    return (
        FilledSecret("argocd-secret", sources, own, labels={**part, "app.kubernetes.io/name": "argocd-secret"}),
        FilledSecret("argocd-initial-admin-secret", (_ADMIN,), lambda values: {"password": values[_ADMIN]}),
        FilledSecret("argocd-redis", (_REDIS,), lambda values: {"auth": values[_REDIS]}, labels=part),
        FilledSecret("gitea-repositories", (_BOT,), login, labels=template),
    )


def argo_rollouts(environment: Environment, release: Release) -> Component:  # noqa: ARG001 - as above
    """Return Argo Rollouts, with the analyses that every team can name where there are figures."""
    metrics = environment.platform.monitoring is not None
    values = {"replicas": _replicas(environment), "metrics": metrics}
    return Component(
        ARGO_ROLLOUTS,
        ARGO_ROLLOUTS,
        chart=True,
        values=chart_values(f"toolchain/{ARGO_ROLLOUTS}", values),
        after=_analyses() if metrics else (),
    )


def _replicas(environment: Environment) -> int:
    return 2 if environment.untainted_workers() >= _SPREAD_FROM else 1


def _analyses() -> tuple[Manifest, ...]:
    """Return what decides whether a new version goes on: what the gateway sees of an application's route.

    Without requests there is nothing to decide by: the analysis is inconclusive then, and the rollout waits for a
    person. `route` is `<namespace>/<name>` of an HTTPRoute, as the gateway calls it in its figures.
    """
    which = 'envoy_cluster_name=~"httproute/{{args.route}}/rule/.+"'
    answered = f"sum(rate(envoy_cluster_upstream_rq_xx{{{which}}}[5m]))"
    wrong = f'sum(rate(envoy_cluster_upstream_rq_xx{{{which}, envoy_response_code_class="5"}}[5m]))'
    times = f"sum by (le) (rate(envoy_cluster_upstream_rq_time_bucket{{{which}}}[5m]))"
    return (
        _analysis("success-rate", "at-least", "0.95", f"1 - (({wrong} or vector(0)) / {answered})", ">="),
        _analysis("latency", "milliseconds", "1000", f"histogram_quantile(0.95, {times})", "<="),
    )


def _analysis(name: str, limit: str, default: str, query: str, good: str) -> Manifest:
    """Return an analysis of one figure, looked at every minute, five times; the limit is an argument."""
    known = "len(result) > 0 && !isNaN(result[0])"
    reached = f"result[0] {good} {{{{args.{limit}}}}}"
    metric: dict[str, Any] = {
        "name": name,
        "interval": "1m",
        "initialDelay": "2m",
        "count": 5,
        "failureLimit": 1,
        "successCondition": f"{known} && {reached}",
        "failureCondition": f"{known} && !({reached})",
        "provider": {"prometheus": {"address": _PROMETHEUS, "query": query}},
    }
    arguments = [{"name": "route"}, {"name": limit, "value": default}]
    return manifest("ClusterAnalysisTemplate", _ROLLOUTS_API, name, spec={"args": arguments, "metrics": [metric]})
