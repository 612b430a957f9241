"""The main job: environments come up for real on a simulated vCenter, are looked at, and go away again."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.errors import StepFailed
from infra.gpu.inventory import inventory_path
from infra.layer_plans import asked_layers
from rehearsal.inventory import inventory_file
from rehearsal.layout import TOOLS, Layout
from rehearsal.machines.cloud_init import cloud_init_python
from rehearsal.observe import Observed
from rehearsal.observe_cluster import ObservedNode
from rehearsal.observe_components import observed_components
from rehearsal.report import Report, Step, show_report
from rehearsal.session import Rehearsal, is_running, rehearsing, running, slipway_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class _Steps:
    """Does steps one after the other and notes how long each took."""

    def __init__(self) -> None:
        self.done: list[Step] = []

    @contextmanager
    def step(self, name: str, outcome: str) -> Iterator[None]:
        """Announce a step, time it, note its outcome."""
        print(f"\n==> {name}", flush=True)
        begun = time.monotonic()
        yield
        self.done.append(Step(name, outcome, time.monotonic() - begun))


def rehearse_environments(environments: Sequence[str], *, keep: bool) -> None:
    """Examine environments, bring them up side by side, preview them again, report, and take them down.

    With `keep` they are left running instead. Raises `StepFailed` when a step does; the rehearsal ends then, too.
    """
    steps = _Steps()
    begun = time.monotonic()
    name = "+".join(environments)
    print(f"==> start of the simulated vCenter for {name}", flush=True)
    with rehearsing(name, keep=keep, boot=True) as rehearsal:
        steps.done.append(Step("start", "simulated vCenter and empty stacks", time.monotonic() - begun))
        calls = 0
        for environment in environments:
            _step(rehearsal, steps, environment, "doctor", "ready for it", "doctor")
            rehearsal.control.reset_calls()
            for layer in asked_layers(Catalog(rehearsal.layout.root).load(environment)[0]):
                _step(rehearsal, steps, environment, f"up, {layer}", "made", "up", layer, "--yes")
            calls += sum(rehearsal.control.calls().values())
        nodes = _clusters(rehearsal, steps)
        _step_each(rehearsal, steps, "second preview", "nothing to change", "preview", "--expect-no-changes")
        _step_each(rehearsal, steps, "status", "tools as people find them", "status")
        machines = _observed(rehearsal)
        _check_gpus(machines, nodes)
        skipped = _skipped(rehearsal)
        if not keep:
            _step_each(rehearsal, steps, "destroy", "no machine is left", "destroy", "--yes", "--including-protected")
            _check_nothing_left(rehearsal)
        show_report(_report(rehearsal, machines, nodes, skipped, steps.done, calls))
        if keep:
            _say_how_to_look_inside(rehearsal)


def _step_each(rehearsal: Rehearsal, steps: _Steps, name: str, outcome: str, command: str, *options: str) -> None:
    """Run one `slipway` command for every environment of the rehearsal, as a step each; the last that came first."""
    environments = rehearsal.layout.environments
    for environment in reversed(environments) if command == "destroy" else environments:
        _step(rehearsal, steps, environment, name, outcome, command, *options)


def _step(
    rehearsal: Rehearsal, steps: _Steps, environment: str, name: str, outcome: str, command: str, *options: str
) -> None:
    """Run one `slipway` command for an environment, as a step."""
    title = name if len(rehearsal.layout.environments) == 1 else f"{name} {environment}"
    with steps.step(title, outcome):
        _slipway(rehearsal, command, environment, *options)


def _clusters(rehearsal: Rehearsal, steps: _Steps) -> list[ObservedNode]:
    """Wait until every environment's machines are a cluster, as a step each; return all nodes."""
    found = []
    for environment in rehearsal.layout.environments:
        title = "cluster" if len(rehearsal.layout.environments) == 1 else f"cluster {environment}"
        with steps.step(title, "every node is ready"):
            done = rehearsal.run(
                [sys.executable, "-m", "rehearsal.observe_cluster", rehearsal.layout.name, environment]
            )
            if done.returncode != 0:
                logs = (rehearsal.layout.folder / "machines").relative_to(rehearsal.layout.root)
                fix = f"look at {logs}/*/root/var/log/slipway"
                raise StepFailed("rehearsal: the machines become a cluster", f"{done.stderr.strip()}; {fix}")
            found += [ObservedNode(**entry) for entry in json.loads(done.stdout)]
    return found


def _check_gpus(machines: list[Observed], nodes: list[ObservedNode]) -> None:
    """Raise `StepFailed` when a node offers other GPUs than its machine has, as vCenter tells it."""
    there = {machine.name: len(machine.gpus) for machine in machines}
    wrong = [f"{node.name} offers {node.gpus} of {there[node.name]}" for node in nodes if node.gpus != there[node.name]]
    if wrong:
        raise StepFailed("rehearsal: GPUs as resources of nodes", "; ".join(wrong))


def _skipped(rehearsal: Rehearsal) -> list[str]:
    """Return the steps of first boots that need an operating system and were not done, each once."""
    logs = (rehearsal.layout.folder / "machines").glob("*/root/var/log/slipway/skipped.log")
    return sorted({line for log in logs for line in log.read_text(encoding="utf-8").splitlines()})


def _report(
    rehearsal: Rehearsal,
    machines: list[Observed],
    nodes: list[ObservedNode],
    skipped: list[str],
    steps: list[Step],
    calls: int,
) -> Report:
    # the official language host has a helper beside it, ours has none
    official = (TOOLS / "bin" / "pulumi-language-python-exec").exists()
    return Report(
        name=" and ".join(rehearsal.layout.environments),
        inventory=_inventory_source(rehearsal.layout),
        machines=machines,
        nodes=nodes,
        components=observed_components(rehearsal.layout),
        skipped=skipped,
        steps=steps,
        plugin=rehearsal.plugin,
        engine_version=rehearsal.run(["pulumi", "version"]).stdout.strip(),
        language_host="the official one" if official else "Slipway's own",
        cloud_init=cloud_init_python(TOOLS / "bin" / "cloud-init") is not None,
        calls=calls,
    )


def _inventory_source(layout: Layout) -> str:
    server = Catalog(layout.root).load(layout.environments[0])[0].vcenter.server
    file = inventory_file(layout.root, server)
    read = inventory_path(layout.root, server)
    if file.exists():
        return f"what {file.relative_to(layout.root)} says"
    if read.exists():
        return f"the hosts and GPUs of {read.relative_to(layout.root)}, and else just what the document asks for"
    return "just what the document asks for"


def open_shell(name: str) -> int:
    """Open a shell in the running rehearsal, or in a new one that ends with the shell; return its exit code."""
    if is_running(name):
        return _shell(running(name))
    with rehearsing(name, boot=True) as rehearsal:
        return _shell(rehearsal)


def _shell(rehearsal: Rehearsal) -> int:
    """Run the person's shell inside, with a prompt that says so, and say when it is over."""
    shell = os.environ.get("SHELL", "/bin/sh")
    name = rehearsal.layout.name
    prompt = f"(rehearsal of {name}) $ "
    command = [shell]
    if Path(shell).name == "bash":  # its own start-up file would set the prompt again
        start_up = rehearsal.layout.folder / "bashrc"
        start_up.write_text(f"[ -f ~/.bashrc ] && . ~/.bashrc\nPS1='{prompt}'\n", encoding="utf-8")
        command += ["--rcfile", str(start_up)]
    print(f"Inside the rehearsal of {name}: what you do here reaches the simulated vCenter alone. `exit` leaves it.")
    _say_what_there_is(rehearsal)
    code = rehearsal.popen(command, env={"PS1": prompt}).wait()
    print(f"Outside the rehearsal of {name} again.")
    return code


def stop_rehearsal(name: str) -> None:
    """End a rehearsal that was left running. Raises `NotPossibleHere` when there is none."""
    running(name).end()
    print(f"The rehearsal of {name} has ended.")


def _slipway(rehearsal: Rehearsal, *arguments: str) -> None:
    process = rehearsal.popen(slipway_command(*arguments), stdin=sys.stdin)
    if process.wait() != 0:
        raise StepFailed(f"rehearsal: slipway {' '.join(arguments)}", f"ended with exit code {process.returncode}")


def _observed(rehearsal: Rehearsal) -> list[Observed]:
    done = rehearsal.run([sys.executable, "-m", "rehearsal.observe", rehearsal.layout.name])
    if done.returncode != 0:
        raise StepFailed("rehearsal: reading the machines over the vSphere API", done.stderr.strip())
    return [Observed(**entry) for entry in json.loads(done.stdout)]


def _check_nothing_left(rehearsal: Rehearsal) -> None:
    catalog = Catalog(rehearsal.layout.root)
    places = [catalog.load(environment)[0].vcenter for environment in rehearsal.layout.environments]
    own = tuple(f"/{place.datacenter}/vm/{place.folder}/" for place in places)  # others are strangers', and stay
    left = [machine.path for machine in rehearsal.control.machines() if machine.path.startswith(own)]
    if left:
        raise StepFailed("rehearsal: destroy", f"left machines behind: {', '.join(left)}")


def _say_how_to_look_inside(rehearsal: Rehearsal) -> None:
    names = " ".join(rehearsal.layout.environments)
    print(f"\nIt is still running. Look inside:  ./slipway rehearse {names} --shell")
    _say_what_there_is(rehearsal)
    print(f"End it:                            ./slipway rehearse {names} --stop")


def _say_what_there_is(rehearsal: Rehearsal) -> None:
    environment = rehearsal.layout.environments[0]
    print(f"  inside:  pulumi preview -s {environment}.compute     pulumi stack -s {environment}.compute")
    print(f"           ./slipway up {environment}     ./slipway status {environment}     kubectl get nodes")
