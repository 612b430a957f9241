"""What a machine does when it is powered on: network, host name, its cloud-init documents. Runs as its first process.

`python -m rehearsal.machines.boot FILE`; the file says what the machine is. Played: the operating system. Real: the
documents, the files in them, and what they start.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute

from infra.guest_info import METADATA, USER_DATA, unpacked
from rehearsal.machines.cloud_init import take_user_data
from rehearsal.machines.description import read_description
from rehearsal.machines.network import INTERFACE, set_up
from rehearsal.machines.places import LOGS, PATH, note_skipped

_CABLE_SECONDS = 10.0
# Of cloud-init's modules these are carried out, files by itself, the other two played; what is not here is noted.
_CARRIED_OUT = {"hostname", "write_files", "runcmd"}


def main(description: Path) -> None:
    """Boot, then wait for the end and for orphans'."""
    guest_info = read_description(description).guest_info
    metadata = json.loads(unpacked(guest_info[METADATA]))
    LOGS.mkdir(parents=True, exist_ok=True)
    _network(metadata)
    socket.sethostname(metadata["local-hostname"])
    first_boot = not Path("/var/lib/cloud-instance").exists()  # of this machine: cloud-init's per-instance modules run
    user_data = take_user_data(unpacked(guest_info[USER_DATA]), first_boot=first_boot)
    for module in sorted(set(user_data) - _CARRIED_OUT):
        note_skipped(f"cloud-init {module}")
    if first_boot:
        for command in user_data.get("runcmd", []):
            _run(command)
        Path("/var/lib/cloud-instance").touch()
    else:
        _run(["systemctl", "boot"])
    while True:
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(0.2)


def _network(metadata: dict[str, Any]) -> None:
    wanted = metadata["network"]["ethernets"]["primary"]
    address, _, length = wanted["addresses"][0].partition("/")
    deadline = time.monotonic() + _CABLE_SECONDS
    with IPRoute() as route:
        while not route.link_lookup(ifname=INTERFACE):
            if time.monotonic() > deadline:
                sys.exit("no cable was plugged in")
            time.sleep(0.01)
    set_up(address, int(length), wanted["routes"][0]["via"])


def _run(command: list[str]) -> None:
    with (LOGS / "cloud-init.log").open("a", encoding="utf-8") as log:
        log.write(f"{' '.join(command)}\n")
        log.flush()
        subprocess.run(command, env={**os.environ, "PATH": PATH}, stdout=log, stderr=log, check=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
