"""What is wrong with a vCenter for an environment, and how it is mended: pure, over facts that were read before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.compute.plan import plan_compute
from infra.counting import counted
from infra.model.environment import CONTROL_PLANE, pool_path
from infra.template_contract import template_differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set
    from datetime import datetime

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.vsphere.examination import Facts

Verdict = Literal["right", "warning", "wrong"]
SHORTEST_CERTIFICATE = 30  # days that a certificate should still be good for
CLOCK_WARNING = 5  # seconds
CLOCK_LIMIT = 60  # seconds; beyond it certificates made here are not valid there yet


@dataclass(frozen=True)
class Diagnosis:
    """One check: what was looked at, the verdict, what was found, and what to do about it (empty when right)."""

    check: str
    verdict: Verdict
    found: str
    fix: str = ""


def diagnose(
    environment: Environment, release: Release, facts: Facts, answering: Set[str], now: datetime
) -> list[Diagnosis]:
    """Return a diagnosis for every check, in the order in which things are needed; a check that fails may have several.

    `answering` are the planned addresses at which something answers from here.
    """
    first = [
        Diagnosis("login", "right", f"{facts.about}, as {facts.user}"),
        _certificate(facts, now),
        _clock(facts),
        *_places(facts),
    ]
    if any("no datacenter" in line for line in facts.missing):
        return first  # nothing else can be found without it
    return [
        *first,
        *_privileges(environment, facts),
        *_template(environment, release, facts),
        *_hosts(environment, facts),
        *_storage(environment, release, facts),
        *_addresses(environment, release, facts, answering),
    ]


def _certificate(facts: Facts, now: datetime) -> Diagnosis:
    days = (facts.certificate_ends - now).days
    found = f"trusted, good until {facts.certificate_ends:%Y-%m-%d}"
    if days >= SHORTEST_CERTIFICATE:
        return Diagnosis("certificate", "right", found)
    fix = "renew it in the vSphere Client, Administration > Certificates"
    return Diagnosis("certificate", "warning", f"{found}: {days} days", fix)


def _clock(facts: Facts) -> Diagnosis:
    offset = facts.clock_offset
    found = f"vCenter's clock is {abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'} this machine's"
    if abs(offset) <= CLOCK_WARNING:
        return Diagnosis("clock", "right", found)
    verdict: Verdict = "wrong" if abs(offset) > CLOCK_LIMIT else "warning"
    return Diagnosis("clock", verdict, found, "let both follow the same NTP servers")


def _places(facts: Facts) -> Iterator[Diagnosis]:
    for line in facts.missing:
        found, _, fix = line.rpartition("; ")
        yield Diagnosis("places", "wrong", found, fix)
    if not facts.missing:
        yield Diagnosis("places", "right", "everything that the document names is there")


def _privileges(environment: Environment, facts: Facts) -> Iterator[Diagnosis]:
    for privilege, path in facts.missing_privileges:
        fix = f"add it to the role of {facts.user}; the whole role: ./slipway doctor {environment.name} --role"
        yield Diagnosis("privileges", "wrong", f"{privilege.name} is missing on {path}", fix)
    if not facts.missing_privileges:
        yield Diagnosis("privileges", "right", f"{facts.user} may do all that is needed")


def _template(environment: Environment, release: Release, facts: Facts) -> Iterator[Diagnosis]:
    if facts.template is None:
        return  # its absence is among the places
    differences = template_differences(facts.template, release)
    for difference in differences:
        fix = f"build it anew: ./slipway release template {release.version}"
        yield Diagnosis("template", "wrong", f"{environment.vcenter.template}: {difference}", fix)
    if not differences:
        found = f"{environment.vcenter.template} is what release {release.version} asks for"
        yield Diagnosis("template", "right", found)


def _hosts(environment: Environment, facts: Facts) -> Iterator[Diagnosis]:
    problems = list(_host_problems(environment, facts))
    yield from problems
    if not problems:
        usable = sum(host.usable for host in facts.hosts)
        yield Diagnosis("hosts", "right", f"{usable} of {len(facts.hosts)} hosts take machines")


def _host_problems(environment: Environment, facts: Facts) -> Iterator[Diagnosis]:
    for cluster in environment.vcenter.clusters:
        hosts = [host for host in facts.hosts if host.cluster == cluster and host.usable]
        machines = {n: m for n, m in environment.machines().items() if environment.cluster_of(m) == cluster}
        largest = max((host.memory_gib for host in hosts), default=0)
        threads = max((host.threads for host in hosts), default=0)
        for name, machine in machines.items():
            path = pool_path(name)
            if machine.anti_affinity == "required" and machine.count > len(hosts):
                found = f"{path}: {machine.count} nodes shall run on different hosts, {cluster} has {len(hosts)} usable"
                yield Diagnosis("hosts", "wrong", found, f"add hosts, or set {path}.antiAffinity to preferred")
            if machine.memory_gib > largest:
                found = f"{path}: {machine.memory_gib} GiB of memory, the largest host of {cluster} has {largest} GiB"
                yield Diagnosis("hosts", "wrong", found, "ask for less memory, or use a cluster with larger hosts")
            if machine.cpus > threads:
                found = f"{path}: {machine.cpus} CPUs, the largest host of {cluster} has {threads} threads"
                yield Diagnosis("hosts", "wrong", found, "ask for fewer CPUs, or use a cluster with larger hosts")
        asked = sum(machine.count * machine.memory_gib for machine in machines.values())
        there = sum(host.memory_gib for host in hosts)
        if asked > there:
            found = f"{cluster}: the environment asks for {asked} GiB of memory, its usable hosts have {there} GiB"
            yield Diagnosis("hosts", "warning", found, "vSphere would have to swap: ask for less, or add hosts")


def _storage(environment: Environment, release: Release, facts: Facts) -> Iterator[Diagnosis]:
    usable = [store for store in facts.datastores if store.usable]
    free = sum(store.free_gib for store in usable)
    storage = environment.vcenter.storage
    name = storage.datastore_cluster or storage.datastore
    if not facts.datastores:
        return  # its absence is among the places
    plan = plan_compute(environment, release)
    coming = [pool for pool in plan.pools for node in pool.nodes if node.name not in facts.present]
    at_once = len(coming) * release.machine_template.disk_gib
    planned = sum(disk.size_gib * len(pool.nodes) for pool in plan.pools for disk in pool.disks)
    in_the_end = max(planned - facts.own_disks_gib, 0)
    machines = f"{counted(len(coming), 'machine')} to come"
    found = f"{name}: {free} GiB free; {machines}, {at_once} GiB at once, disks may grow by {in_the_end} GiB"
    fix = "free space, enlarge it, or use another vcenter.storage"
    verdict: Verdict = "wrong" if free < at_once else "warning" if free < in_the_end else "right"
    yield Diagnosis("storage", verdict, found, "" if verdict == "right" else fix)
    for store in facts.datastores:
        if not store.usable:
            fix = "end its maintenance, or reconnect it"
            yield Diagnosis("storage", "warning", f"{store.name} takes no machines now", fix)


def _addresses(environment: Environment, release: Release, facts: Facts, answering: Set[str]) -> Iterator[Diagnosis]:
    free = True
    for address, taker in to_be_taken(environment, release, facts.present).items():
        holder = facts.holders.get(address)
        if address in facts.own_addresses:
            continue  # a node of the environment's own gives it up: `up` lets that one go first
        if holder is None and address not in answering:
            continue
        free = False
        who = f"virtual machine {holder} has it" if holder else "something answers there"
        fix = "free it, or move the range in the document"
        yield Diagnosis("addresses", "wrong", f"{address}, for {taker}: {who}", fix)
    if free:
        yield Diagnosis("addresses", "right", "nobody else has the addresses that the environment uses")


def to_be_taken(environment: Environment, release: Release, present: Set[str]) -> Mapping[str, str]:
    """Return the addresses that come into use, with who will have each: nodes that are not there yet, and the API."""
    nodes = {node.address: node.name for node in plan_compute(environment, release).nodes if node.name not in present}
    running = any(name.startswith(f"{environment.name}-{CONTROL_PLANE}-") for name in present)
    return nodes if running else nodes | {str(environment.network.api_address): "the API server"}


def what_does_not_fit(environment: Environment, release: Release, facts: Facts) -> list[Diagnosis]:
    """Return what has to be mended before anything is made: hosts, storage, template, addresses that somebody has."""
    found = [
        *_template(environment, release, facts),
        *_hosts(environment, facts),
        *_storage(environment, release, facts),
        *_addresses(environment, release, facts, frozenset()),
    ]
    return [diagnosis for diagnosis in found if diagnosis.verdict == "wrong"]
