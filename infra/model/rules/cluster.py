"""What runs in the cluster: sections that need each other, names in one hand, quotas that can be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.gpu_kinds import gpu_kinds, has_vgpus
from infra.model.rules.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release

# Namespaces that the cluster itself or its components have.
RESERVED = ("default", "cert-manager", "cilium-secrets", "dex", "envoy-gateway-system", "gpu-operator", "kueue-system",
            "node-feature-discovery", "vmware-system-csi")  # fmt: skip


def cluster_rules(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with the cluster section of one environment."""
    yield from _room(environment)
    yield from _bgp(environment)
    yield from _storage(environment)
    yield from _gateway(environment)
    yield from _certificates(environment)
    yield from _sign_in(environment)
    yield from _groups(environment)
    yield from _namespaces(environment)
    yield from _gpu_quotas(environment)
    yield from _driver(environment)


def cluster_release_rules(environment: Environment, release: Release) -> Iterator[Finding]:
    """Yield what the cluster section asks that the release does not allow."""
    gpu = environment.cluster.gpu
    operator = release.machine_template.driver_strategy == "operator"
    if gpu is not None and gpu.driver_image is None and operator and has_vgpus(environment):
        yield Finding(
            "cluster.gpu.driverImage",
            "",
            "is missing, and vGPUs need NVIDIA's guest driver, which is in no public registry",
            "build its image, push it to your registry and name it here",
        )


def _room(environment: Environment) -> Iterator[Finding]:
    asked = environment.cluster
    plain = asked.certificates is not None or asked.metrics or asked.queues  # a gateway and sign-in need the first
    if plain and environment.untainted_workers() == 0:
        reason = "have no node without taints, and the cluster's own components need one (nodes with GPUs are tainted)"
        yield Finding("nodePools", "", reason, "add a pool without GPUs and taints")


def _bgp(environment: Environment) -> Iterator[Finding]:
    bgp = environment.cluster.network.bgp
    addresses = [str(peer.address) for peer in bgp.peers] if bgp is not None else []
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            path = f"cluster.network.bgp.peers[{index}].address"
            yield Finding(path, address, "is named twice", "name every router once")


def _storage(environment: Environment) -> Iterator[Finding]:
    storage = environment.cluster.storage
    defaults = sorted(name for name, each in storage.classes.items() if each.default) if storage else []
    if len(defaults) > 1:
        fix = "let one of them be the default"
        yield Finding("cluster.storage.classes", ", ".join(defaults), "are all the default", fix)


def _gateway(environment: Environment) -> Iterator[Finding]:
    gateway, addresses = environment.cluster.gateway, environment.network.load_balancers
    if gateway is None:
        return
    if environment.cluster.certificates is None:
        fix = "remove `certificates: null`, or the gateway"
        yield Finding("cluster.gateway", "", "needs certificates, and cluster.certificates is null", fix)
    if gateway.address is not None and gateway.address not in addresses:
        reason = f"is outside network.loadBalancers ({addresses})"
        yield Finding("cluster.gateway.address", str(gateway.address), reason, "choose one of them, or leave it out")


def _certificates(environment: Environment) -> Iterator[Finding]:
    asked = environment.cluster.certificates
    if asked is not None and asked.acme is not None and asked.authority is not None:
        yield Finding("cluster.certificates", "", "names both acme and authority", "give one of the two")


def _sign_in(environment: Environment) -> Iterator[Finding]:
    cluster, oidc = environment.cluster, environment.first_boot.api_server.oidc
    if cluster.sign_in is None:
        return
    if oidc is None:
        fix = "say there which issuer the API servers trust"
        yield Finding("cluster.signIn", "", "needs firstBoot.apiServer.oidc, which is missing", fix)
    if cluster.gateway is None:
        yield Finding("cluster.signIn", "", "needs cluster.gateway, which is missing", "add a gateway")
    if oidc is not None and cluster.gateway is not None:
        host = oidc.issuer.removeprefix("https://")
        label, _, domain = host.partition(".")
        if domain != cluster.gateway.domain or not label:
            reason = f"is not right below the gateway's domain ({cluster.gateway.domain}), where cluster.signIn answers"
            fix = f"write https://dex.{cluster.gateway.domain}"
            yield Finding("firstBoot.apiServer.oidc.issuer", oidc.issuer, reason, fix)
    asked = cluster.certificates
    if asked is not None and asked.acme is None:
        known = {each.strip() for each in environment.first_boot.trusted_authorities}
        if asked.authority is None or asked.authority.strip() not in known:
            reason = "would answer with a certificate of an authority that the API servers do not know"
            fix = "use certificates.acme, or a certificates.authority that firstBoot.trustedAuthorities lists, too"
            yield Finding("cluster.signIn", "", reason, fix)


def _groups(environment: Environment) -> Iterator[Finding]:
    if environment.first_boot.api_server.oidc is not None:
        return
    access = environment.cluster.access
    named = {"cluster.access.administrators": access.administrators, "cluster.access.viewers": access.viewers}
    for name, team in sorted(environment.cluster.teams.items()):
        named |= {f"cluster.teams.{name}.members": team.members, f"cluster.teams.{name}.viewers": team.viewers}
    for path, groups in named.items():
        if groups:
            reason = "come with people's tokens, and firstBoot.apiServer.oidc is missing"
            yield Finding(path, ", ".join(groups), reason, "say there who issues the tokens, or remove the groups")


def _namespaces(environment: Environment) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for name, team in sorted(environment.cluster.teams.items()):
        for namespace in sorted(team.namespaces):
            path = f"cluster.teams.{name}.namespaces.{namespace}"
            if namespace in RESERVED or namespace.startswith("kube-"):
                yield Finding(path, "", "is a namespace of the cluster's own", "choose another name")
            elif namespace in owners:
                yield Finding(path, "", f"belongs to team {owners[namespace]}, too", "give every team its own")
            owners.setdefault(namespace, name)


def _driver(environment: Environment) -> Iterator[Finding]:
    gpu = environment.cluster.gpu
    if gpu is not None and gpu.driver_registry_user and not gpu.driver_image:
        fix = "name the image in cluster.gpu.driverImage, or remove the user"
        reason = "logs in to a registry, and no image of one is named"
        yield Finding("cluster.gpu.driverRegistryUser", gpu.driver_registry_user, reason, fix)


def _gpu_quotas(environment: Environment) -> Iterator[Finding]:
    kinds = gpu_kinds(environment)
    promised: dict[str, list[tuple[str, int]]] = {}
    for name, team in sorted(environment.cluster.teams.items()):
        for kind, count in sorted(team.quota.gpus.items()):
            if kind not in kinds:
                fix = f"kinds here: {', '.join(kinds) or 'none'}"
                yield Finding(f"cluster.teams.{name}.quota.gpus.{kind}", str(count), "no pool has such GPUs", fix)
            else:
                promised.setdefault(kind, []).append((name, count))
    for kind, shares in sorted(promised.items()):
        total = sum(count for _, count in shares)
        if total > kinds[kind].count:
            teams = ", ".join(f"{name} {count}" for name, count in shares)
            reason = f"are {total} {kind}, and {', '.join(kinds[kind].pools)} has {kinds[kind].count}"
            fix = "lower them: what a team does not use others may borrow anyway"
            yield Finding("cluster.teams", teams, reason, fix)
