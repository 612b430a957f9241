"""The issuer of people's tokens: Dex, which asks a directory who somebody is."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from infra.components.component import Component, FilledSecret, chart_values, fingerprint
from infra.components.sources import MADE
from infra.components.ways_in import route
from infra.model.tools import reachable, tools_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.access import Ldap
    from infra.model.environment import Environment
    from infra.model.tools import Address

NAME = "dex"
NAMESPACE = "dex"
PASSWORD = "slipway:ldapPassword"  # noqa: S105 - the name of a setting
_CONFIG = "dex-config"
_PORTS = {"ldaps": 636, "startTls": 389}
# Which attributes name people and groups: RFC 2798 and 4519, and Microsoft's schema.
_ATTRIBUTES = {
    "ldap": {"login": "uid", "id": "uid", "email": "mail", "name": "cn", "member": "member", "group": "cn"},
    "activeDirectory": {
        "login": "sAMAccountName",
        "id": "sAMAccountName",
        "email": "userPrincipalName",
        "name": "cn",
        "member": "member:1.2.840.113556.1.4.1941:",  # groups within groups, too
        "group": "cn",
    },
}


def sign_in(environment: Environment) -> Component | None:
    """Return the issuer of tokens of an environment's cluster, or None when somebody else's is used."""
    asked, oidc = environment.cluster.sign_in, environment.first_boot.api_server.oidc
    if asked is None or oidc is None:
        return None
    host = oidc.issuer.removeprefix("https://").partition("/")[0]

    domain = environment.cluster.gateway.domain if environment.cluster.gateway is not None else ""
    tools = clients(environment)

    def config(values: Mapping[str, str]) -> dict[str, str]:
        content = dex_config(oidc.issuer, oidc.client_id, asked.ldap, values[PASSWORD])
        content["staticClients"] += [_client(each, domain, values[f"{MADE}:{each.client}"]) for each in tools]
        return {"config.yaml": json.dumps(content, indent=2, sort_keys=True)}

    sources = (PASSWORD, *(f"{MADE}:{each.client}" for each in tools))
    unfilled = config(dict.fromkeys(sources, ""))
    return Component(
        NAME,
        NAMESPACE,
        needs=("envoy-gateway",),
        chart=True,
        values=chart_values(f"cluster/{NAME}", {"config": _CONFIG, "fingerprint": fingerprint(unfilled)}),
        secrets=(FilledSecret(_CONFIG, sources, config),),
        after=(route(NAME, NAMESPACE, host, NAME, 5556),),
    )


def clients(environment: Environment) -> tuple[Address, ...]:
    """Return the addresses of tools whose people sign in here; each is a client with a password of its own."""
    if environment.cluster.sign_in is None:
        return ()
    found = [address for tool in tools_of(environment).values() for address in reachable(environment, tool)]
    return tuple(address for address in found if address.callbacks)


def _client(address: Address, domain: str, password: str) -> dict[str, Any]:
    return {
        "id": address.name,
        "name": address.title,
        "secret": password,
        "redirectURIs": [f"https://{address.host(domain)}{path}" for path in address.callbacks],
    }


def dex_config(issuer: str, client: str, ldap: Ldap, password: str) -> dict[str, Any]:
    """Return Dex's configuration; the client is public, as command lines are (RFC 8252)."""
    return {
        "issuer": issuer,
        "storage": {"type": "kubernetes", "config": {"inCluster": True}},
        "web": {"http": "0.0.0.0:5556"},
        "oauth2": {"skipApprovalScreen": True},
        "staticClients": [
            {
                "id": client,
                "name": "Kubernetes",
                "public": True,
                "redirectURIs": ["http://localhost:8000", "http://localhost:18000"],
            }
        ],
        "connectors": [{"type": "ldap", "id": "ldap", "name": ldap.host, "config": _connector(ldap, password)}],
    }


def _connector(ldap: Ldap, password: str) -> dict[str, Any]:
    names = _ATTRIBUTES[ldap.kind]
    found: dict[str, Any] = {
        "host": f"{ldap.host}:{_PORTS[ldap.protocol]}",
        "startTLS": ldap.protocol == "startTls",
        "insecureNoSSL": False,
        "bindDN": ldap.bind_name,
        "bindPW": password,
        "userSearch": {
            "baseDN": ldap.people.base,
            "filter": ldap.people.filter,
            "username": names["login"],
            "idAttr": names["id"],
            "emailAttr": names["email"],
            "nameAttr": names["name"],
        },
        "groupSearch": {
            "baseDN": ldap.groups.base,
            "filter": ldap.groups.filter,
            "nameAttr": names["group"],
            "userMatchers": [{"userAttr": "DN", "groupAttr": names["member"]}],
        },
    }
    if ldap.authority:
        found["rootCAData"] = base64.b64encode(ldap.authority.encode()).decode()
    return found
