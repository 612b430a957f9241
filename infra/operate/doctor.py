"""`slipway doctor`: what a vCenter must have ready, checked and said, each with the fix. Changes nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from infra.catalog import Catalog
from infra.counting import counted
from infra.diagnosis import Diagnosis, diagnose, to_be_taken
from infra.errors import PersonError
from infra.for_real import in_rehearsal
from infra.gpu_diagnosis import diagnose_gpus
from infra.gpu_software import diagnose_gpu_software, hosts_with_vgpus
from infra.operate.engine import stack_with_login
from infra.operate.upper_diagnosis import diagnose_upper_layers
from infra.vsphere.examination import examine
from infra.vsphere.gpu_inventory import read_gpu_inventory
from infra.vsphere.host_drivers import host_drivers
from infra.vsphere.privileges import needed_privileges
from infra.vsphere.session import vcenter_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.vsphere.session import VCenter

PROBED_PORTS = (22, 443, 6443)  # SSH, anything on the web, the Kubernetes API
PROBE_SECONDS = 1.0
PROBES_AT_ONCE = 200
_MARKS = {"right": "ok", "warning": "warning", "wrong": "WRONG"}


class NotReady(PersonError):
    """Something is wrong that has to be mended first; it has been shown already."""

    def __init__(self, environment: str, wrong: int) -> None:
        super().__init__(f"{environment}: {wrong} to mend before `./slipway up {environment}`")


def run_doctor(environment_name: str) -> None:
    """Examine an environment's vCenter and print every check. Raises `NotReady` when one is wrong."""
    environment, release = Catalog().load(environment_name)
    credentials = stack_with_login(environment_name).credentials(environment)
    with vcenter_session(credentials) as vcenter:
        facts = examine(vcenter, environment, credentials.user)
        gpus = _gpus(vcenter, environment, release)
    answering = asyncio.run(_answering(to_be_taken(environment, release, facts.present)))
    before = [*_own_side(release), *diagnose_upper_layers(environment, release)]
    found = [*before, *diagnose(environment, release, facts, answering, datetime.now(UTC)), *gpus]
    _show(environment_name, found)
    wrong = Counter(each.verdict for each in found)["wrong"]
    if wrong:
        raise NotReady(environment_name, wrong)


def _gpus(vcenter: VCenter, environment: Environment, release: Release) -> list[Diagnosis]:
    if not environment.has_gpus:
        return []
    inventory, _ = read_gpu_inventory(vcenter, environment.vcenter.server)
    drivers = host_drivers(vcenter, [host.name for host in hosts_with_vgpus(environment, inventory)])
    software = diagnose_gpu_software(environment, release, inventory, drivers)
    return [*diagnose_gpus(environment, inventory), *software]


def role_lines(environment_name: str) -> Iterator[str]:
    """Yield the privileges that the vCenter user of an environment needs, one per line, grouped by object."""
    environment, _ = Catalog().load(environment_name)
    where = {
        "root": "the vCenter itself (global permission)",
        "datacenter": "the datacenter",
        "cluster": "the clusters",
        "storage": "the datastore or datastore cluster",
        "network": "the port group or distributed switch",
    }
    last = None
    for privilege in needed_privileges(environment):
        if privilege.place != last:
            yield f"# on {where[privilege.place]}, with what is below it"
            last = privilege.place
        yield privilege.name


def _own_side(release: Release) -> Iterator[Diagnosis]:
    """Yield what can be said about this machine and the release."""
    for name, program in sorted(release.programs.items()):
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "not installed"
        verdict = installed == program.version
        fix = "" if verdict else f"check out the version of Slipway that release {release.version} was made with"
        found = f"{name} {installed}" if verdict else f"{name} {installed}, the release names {program.version}"
        yield Diagnosis("programs", "right" if verdict else "warning", found, fix)
    unpinned = release.unpinned()
    if unpinned and in_rehearsal():
        yield Diagnosis("release", "right", f"{len(unpinned)} things in it without a digest: enough for a rehearsal")
    elif unpinned:
        fix = f"where there is internet, run: ./slipway release pin {release.version}"
        yield Diagnosis("release", "wrong", f"no digest of {', '.join(unpinned)}", fix)
    else:
        yield Diagnosis("release", "right", "everything in it is pinned by digest")


async def _answering(addresses: Iterable[str]) -> set[str]:
    """Return the addresses at which something accepts or refuses a TCP connection on one of the probed ports."""
    gate = asyncio.Semaphore(PROBES_AT_ONCE)

    async def answers(address: str, port: int) -> bool:
        async with gate:
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), PROBE_SECONDS)
            except ConnectionRefusedError:
                return True  # somebody is there to refuse
            except (OSError, TimeoutError):
                return False
        writer.close()
        return True

    pairs = [(address, port) for address in addresses for port in PROBED_PORTS]
    results = await asyncio.gather(*(answers(*pair) for pair in pairs))
    return {address for (address, _), answered in zip(pairs, results, strict=True) if answered}


def _show(environment: str, found: list[Diagnosis]) -> None:
    console = Console(highlight=False)
    table = Table("check", "", "what was found", box=None, pad_edge=False)
    styles = {"right": "green", "warning": "yellow", "wrong": "bold red"}
    last = ""
    for each in found:
        said = each.found if not each.fix else f"{each.found}\n→ {each.fix}"
        mark = f"[{styles[each.verdict]}]{_MARKS[each.verdict]}[/]"
        table.add_row(each.check if each.check != last else "", mark, said)
        last = each.check
    console.print(table)
    counts = Counter(each.verdict for each in found)
    if not counts["wrong"]:
        warnings = f", {counted(counts['warning'], 'warning')}" if counts["warning"] else ""
        console.print(f"\n{environment}: ready{warnings}")
