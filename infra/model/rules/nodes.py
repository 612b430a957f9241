"""Nodes: sizes that work, names that fit, places that are named, disks and taints that don't collide."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from infra.model.environment import CONTROL_PLANE, pool_path
from infra.model.rules.finding import Finding
from infra.model.texts import LONGEST_DNS_LABEL, LONGEST_DOMAIN_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment

CONTROL_PLANE_CPUS = 2  # kubeadm, preflight check NumCPU
CONTROL_PLANE_MEMORY_GIB = 2  # kubeadm, preflight check Mem: 1700 MiB
CONTROLLER_UNIT = 7  # of every SCSI controller
# Kubernetes, "NodeRestriction": what a kubelet or a person may set below the reserved domains.
_RESERVED_DOMAINS = ("kubernetes.io", "k8s.io")
_OWN_PREFIX = "slipway.dev/"
_ALLOWED_PREFIXES = ("node.kubernetes.io", "kubelet.kubernetes.io", "node-restriction.kubernetes.io")


def node_rules(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with the nodes of one environment."""
    yield from _control_plane_works(environment)
    yield from _names_fit(environment)
    yield from _clusters_are_named(environment)
    yield from _disks_apart(environment)
    yield from _labels_and_taints(environment)
    yield from _protected_things_are_there(environment)


def _control_plane_works(environment: Environment) -> Iterator[Finding]:
    machine = environment.control_plane
    if machine.count % 2 == 0:
        yield Finding(
            "controlPlane.count",
            str(machine.count),
            "is even, and etcd loses its majority sooner with an even number than with one node less",
            f"use {machine.count - 1} or {machine.count + 1}",
        )
    if machine.cpus < CONTROL_PLANE_CPUS:
        fix = f"use {CONTROL_PLANE_CPUS} or more"
        yield Finding("controlPlane.cpus", str(machine.cpus), "is fewer than kubeadm accepts", fix)
    if machine.memory_gib < CONTROL_PLANE_MEMORY_GIB:
        fix = f"use {CONTROL_PLANE_MEMORY_GIB} or more"
        yield Finding("controlPlane.memoryGiB", str(machine.memory_gib), "is less than kubeadm accepts", fix)


def _names_fit(environment: Environment) -> Iterator[Finding]:
    if CONTROL_PLANE in environment.node_pools:
        yield Finding(
            f"nodePools.{CONTROL_PLANE}",
            "",
            "is the name that control-plane nodes carry (controlPlane)",
            "choose another name for the pool",
        )
    for pool, machine in environment.machines().items():
        longest = environment.node_name(pool, max(machine.count, 1))
        if len(longest) > LONGEST_DNS_LABEL:
            yield Finding(
                pool_path(pool),
                "",
                f"makes the host name {longest} of {len(longest)} characters, DNS allows {LONGEST_DNS_LABEL}",
                "shorten the name of the pool or of the environment",
            )
    yield from _full_names_fit(environment)


def _full_names_fit(environment: Environment) -> Iterator[Finding]:
    """Yield the domain when it makes the longest name of a node too long."""
    domain = environment.network.domain
    names = [environment.node_name(pool, max(machine.count, 1)) for pool, machine in environment.machines().items()]
    longest = max(names, key=len)
    length = len(f"{longest}.{domain}")
    if length > LONGEST_DOMAIN_NAME:
        yield Finding(
            "network.domain",
            domain,
            f"makes a full name of {length} characters for {longest}, DNS allows {LONGEST_DOMAIN_NAME}",
            "shorten the domain",
        )


def _clusters_are_named(environment: Environment) -> Iterator[Finding]:
    clusters = environment.vcenter.clusters
    for name, number in Counter(clusters).items():
        if number > 1:
            yield Finding("vcenter.clusters", "", f"names {name} {number} times", "name every cluster once")
    for pool, machine in environment.machines().items():
        path = f"{pool_path(pool)}.cluster"
        if machine.cluster is None and len(clusters) > 1:
            fix = f"add it: {' or '.join(clusters)}"
            yield Finding(path, "", f"is missing, and vcenter.clusters names {len(clusters)}", fix)
        elif machine.cluster is not None and machine.cluster not in clusters:
            fix = f"use one of them, or add it there: {', '.join(clusters)}"
            yield Finding(path, machine.cluster, "is not one of vcenter.clusters", fix)


def _disks_apart(environment: Environment) -> Iterator[Finding]:
    for pool_name, pool in sorted(environment.node_pools.items()):
        taken: dict[int, str] = {}
        for name, disk in sorted(pool.data_disks.items()):
            path = f"nodePools.{pool_name}.dataDisks.{name}.unit"
            if disk.unit == CONTROLLER_UNIT:
                yield Finding(path, str(disk.unit), "is the SCSI controller's own unit", "use 1 to 15 without 7")
            elif disk.unit in taken:
                other = f"nodePools.{pool_name}.dataDisks.{taken[disk.unit]}"
                yield Finding(path, str(disk.unit), f"is the unit of {other}, too", "give every disk its own unit")
            taken.setdefault(disk.unit, name)


def _labels_and_taints(environment: Environment) -> Iterator[Finding]:
    for pool_name, pool in sorted(environment.node_pools.items()):
        for key in sorted(pool.labels):
            if key.startswith(_OWN_PREFIX):
                path = f"nodePools.{pool_name}.labels.{key}"
                yield Finding(path, "", "is a label that Slipway sets itself", "choose a prefix of yours")
            elif _is_reserved(key):
                yield Finding(
                    f"nodePools.{pool_name}.labels.{key}",
                    "",
                    "is a label of Kubernetes' own",
                    "choose a prefix of yours, for example example.com/",
                )
        seen: dict[tuple[str, str], int] = {}
        for index, taint in enumerate(pool.taints):
            if _is_within(taint.key.rpartition("/")[0], _RESERVED_DOMAINS):
                reason = "is a taint of Kubernetes' own, which its controllers put there and take away"
                fix = "choose a prefix of yours, for example example.com/"
                yield Finding(f"nodePools.{pool_name}.taints[{index}].key", taint.key, reason, fix)
            first = seen.setdefault((taint.key, taint.effect), index)
            if first != index:
                yield Finding(
                    f"nodePools.{pool_name}.taints[{index}]",
                    "",
                    f"has key and effect of nodePools.{pool_name}.taints[{first}] ({taint.key}, {taint.effect})",
                    "keep one of the two",
                )


def _is_reserved(label: str) -> bool:
    prefix, slash, _ = label.rpartition("/")
    if not slash or _is_within(prefix, _ALLOWED_PREFIXES):
        return False
    return _is_within(prefix, _RESERVED_DOMAINS)


def _is_within(prefix: str, domains: tuple[str, ...]) -> bool:
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in domains)


def _protected_things_are_there(environment: Environment) -> Iterator[Finding]:
    known = [pool_path(name) for name in environment.machines()]
    for index, thing in enumerate(environment.protected):
        path = f"protected[{index}]"
        if thing in environment.protected[:index]:
            yield Finding(path, thing, "stands there twice", "keep one of the two")
        elif thing not in known:
            yield Finding(
                path,
                thing,
                "is protected and not there",
                f"put it back, or take it from this list first; what can be protected: {', '.join(known)}",
            )
