"""One rehearsal as an object: start it, run commands inside, end it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from infra.catalog import Catalog
from infra.errors import MissingProgram, NotPossibleHere, StepFailed
from infra.layer_plans import asked_layers, layer_plans
from rehearsal import isolation
from rehearsal.contract.bundle import write_bundle
from rehearsal.control import Control
from rehearsal.holder import READY
from rehearsal.inventory import server_of
from rehearsal.layout import ROOT, TOOLS, VCENTER_USER, Layout
from rehearsal.namespace_setup import end_with_parent
from rehearsal.plugin import Plugin, find_plugin, install_kubernetes_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release

PROGRAMS = ("pulumi", "pulumi-language-python", "vcenter-simulator")
CONTROL_PLANE_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeadm")
END_TIMEOUT = 10  # seconds that a rehearsal has to end by itself


class Rehearsal:
    """A running rehearsal; get one from `start` or `running`."""

    def __init__(
        self, layout: Layout, plugin: Plugin, first_process: int, starter: subprocess.Popen[str] | None
    ) -> None:
        self.layout = layout
        self.plugin = plugin
        self.first_process = first_process
        self.control = Control(layout.control_socket)
        self._starter = starter

    def command_line(self, command: Sequence[str]) -> list[str]:
        """Return the command line, for outside, that runs a command inside from the repository's root."""
        return isolation.entered(self.first_process, self.layout.root, command)

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - Popen's own
        """Start a command inside; `options` are those of `subprocess.Popen`."""
        variables = self.variables() | options.pop("env", {})
        return subprocess.Popen(self.command_line(command), env=variables, text=True, **options)

    def run(self, command: Sequence[str], *, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end and return it with its output."""
        process = self.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(stdin or "")
        return subprocess.CompletedProcess(list(command), process.returncode, out, err)

    def slipway(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the `slipway` command inside."""
        return self.run(slipway_command(*arguments))

    def variables(self) -> dict[str, str]:
        """Return the environment variables of everything that runs inside."""
        return self.layout.variables()

    def end(self) -> None:
        """End the rehearsal and everything that runs in it. Returns when it is gone."""
        process = self.first_process
        _send(process, signal.SIGTERM)
        deadline = time.monotonic() + END_TIMEOUT
        while not _has_ended(process):
            if time.monotonic() > deadline:
                _send(process, signal.SIGKILL)
                deadline += END_TIMEOUT
            time.sleep(0.02)
        if self._starter is not None:
            self._starter.wait()
        self.layout.running_file.unlink(missing_ok=True)


def slipway_command(*arguments: str) -> list[str]:
    """Return the command line of the `slipway` command."""
    return [sys.executable, "-m", "infra.operate", *arguments]


@contextmanager
def rehearsing(name: str, *, keep: bool = False, boot: bool = False, root: Path = ROOT) -> Iterator[Rehearsal]:
    """Start a rehearsal, yield it, and end it: also after an error, unless it shall be kept.

    `name` is an environment's, or several environments' with `+` between. With `boot` machines that are powered on boot
    and become a Kubernetes cluster; without they are names that have addresses.
    """
    rehearsal = start(name, keep=keep, boot=boot, root=root)
    try:
        yield rehearsal
    except BaseException:
        rehearsal.end()
        raise
    if not keep:
        rehearsal.end()


def start(name: str, *, keep: bool = False, boot: bool = False, root: Path = ROOT) -> Rehearsal:
    """Start a rehearsal with an empty state and a fresh simulated vCenter; with `boot` its machines boot.

    With `keep` it outlives this process; `root` is the checkout whose environment it is. Raises `NotPossibleHere` when
    one is running already or this machine does not allow it, `MissingProgram` when a program has not been built,
    `StepFailed` when it does not come up.
    """
    isolation.check_possible()
    check_programs(boot=boot)
    layout = Layout(name, root)
    catalog = Catalog(root)
    server_of([catalog.load(environment) for environment in layout.environments])
    lock = _locked(layout)
    if layout.folder.exists():
        shutil.rmtree(layout.folder)
    layout.state.mkdir(parents=True)
    layout.password_file.touch(mode=0o600)
    layout.password_file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    plugin = find_plugin(ROOT)
    plugin.install(layout.pulumi_home)
    install_kubernetes_plugin(ROOT, layout.pulumi_home)
    (layout.pulumi_home / "logs").touch()  # a file: the engine's own log of every property takes half of a preview
    write_bundle(layout, [catalog.load(environment)[1] for environment in layout.environments])
    starter = _start_holder(layout, lock, keep=keep, boot=boot)
    first_process = isolation.first_process_of(starter.pid)
    if first_process is None:
        raise StepFailed("rehearsal", f"ended at once with exit code {starter.wait()}")
    layout.running_file.write_text(json.dumps({"process": first_process}), encoding="ascii")
    rehearsal = Rehearsal(layout, plugin, first_process, starter)
    try:
        _create_stacks(rehearsal)
    except BaseException:
        rehearsal.end()
        raise
    return rehearsal


def is_running(name: str) -> bool:
    """Whether a former call left a rehearsal running."""
    layout = Layout(name)
    return layout.running_file.exists() and _is_locked(layout)


def running(name: str) -> Rehearsal:
    """Return the rehearsal that a former call left running. Raises `NotPossibleHere` when there is none."""
    layout = Layout(name)
    if not is_running(name):
        others = [
            folder.parent.name
            for folder in layout.folder.parent.glob("*/running.json")
            if is_running(folder.parent.name)
        ]
        there = f"running here: {', '.join(sorted(others))}" if others else ""
        fix = there or f"start one: ./slipway rehearse {name.replace('+', ' ')} --keep"
        raise NotPossibleHere(f"rehearsal of {name}", "none is running", fix)
    process = int(json.loads(layout.running_file.read_text(encoding="ascii"))["process"])
    return Rehearsal(layout, find_plugin(ROOT), process, None)


def check_programs(*, boot: bool = False) -> None:
    """Raise `MissingProgram` unless the programs that a rehearsal needs have been built or downloaded."""
    for program in (*PROGRAMS, *(CONTROL_PLANE_PROGRAMS if boot else ())):
        if not (TOOLS / "bin" / program).exists():
            raise MissingProgram(f".tools/bin/{program}", "run: make tools")


def _is_locked(layout: Layout) -> bool:
    """Whether a rehearsal runs: its first process holds the lock as long as it lives; a process id is used again."""
    try:
        _locked(layout).close()
    except NotPossibleHere:
        return True
    return False


def _locked(layout: Layout) -> IO[str]:
    layout.lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = layout.lock_file.open("w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        environment = layout.name.replace("+", " ")
        raise NotPossibleHere(
            f"rehearsal of {layout.name}",
            "one is running already in this checkout",
            f"look inside with `./slipway rehearse {environment} --shell`, or end it with --stop",
        ) from None
    return lock


def _start_holder(layout: Layout, lock: IO[str], *, keep: bool, boot: bool) -> subprocess.Popen[str]:
    """Start the first process and wait until it is ready; the lock lives as long as that process."""
    with layout.log_file.open("ab") as log:
        starter = subprocess.Popen(
            isolation.unshared([sys.executable, "-m", "rehearsal.holder", layout.name, *(["--boot"] if boot else [])]),
            cwd=layout.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            preexec_fn=None if keep else end_with_parent,  # noqa: PLW1509 - runs before any thread is started
        )
    lock.close()
    said = starter.stdout.readline() if starter.stdout else ""
    if said.strip() != READY:
        rest = starter.stdout.read() if starter.stdout else ""
        starter.wait()
        log_text = layout.log_file.read_text(encoding="utf-8")
        raise StepFailed("rehearsal", (said + rest + log_text).strip() or f"ended with exit code {starter.returncode}")
    return starter


def _create_stacks(rehearsal: Rehearsal) -> None:
    """Make the stacks with what they need: the simulated vCenter's login, and played values of what else is secret."""
    catalog = Catalog(rehearsal.layout.root)
    loaded = {name: catalog.load(name) for name in rehearsal.layout.environments}
    wanted = [(name, layer) for name, pair in loaded.items() for layer in asked_layers(pair[0])]
    for environment, layer in wanted:
        _pulumi(rehearsal, ["stack", "init", f"{environment}.{layer}", "--no-select", "--non-interactive"])
        play_settings(rehearsal, layer, *loaded[environment])


def play_settings(rehearsal: Rehearsal, layer: Layer, environment: Environment, release: Release) -> None:
    """Give a stack that is there the settings that its layer needs, always the same values. Raises `StepFailed`."""
    stack = f"{environment.name}.{layer}"
    plan = layer_plans(environment, release).get(layer)
    others = set(plan.settings if plan is not None else ()) - {"vsphere:user", "vsphere:password"}
    played = [part for name in sorted(others) for part in ("--secret", f"{name}=played by the rehearsal")]
    login = layer in ("compute", "cluster")
    user = ["--plaintext", f"vsphere:user={VCENTER_USER}"] if login else []
    if user or played:
        _pulumi(rehearsal, ["config", "set-all", *user, *played, "-s", stack, "--non-interactive"])
    if login:  # by standard input, not by an argument
        password = rehearsal.layout.password_file.read_text(encoding="ascii")
        secret = ["config", "set", "--secret", "vsphere:password"]
        _pulumi(rehearsal, [*secret, "-s", stack, "--non-interactive"], password)


def _pulumi(rehearsal: Rehearsal, arguments: list[str], stdin: str = "") -> None:
    done = rehearsal.run(["pulumi", *arguments], stdin=stdin)
    if done.returncode != 0:
        raise StepFailed(f"pulumi {' '.join(arguments[:2])}", (done.stderr or done.stdout).strip())


def _send(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return  # it has ended already, which is what the signal is for


def _has_ended(process: int) -> bool:
    """Whether a process is gone, or waits only for its parent to take notice."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state.rpartition(")")[2].split()[0] == "Z"
