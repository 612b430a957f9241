"""Files that a node finds at its first boot: registry mirrors, proxy, what the API server reads. Plain data only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment

_AUDIT_LEVELS = {"metadata": "Metadata", "request": "Request", "requestResponse": "RequestResponse"}
_APPENDED = ("/etc/environment",)  # it has lines of the operating system's
API_SERVER_FILES = "/etc/kubernetes/slipway"  # the control plane's static pods mount it


def node_files(environment: Environment, others: Mapping[str, str], *, control_plane: bool) -> list[dict[str, object]]:
    """Return the files of a node, with some `others`, as cloud-init's write_files takes them, in the order of paths."""
    files = {**_mirrors(environment), **_proxy(environment), **others}
    if control_plane:
        files |= _api_server(environment)
    return [
        {"path": path, "permissions": "0644", "append": path in _APPENDED, "content": content}
        for path, content in sorted(files.items())
    ]


def _mirrors(environment: Environment) -> dict[str, str]:
    """Return a hosts.toml per registry (containerd, "Registry Configuration": what stands in its config_path)."""
    return {
        f"/etc/containerd/certs.d/{registry}/hosts.toml": render(
            "machine/hosts.toml.j2",
            # where the path has the API's root in it already, containerd must not append it
            {"mirrors": [{"url": url.rstrip("/"), "whole": "/v2" in url} for url in urls]},
        )
        for registry, urls in environment.first_boot.registry_mirrors.items()
    }


def proxy_exceptions(environment: Environment) -> list[str]:
    """Return what nodes reach without the proxy: themselves, the environment's networks, what the document adds."""
    network = environment.network
    own = ["localhost", "127.0.0.1", str(network.cidr), str(network.pods), str(network.services)]
    names = [".svc", ".cluster.local", f".{network.domain}"]
    given = environment.first_boot.proxy.exceptions if environment.first_boot.proxy else []
    return list(dict.fromkeys([*own, *names, *given]))


def proxy_variables(environment: Environment) -> dict[str, str]:
    """Return the environment variables that programs on a node find the proxy by; none without one."""
    proxy = environment.first_boot.proxy
    if proxy is None:
        return {}
    exceptions = ",".join(proxy_exceptions(environment))
    return {"HTTP_PROXY": proxy.http, "HTTPS_PROXY": proxy.https, "NO_PROXY": exceptions}


def _proxy(environment: Environment) -> dict[str, str]:
    variables = proxy_variables(environment)
    if not variables:
        return {}
    both = variables | {name.lower(): value for name, value in variables.items()}
    unit = render("machine/proxy.conf.j2", {"variables": variables})
    return {
        "/etc/environment": "".join(f'{name}="{value}"\n' for name, value in both.items()),
        "/etc/systemd/system/containerd.service.d/10-proxy.conf": unit,
        "/etc/systemd/system/kubelet.service.d/10-proxy.conf": unit,
    }


def _api_server(environment: Environment) -> dict[str, str]:
    server = environment.first_boot.api_server
    files = {}
    if server.audit_level != "none":
        policy = render("machine/audit-policy.yaml.j2", {"level": _AUDIT_LEVELS[server.audit_level]})
        files[f"{API_SERVER_FILES}/audit-policy.yaml"] = policy
    if server.oidc is not None:
        oidc = server.oidc.model_dump()
        files[f"{API_SERVER_FILES}/authentication.yaml"] = render("machine/authentication.yaml.j2", oidc)
    return files
