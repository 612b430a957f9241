"""Ways in: routes from the gateway to tools, and sign-in at the gateway for tools that know none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.components.component import FilledSecret, Manifest, manifest
from infra.components.sources import BELOW
from infra.model.people import everyone, operators
from infra.model.tools import GATEWAY_CALLBACK, reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.model.environment import Environment
    from infra.model.tools import Address, Tool

GATEWAY_API = "gateway.networking.k8s.io/v1"
GATEWAY, GATEWAY_NAMESPACE = "public", "envoy-gateway-system"
DEX = "http://dex.dex.svc.cluster.local:5556"  # its address inside: no certificate has to be trusted
_POLICY_API = "gateway.envoyproxy.io/v1alpha1"
_ID_TOKEN = "IdToken"  # noqa: S105 - the name of a cookie
_PEOPLE = {"operators": operators, "everyone": everyone}


@dataclass(frozen=True)
class WaysIn:
    """What leads people to a tool: objects of its namespace, and the Secrets that they name."""

    manifests: tuple[Manifest, ...]
    secrets: tuple[FilledSecret, ...]


def ways_in(environment: Environment, tool: Tool) -> WaysIn:
    """Return the ways to a tool; there are none without a gateway."""
    gateway = environment.cluster.gateway
    manifests: list[Manifest] = []
    secrets: list[FilledSecret] = []
    for address in reachable(environment, tool):
        host = address.host(gateway.domain) if gateway is not None else ""
        manifests.append(route(address.name, tool.namespace, host, address.service, address.port))
        if address.sign_in == "gateway":
            manifests.append(_sign_in(environment, tool, address, host))
            secrets.append(client_secret(address, "client-secret"))
    return WaysIn(tuple(manifests), tuple(secrets))


def route(name: str, namespace: str, host: str, service: str, port: int) -> Manifest:
    """Return what leads a host name from the gateway to a Service of a namespace."""
    spec = {
        "hostnames": [host],
        "parentRefs": [{"name": GATEWAY, "namespace": GATEWAY_NAMESPACE, "sectionName": "https"}],
        # Envoy Gateway's own limit is 15 s: images, models and pushes take longer
        "rules": [{"backendRefs": [{"name": service, "port": port}], "timeouts": {"request": "0s"}}],
    }
    return manifest("HTTPRoute", GATEWAY_API, name, namespace, spec=spec)


def client_secret(address: Address, key: str, **more: str) -> FilledSecret:
    """Return the Secret with a tool's password at the issuer of tokens under a key, and other entries beside it."""
    source = f"{BELOW}:{address.client}"

    def filled() -> Callable[[Mapping[str, str]], dict[str, str]]:
        return lambda values: {key: values[source], **more}

    return FilledSecret(address.client, (source,), filled())


def _sign_in(environment: Environment, tool: Tool, address: Address, host: str) -> Manifest:
    """Return what makes the gateway sign people in and look at their groups before they get to a tool.

    Envoy Gateway, "OIDC" and "JWT Claim Based Authorization": the identity token comes with a cookie.
    """
    oidc = environment.first_boot.api_server.oidc
    issuer = oidc.issuer if oidc is not None else ""
    groups = _PEOPLE[address.people](environment)
    allowed = {"provider": "dex", "claims": [{"name": "groups", "valueType": "StringArray", "values": groups}]}
    spec: dict[str, Any] = {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": address.name}],
        "oidc": {
            "provider": {
                "issuer": issuer,
                "authorizationEndpoint": f"{issuer}/auth",
                "tokenEndpoint": f"{DEX}/token",
            },
            "clientID": address.name,
            "clientSecret": {"name": address.client},
            "redirectURL": f"https://{host}{GATEWAY_CALLBACK}",
            "scopes": ["openid", "email", "profile", "groups"],
            "cookieNames": {"idToken": _ID_TOKEN},
        },
        "jwt": {
            "providers": [
                {
                    "name": "dex",
                    "issuer": issuer,
                    "audiences": [address.name],
                    "remoteJWKS": {"uri": f"{DEX}/keys"},
                    "extractFrom": {"cookies": [_ID_TOKEN]},
                }
            ]
        },
        "authorization": {
            "defaultAction": "Deny",
            "rules": [{"name": "groups", "action": "Allow", "principal": {"jwt": allowed}}] if groups else [],
        },
    }
    return manifest("SecurityPolicy", _POLICY_API, address.name, tool.namespace, spec=spec)
