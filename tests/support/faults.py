"""What breaks in a rehearsal's cluster, and how long its API is silent then."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.catalog import ROOT, Catalog
from tests.support.plugin_vcenter import behind_the_back
from tests.support.state import machines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.session import Rehearsal

_NOTICED = 1.0  # seconds in which the machine room has seen what vCenter was told
_PATIENCE = 180.0  # seconds until something has to have come about
KEYS = "root/etc/kubernetes/pki"


class Machines:
    """The machines of one environment of a rehearsal, handled by somebody who knows nothing of Slipway."""

    def __init__(self, rehearsal: Rehearsal, environment: str) -> None:
        self._rehearsal = rehearsal
        self._environment = environment
        document = Catalog(rehearsal.layout.root).load(environment)[0]
        self._folder = f"/{document.vcenter.datacenter}/vm/{document.vcenter.folder}"
        self._api_address = str(document.network.api_address)

    def switch_off(self, *names: str) -> None:
        """Cut the power of machines, and wait until they have ended."""
        self._do("power_off", names)

    def switch_on(self, *names: str) -> None:
        """Switch machines on."""
        self._do("power_on", names)

    def plug_in(self, name: str) -> None:
        """Connect a machine's network adapter."""
        self._do("plug", [name], "in")

    def pull_out(self, name: str) -> None:
        """Disconnect a machine's network adapter."""
        self._do("plug", [name], "out")

    def holder(self) -> str:
        """Return the name of the control-plane machine that has the API's address, or nothing when none has."""
        names = {machine.address: name for name, machine in self._control_plane().items()}
        found = json.loads(self._asked("holder", self._api_address, *names))
        return names.get(found, "")

    def all_ready(self) -> bool:
        """Whether every control-plane machine's own API server is ready, and so its etcd is a member that works."""
        kubeconfig = str(self._rehearsal.layout.kubeconfig(self._environment))
        addresses = [machine.address for machine in self._control_plane().values()]
        return bool(json.loads(self._asked("ready", kubeconfig, *addresses)))

    def etcd_members(self) -> list[str]:
        """Return the names of etcd's members, as its first one tells them."""
        first = min(self._control_plane().values(), key=lambda machine: machine.name)
        folder = self._rehearsal.layout.folder / "machines" / first.uuid / KEYS
        found: list[str] = json.loads(self._asked("etcd", str(folder), first.address))
        return found

    @contextmanager
    def silence(self) -> Iterator[Callable[[], float]]:
        """Ask the API all the time; what is given returns, afterwards, its longest silence in seconds."""
        kubeconfig = str(self._rehearsal.layout.kubeconfig(self._environment))
        process = self._popen("silence", kubeconfig)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        said: list[str] = []
        try:
            yield lambda: float(said[0])
        finally:
            said.append(process.communicate()[0])
        assert process.returncode == 0

    def _control_plane(self) -> dict[str, Any]:
        found = machines_of(self._rehearsal, self._environment)
        return {name: machine for name, machine in found.items() if "-control-plane-" in name and machine.address}

    def _do(self, action: str, names: tuple[str, ...] | list[str], *arguments: str) -> None:
        for name in names:
            behind_the_back(self._rehearsal, action, f"{self._folder}/{name}", *arguments)
        time.sleep(_NOTICED)

    def _asked(self, *question: str) -> str:
        process = self._popen(*question)
        said, _ = process.communicate()
        assert process.returncode == 0, said
        return said

    def _popen(self, *question: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.support.inside", *question]
        return self._rehearsal.popen(
            command, env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )


def until(holds: Callable[[], bool], what: str) -> float:
    """Wait until something holds, and return how long it took, in seconds."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < _PATIENCE, f"not within {_PATIENCE} s: {what}"
        time.sleep(0.5)
    return time.monotonic() - begun
