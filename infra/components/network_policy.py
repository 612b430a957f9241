"""What the pods of a namespace may talk to, out of the table of links: everything else is refused.

Cilium's own policies are used, not Kubernetes' NetworkPolicy: that knows addresses alone, and Cilium does not match
those of nodes and of the API server by address (Cilium, "Layer 3 policy: IP/CIDR based").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, manifest
from infra.model.links import links_of, parties

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.environment import Environment
    from infra.model.links import Link, Party

API = "cilium.io/v2"
NAME = "as-linked"
_NAMESPACE = "k8s:io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "k8s:io.cilium.k8s.namespace.labels"
_DNS = {
    "toEndpoints": [{"matchLabels": {_NAMESPACE: "kube-system", "k8s:k8s-app": "kube-dns"}}],
    "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
}


def network_policy(environment: Environment, namespace: str) -> Manifest:
    """Return the policy of a namespace of one or more parties: it talks as the links of an environment say."""
    own = {name for name, party in parties().items() if party.namespace == namespace}
    return _policy(namespace, own, links_of(environment))


def team_policy(environment: Environment, namespace: str) -> Manifest:
    """Return the policy of a namespace of a team."""
    own = {name for name, party in parties().items() if party.label}
    return _policy(namespace, own, links_of(environment))


def _policy(namespace: str, own: set[str], links: Iterable[Link]) -> Manifest:
    known = parties()
    links = tuple(links)
    incoming = [_rule("from", known[each.caller], each.port) for each in links if each.called in own]
    outgoing = [_rule("to", known[each.called], each.port) for each in links if each.caller in own]
    spec = {
        "endpointSelector": {},
        "ingress": [{"fromEndpoints": [{}]}, *_once(incoming)],
        "egress": [{"toEndpoints": [{}]}, _DNS, *_once(outgoing)],
    }
    return manifest("CiliumNetworkPolicy", API, NAME, namespace, spec=spec)


def _rule(direction: str, other: Party, port: int) -> dict[str, Any]:
    ports = {"toPorts": [{"ports": [{"port": str(port), "protocol": "TCP"}]}]}
    if other.entity:
        entities = [other.entity, *(["remote-node"] if other.entity == "host" else [])]
        return {f"{direction}Entities": entities, **ports}
    labels = (
        {"matchExpressions": [{"key": f"{_NAMESPACE_LABELS}.{other.label}", "operator": "Exists"}]}
        if other.label
        else {"matchLabels": {_NAMESPACE: other.namespace}}
    )
    return {f"{direction}Endpoints": [labels], **ports}


def _once(rules: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each rule once, in the order in which they come."""
    found: list[dict[str, Any]] = []
    for rule in rules:
        if rule not in found:
            found.append(rule)
    return found
