"""The first process of a rehearsal: sets up its namespaces, starts the simulated vCenter, waits for the end.

Started as `python -m rehearsal.holder NAME [--boot]`: a rehearsal's name, and whether its machines boot. It says
`ready`, or the reason why not, on standard output.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.errors import PersonError, StepFailed
from infra.gpu.inventory import inventory_path, read_inventory
from rehearsal.certificates import write_certificates
from rehearsal.inventory import Asked, as_yaml, derived_inventory, inventory_file, server_of
from rehearsal.layout import TOOLS, VCENTER_ADDRESS, VCENTER_USER, Layout
from rehearsal.namespace_setup import bring_up_loopback, end_with_parent, put_in_place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

READY = "ready"


def main(name: str, *, boot: bool) -> int:
    """Set everything up, say so, and wait for a signal or the simulated vCenter's end. Returns the exit code."""
    layout = Layout(name)
    try:
        vcenter = _set_up(layout)
        if boot:
            _start_machine_room(layout)
    except PersonError as error:
        print(error, flush=True)
        return error.exit_code
    signal.signal(signal.SIGTERM, lambda *_: vcenter.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run; the rehearsal's end follows it
    print(READY, flush=True)
    return _wait_for(vcenter.pid)


def _wait_for(process: int) -> int:
    """Wait for a process and return its exit code; as the first process, take the end of orphans to notice too."""
    while True:
        ended, status = os.wait()
        if ended == process:
            return os.waitstatus_to_exitcode(status)


def _set_up(layout: Layout) -> subprocess.Popen[bytes]:
    catalog = Catalog(layout.root)
    asked = [catalog.load(name) for name in layout.environments]
    server = server_of(asked)
    _write_inventory(layout, server, asked)
    bring_up_loopback(VCENTER_ADDRESS)
    write_certificates(layout.certificates, server)
    _stand_in_for_hosts_file(layout, server)
    _stand_in_for_stack_files(layout)
    return _start_vcenter(layout)


def _stand_in_for_hosts_file(layout: Layout, server: str) -> None:
    original = Path("/etc/hosts")
    layout.hosts_file.write_text(
        f"{original.read_text(encoding='utf-8')}\n{VCENTER_ADDRESS} {server}\n", encoding="utf-8"
    )
    put_in_place_of(original, layout.hosts_file)


def _stand_in_for_stack_files(layout: Layout) -> None:
    """Let the engine write its settings to copies: the committed stack files stay as they are, all of them."""
    layout.stack_files.mkdir(parents=True, exist_ok=True)
    for stack in layout.stacks():
        original = layout.root / "stacks" / f"Pulumi.{stack}.yaml"
        if not original.exists():
            name = original.relative_to(layout.root)
            raise StepFailed("rehearsal", f"{name}: there is no such file; write one with the line `config: {{}}`")
    for original in (layout.root / "stacks").glob("Pulumi.*.yaml"):
        copy = layout.stack_files / original.name
        shutil.copyfile(original, copy)
        put_in_place_of(original, copy)


def _write_inventory(layout: Layout, server: str, asked: Sequence[Asked]) -> None:
    """Take the file for this vCenter, or make one of what the documents ask for and what was read of the real one."""
    file = inventory_file(layout.root, server)
    if file.exists():
        text = file.read_text(encoding="utf-8")
    else:
        was_read = inventory_path(layout.root, server)
        read = read_inventory(was_read, layout.environments[0]) if was_read.exists() else None
        text = as_yaml(derived_inventory(asked, read))
    layout.inventory_file.write_text(text, encoding="utf-8")


def _start_vcenter(layout: Layout) -> subprocess.Popen[bytes]:
    arguments = {
        "--inventory": layout.inventory_file,
        "--listen": f"{VCENTER_ADDRESS}:443",
        "--certificate": layout.certificates / "vcenter.pem",
        "--key": layout.certificates / "vcenter.key",
        "--user": VCENTER_USER,
        "--password-file": layout.password_file,
        "--control": f"unix:{layout.control_socket}",
    }
    command = [
        str(TOOLS / "bin" / "vcenter-simulator"),
        *(str(part) for pair in arguments.items() for part in pair),
    ]
    with layout.log_file.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - one thread
        )
    said = process.stdout.readline() if process.stdout else b""
    if not said.startswith(b"ready "):
        process.kill()
        problem = layout.log_file.read_text(encoding="utf-8").strip() or f"ended with exit code {process.wait()}"
        raise StepFailed("simulated vCenter", problem)
    return process


def _start_machine_room(layout: Layout) -> None:
    """Let machines boot that the simulated vCenter powers on."""
    with layout.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.machines.room", layout.name], stdout=subprocess.PIPE, stderr=log
        )
    said = process.stdout.readline() if process.stdout else b""
    if not said.startswith(b"ready"):
        raise StepFailed("machine room", layout.log_file.read_text(encoding="utf-8").strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], boot="--boot" in sys.argv[2:]))
