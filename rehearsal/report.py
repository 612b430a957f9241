"""What a rehearsal tells at its end: what was made, what was real, what was played, how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.observe import Observed
    from rehearsal.observe_cluster import ObservedNode
    from rehearsal.observe_components import ObservedComponent
    from rehearsal.plugin import Plugin


@dataclass(frozen=True)
class Step:
    """One step of a rehearsal: what it was, what came of it, how long it took (seconds)."""

    name: str
    outcome: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """Everything that a report tells.

    `inventory` says where the simulated vCenter's hosts and stores come from, `calls` is the number of calls to vCenter
    during the first `up`, `skipped` the steps of first boots that need an operating system, `cloud_init` whether the
    real one checked the machines' documents and wrote their files.
    """

    name: str
    inventory: str
    machines: Sequence[Observed]
    nodes: Sequence[ObservedNode]
    components: Sequence[ObservedComponent]
    skipped: Sequence[str]
    steps: Sequence[Step]
    plugin: Plugin
    engine_version: str
    language_host: str
    cloud_init: bool
    calls: int


def show_report(report: Report, console: Console | None = None) -> None:
    """Print a report."""
    console = console or Console(highlight=False)
    console.print(f"\n[bold]Rehearsal of {report.name}[/bold]\n")
    console.print(_machines(report.machines))
    console.print()
    if any(machine.gpus for machine in report.machines):
        console.print(_gpus(report.machines))
        console.print()
    console.print(_nodes(report.nodes))
    console.print()
    console.print(_components(report.components))
    console.print()
    console.print(_steps(report.steps, report.calls))
    console.print()
    console.print(_truth(report))


def _machines(machines: Sequence[Observed]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("machine", "CPUs", "memory", "power", "address", "host"):
        table.add_column(heading, no_wrap=heading != "host")
    for machine in machines:
        power = "on" if machine.powered_on else "off"
        memory = f"{machine.memory_mib / 1024:g} GiB"
        table.add_row(
            machine.name, str(machine.cpus), memory, power, machine.address or "none", machine.host.partition(".")[0]
        )
    table.caption = "as the simulated vCenter reports them over the vSphere API"
    table.caption_justify = "left"
    return table


def _gpus(machines: Sequence[Observed]) -> Table:
    table = Table("machine", "host", "GPUs", box=None, pad_edge=False)
    for machine in machines:
        if machine.gpus:
            table.add_row(machine.name, machine.host.partition(".")[0], ", ".join(machine.gpus))
    table.caption = "as its machines have them, read over the vSphere API"
    table.caption_justify = "left"
    return table


def _nodes(nodes: Sequence[ObservedNode]) -> Table:
    table = Table("node", "role", "Kubernetes", "ready", "GPUs", box=None, pad_edge=False)
    for node in nodes:
        table.add_row(node.name, node.role, node.version, node.condition, str(node.gpus) if node.gpus else "-")
    table.caption = "as the Kubernetes API tells them, asked with the environment's own kubeconfig"
    table.caption_justify = "left"
    return table


def _components(components: Sequence[ObservedComponent]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("component", "namespace", "version", "chart", "real kinds"):
        table.add_column(heading, no_wrap=True)
    layer = ""
    for each in components:
        if each.layer != layer:
            layer = each.layer
            table.add_row(f"[bold]layer {layer}[/bold]")
        kinds = f"{each.real_kinds} of {each.all_kinds}" if each.all_kinds else "-"
        table.add_row(f"  {each.name}", each.namespace, each.version, each.origin, kinds)
    table.caption = "real kinds: how many of those that it brings and we use were checked by their real definitions"
    if any(each.origin == "contract" for each in components):
        table.caption += (
            ". contract: the chart is not at hand, and what the release says of it stood in. Proved is that the API "
            "took our objects in their order; not that the chart is quiet, complete and starts"
        )
    table.caption_justify = "left"
    return table


def _grouped(skipped: Sequence[str]) -> str:
    """Return steps that were skipped, those of one program together."""
    groups: dict[str, list[str]] = {}
    for each in skipped:
        program, _, step = each.partition(" ")
        groups.setdefault(program, []).append(step)
    return "; ".join(f"{program} {', '.join(steps)}" for program, steps in sorted(groups.items())) or "nothing"


def _steps(steps: Sequence[Step], calls: int) -> Table:
    table = Table("step", "outcome", "seconds", box=None, pad_edge=False)
    for step in steps:
        table.add_row(step.name, step.outcome, f"{step.seconds:.1f}")
    table.add_section()
    table.add_row("in all", f"{calls} calls to vCenter during up", f"{sum(step.seconds for step in steps):.1f}")
    return table


def _truth(report: Report) -> Table:
    """Say what was real, what was simulated and what was played; nothing played may pass for real."""
    commands = "cloud-init's commands" if report.cloud_init else "cloud-init's files and commands"
    plugin_row = "real" if report.plugin.kind == "official" else "played"
    rows = {
        "real": [
            f"Pulumi engine {report.engine_version}; Python language host: {report.language_host}",
            "the program, its documents and its secrets",
            "TLS and login to vCenter, with a certificate that is checked",
            "first boot's own program, kubeadm (without its checks of the machine), etcd",
            "kube-apiserver, kube-controller-manager, kube-scheduler",
            "the machines' keys, bootstrap tokens and certificate requests",
            "Pulumi's Kubernetes plugin, scheduling, the rights of nodes and service accounts",
        ],
        "simulated": [f"vCenter: VMware's simulator with additions of Slipway's; it has {report.inventory}"],
        "played": [
            "hosts, disks and networks: names without hardware",
            f"operating systems: {commands}, systemd, the guest tools",
            "kubelets, container runtimes and kube-vip: static pods run as plain processes, other pods not at all",
            "what the components' pods would do: nodes ready, seen by the cloud provider, their GPUs found and offered",
            "a database operator's pods; Jobs end well without doing anything",
            f"not done, as there is no operating system: {_grouped(report.skipped)}",
        ],
    }
    rows[plugin_row].append(report.plugin.description)
    if any(each.origin == "contract" for each in report.components):
        rows["not checked"] = ["images of charts: their digests stand in the bundle of a release, and there is none"]
    if report.cloud_init:
        rows["real"].append("cloud-init's schema and its module that writes files")
    table = Table(box=None, pad_edge=False, show_header=False)
    for kind, entries in rows.items():
        for index, entry in enumerate(entries):
            table.add_row(kind if index == 0 else "", entry)
    return table
