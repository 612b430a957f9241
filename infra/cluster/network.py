"""The network inside the cluster: Cilium, with load-balancer addresses announced on layer 2 or by BGP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import LABEL_PREFIX, SYSTEM_NAMESPACE, Component, Manifest, chart_values, manifest
from infra.identity import API_PORT

if TYPE_CHECKING:
    from infra.model.cluster import Bgp
    from infra.model.environment import Environment

NAME = "cilium"
_ANY_SERVICE = {"matchExpressions": [{"key": f"{LABEL_PREFIX}/not-announced", "operator": "DoesNotExist"}]}
_WORKERS = {"matchExpressions": [{"key": "node-role.kubernetes.io/control-plane", "operator": "DoesNotExist"}]}
_ADVERTISED = {f"{LABEL_PREFIX}/advertise": "load-balancers"}


def network(environment: Environment) -> Component:
    """Return the network of an environment's cluster."""
    bgp = environment.cluster.network.bgp
    values = {
        "environment": environment.name,
        "api_address": str(environment.network.api_address),
        "api_port": API_PORT,
        "bgp": bgp is not None,
        # one node each; it tolerates the control plane's taint and no pool's own
        "operators": min(2, environment.control_plane.count + environment.untainted_workers()),
    }
    addresses = environment.network.load_balancers
    pool = manifest(
        "CiliumLoadBalancerIPPool",
        "cilium.io/v2",
        "load-balancers",
        spec={"blocks": [{"start": str(addresses.first), "stop": str(addresses.last)}]},
    )
    announced = [_on_the_node_network()] if bgp is None else list(_by_bgp(bgp))
    return Component(
        NAME, SYSTEM_NAMESPACE, chart=True, values=chart_values(f"cluster/{NAME}", values), after=(pool, *announced)
    )


def _on_the_node_network() -> Manifest:
    spec = {"loadBalancerIPs": True, "nodeSelector": _WORKERS, "interfaces": ["^e(n|th).*"]}
    return manifest("CiliumL2AnnouncementPolicy", "cilium.io/v2alpha1", "load-balancers", spec=spec)


def _by_bgp(bgp: Bgp) -> tuple[Manifest, ...]:
    peers = [
        {
            "name": f"router-{peer.address}".replace(".", "-"),
            "peerASN": peer.asn,
            "peerAddress": str(peer.address),
            "peerConfigRef": {"name": "routers"},
        }
        for peer in bgp.peers
    ]
    cluster: dict[str, Any] = {
        "nodeSelector": _WORKERS,
        "bgpInstances": [{"name": "workers", "localASN": bgp.local_asn, "peers": peers}],
    }
    families = [{"afi": "ipv4", "safi": "unicast", "advertisements": {"matchLabels": _ADVERTISED}}]
    advertised = {
        "advertisements": [
            {"advertisementType": "Service", "service": {"addresses": ["LoadBalancerIP"]}, "selector": _ANY_SERVICE}
        ]
    }
    return (
        manifest("CiliumBGPPeerConfig", "cilium.io/v2", "routers", spec={"families": families}),
        manifest("CiliumBGPAdvertisement", "cilium.io/v2", "load-balancers", labels=_ADVERTISED, spec=advertised),
        manifest("CiliumBGPClusterConfig", "cilium.io/v2", "workers", spec=cluster),
    )
