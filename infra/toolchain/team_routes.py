"""What teams bring out at the gateway: under which host names, and who may call it.

All namespaces share one gateway, and routes of one host are put together: without a rule a team could stand between
people and a tool. And what answers there would answer everybody who reaches the gateway: so it asks for a token of the
environment's issuer, as people have it for the Kubernetes API, unless its route says that it looks for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import LABEL_PREFIX, TEAM_LABEL, Manifest, manifest
from infra.components.ways_in import DEX
from infra.model.people import administrators
from infra.model.tools import tools_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.first_boot import Oidc
    from infra.model.teams import Team

BRING_OUT = ("argo-cd", "kserve")  # through these teams get routes
OPEN_LABEL = f"{LABEL_PREFIX}/open"  # "true" on a route, or on a model: it asks nobody for a token
HOST_NAMES, SIGN_IN = "host-names-of-teams", "sign-in"
_API = "admissionregistration.k8s.io/v1"
_ROUTES = ["httproutes", "grpcroutes", "tlsroutes"]


def team_routes(environment: Environment, component: str) -> tuple[Manifest, ...]:
    """Return the rules; the first component that is there of those that bring something out has them."""
    wanted = tools_of(environment)
    gateway, oidc = environment.cluster.gateway, environment.first_boot.api_server.oidc
    if gateway is None or component != next(name for name in BRING_OUT if name in wanted):
        return ()
    asked = _sign_in(environment, oidc) if oidc is not None and environment.cluster.sign_in is not None else ()
    return (*_host_names(gateway.domain), *asked)


def _host_names(domain: str) -> tuple[Manifest, Manifest]:
    """Return the policy that the API server itself looks at, and where it does.

    Names are `<name>-<namespace>.<domain>`: the gateway's certificate is for one label before its domain.
    """
    names = "object.spec.hostnames"
    expression = (
        f"has({names}) && size({names}) > 0 && {names}.all(name, name.endsWith('-' + request.namespace + '.{domain}'))"
    )
    rule = {
        "apiGroups": ["gateway.networking.k8s.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": _ROUTES,
    }
    message = f"routes of teams need hostnames, each of them <name>-<namespace>.{domain}"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": expression, "message": message}],
    }
    teams = {"matchExpressions": [{"key": TEAM_LABEL, "operator": "Exists"}]}
    binding = {
        "policyName": HOST_NAMES,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": teams},
    }
    return (
        manifest("ValidatingAdmissionPolicy", _API, HOST_NAMES, spec=spec),
        manifest("ValidatingAdmissionPolicyBinding", _API, HOST_NAMES, spec=binding),
    )


def _sign_in(environment: Environment, oidc: Oidc) -> Iterator[Manifest]:
    everywhere = administrators(environment)
    for _, team in sorted(environment.cluster.teams.items()):
        spec = _token_of(team, everywhere, oidc)
        for namespace in sorted(team.namespaces):
            yield manifest("SecurityPolicy", "gateway.envoyproxy.io/v1alpha1", SIGN_IN, namespace, spec=spec)


def _token_of(team: Team, everywhere: list[str], oidc: Oidc) -> dict[str, Any]:
    """Return what looks at tokens (`Authorization: Bearer ...`): the team's people may call what is the team's."""
    groups = sorted({*everywhere, *team.members, *team.viewers})
    belongs = {"provider": "dex", "claims": [{"name": "groups", "valueType": "StringArray", "values": groups}]}
    provider = {
        "name": "dex",
        "issuer": oidc.issuer,
        "audiences": [oidc.client_id],
        "remoteJWKS": {"uri": f"{DEX}/keys"},
    }
    closed = {"key": OPEN_LABEL, "operator": "NotIn", "values": ["true"]}
    return {
        "targetSelectors": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "matchExpressions": [closed]}],
        "jwt": {"providers": [provider]},
        "authorization": {
            "defaultAction": "Deny",
            "rules": [{"name": "groups", "action": "Allow", "principal": {"jwt": belongs}}] if groups else [],
        },
    }
