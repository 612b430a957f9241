"""The way in from outside: Envoy Gateway, one Gateway with a certificate for everything below its domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.cluster.certificates import API, ISSUER
from infra.components.component import Component, Manifest, chart_values, manifest
from infra.components.ways_in import GATEWAY, GATEWAY_API, GATEWAY_NAMESPACE

if TYPE_CHECKING:
    from infra.model.cluster import Gateway
    from infra.model.environment import Environment

NAME = "envoy-gateway"
NAMESPACE = GATEWAY_NAMESPACE
GATEWAY_CLASS = "envoy"
_CERTIFICATE = "gateway-certificate"
_DOMAIN = "cluster.local"
_PROXIES = 2
# What the chart's hook would make (it does not run): Secret, and the names that it is for.
_INNER_CERTIFICATES = {
    "envoy-gateway": ["envoy-gateway", f"envoy-gateway.{NAMESPACE}", f"envoy-gateway.{NAMESPACE}.svc",
                      f"envoy-gateway.{NAMESPACE}.svc.{_DOMAIN}"],
    "envoy": [f"*.{NAMESPACE}", f"*.{NAMESPACE}.svc", f"*.{NAMESPACE}.svc.{_DOMAIN}"],
    "envoy-rate-limit": [f"*.{NAMESPACE}", f"*.{NAMESPACE}.svc", f"*.{NAMESPACE}.svc.{_DOMAIN}"],
}  # fmt: skip


def gateway(environment: Environment) -> Component | None:
    """Return the way into an environment's cluster, or None when there is none."""
    asked = environment.cluster.gateway
    if asked is None:
        return None
    return Component(
        NAME,
        NAMESPACE,
        needs=("cert-manager",),
        chart=True,
        values=chart_values(f"cluster/{NAME}", {}),
        generated={"envoy-oidc-hmac": ("hmac-secret",)},
        before=tuple(_inner_certificates()),
        after=tuple(_gateway(asked)),
    )


def _inner_certificates() -> list[Manifest]:
    authority = "envoy-gateway-authority"
    return [
        manifest("Issuer", API, "self-signed", NAMESPACE, spec={"selfSigned": {}}),
        _certificate(authority, {"name": "self-signed", "kind": "Issuer"}, isCA=True, commonName=authority),
        manifest("Issuer", API, authority, NAMESPACE, spec={"ca": {"secretName": authority}}),
        *(
            _certificate(name, {"name": authority, "kind": "Issuer"}, dnsNames=names, commonName=name)
            for name, names in _INNER_CERTIFICATES.items()
        ),
    ]


def _certificate(name: str, issuer: dict[str, str], **spec: Any) -> Manifest:  # noqa: ANN401 - any certificate
    common = {
        "secretName": name,
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never" if "isCA" in spec else "Always"},
        "issuerRef": {**issuer, "group": "cert-manager.io"},
    }
    return manifest("Certificate", API, name, NAMESPACE, spec={**common, **spec})


def _gateway(asked: Gateway) -> list[Manifest]:
    names = [asked.domain, f"*.{asked.domain}"]
    certificate = _certificate(_CERTIFICATE, {"name": ISSUER, "kind": "ClusterIssuer"}, dnsNames=names)
    everybody = {"namespaces": {"from": "All"}}
    listeners = [
        {"name": "http", "port": 80, "protocol": "HTTP", "hostname": f"*.{asked.domain}",
         "allowedRoutes": {"namespaces": {"from": "Same"}}},
        {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": f"*.{asked.domain}",
         "allowedRoutes": everybody,
         "tls": {"mode": "Terminate", "certificateRefs": [{"name": _CERTIFICATE, "kind": "Secret", "group": ""}]}},
    ]  # fmt: skip
    proxies = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": GATEWAY}
    spec: dict[str, Any] = {
        "gatewayClassName": GATEWAY_CLASS,
        "listeners": listeners,
        "infrastructure": {"parametersRef": proxies},
    }
    controller = "gateway.envoyproxy.io/gatewayclass-controller"
    redirect = {
        "parentRefs": [{"name": GATEWAY, "sectionName": "http"}],
        "rules": [
            {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}
        ],
    }
    return [
        manifest("GatewayClass", GATEWAY_API, GATEWAY_CLASS, spec={"controllerName": controller}),
        certificate,
        manifest("EnvoyProxy", "gateway.envoyproxy.io/v1alpha1", GATEWAY, NAMESPACE, spec=_proxies(asked)),
        manifest("Gateway", GATEWAY_API, GATEWAY, NAMESPACE, spec=spec),
        manifest("HTTPRoute", GATEWAY_API, "redirect-to-https", NAMESPACE, spec=redirect),
    ]


def _proxies(asked: Gateway) -> dict[str, Any]:
    """Return how the proxies run: two, and reached through every node, as one node alone announces the address."""
    service: dict[str, Any] = {"type": "LoadBalancer", "externalTrafficPolicy": "Cluster"}
    if asked.address is not None:
        service["annotations"] = {"lbipam.cilium.io/ips": str(asked.address)}
    kubernetes = {"envoyService": service, "envoyDeployment": {"replicas": _PROXIES}}
    return {"provider": {"type": "Kubernetes", "kubernetes": kubernetes}}
