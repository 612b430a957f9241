"""The simulated vCenter's control endpoint: hold calls, play failures, count calls, list machines."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import httpx

from infra.errors import StepFailed

if TYPE_CHECKING:
    from pathlib import Path

Phase = Literal["before", "running", "after"]


@dataclass(frozen=True)
class Machine:
    """A virtual machine as the simulator itself knows it."""

    name: str
    path: str
    power: str
    address: str
    template: bool
    uuid: str
    host: str
    bootTime: str  # noqa: N815 - as the endpoint tells it; "" for one that is off
    connected: bool  # whether its first network adapter is; no machine that is off


class Control:
    """Talks to the control endpoint over its Unix socket, from inside or outside the rehearsal."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def hold(self, method: str, name: str, phase: Phase) -> str:
        """Hold the next call of a method for a machine: before it is carried out, while it runs, or its answer after.

        Returns the hold's identifier.
        """
        return str(self._send("PUT", "/holds", {"method": method, "name": name, "phase": phase})["id"])

    def wait_until_held(self, hold: str, seconds: float) -> None:
        """Wait until a call is held. Raises `StepFailed` when none comes in time."""
        deadline = time.monotonic() + seconds
        while True:
            states = {entry["id"]: entry["state"] for entry in self._send("GET", "/holds")}
            if states.get(hold) == "held":
                return
            if time.monotonic() > deadline:
                raise StepFailed(f"hold {hold}", f"no call was held within {seconds} seconds: {states}")
            time.sleep(0.05)

    def wait_until_dropped(self, hold: str, seconds: float) -> None:
        """Wait until the simulator has noticed that the caller of a call held before it is gone.

        Such a call never happens. Raises `StepFailed` when it is not noticed in time.
        """
        deadline = time.monotonic() + seconds
        while any(entry["id"] == hold for entry in self._send("GET", "/holds")):
            if time.monotonic() > deadline:
                raise StepFailed(f"hold {hold}", f"its caller was not found to be gone within {seconds} seconds")
            time.sleep(0.05)

    def release_all(self) -> None:
        """Release every held call and forget all holds."""
        self._send("DELETE", "/holds")

    def fail(self, method: str, name: str, fault: str, message: str) -> None:
        """Let the next call of a method for a machine fail with a vSphere fault type and message."""
        self._send("PUT", "/faults", {"method": method, "name": name, "fault": fault, "message": message, "times": 1})

    def clear_faults(self) -> None:
        """Forget all failures that were ordered and have not been played."""
        self._send("DELETE", "/faults")

    def withhold_privileges(self, *names: str) -> None:
        """Let the simulator say that its user lacks privileges; it answers so, and carries every call out anyway."""
        self._send("PUT", "/privileges", {"missing": names})

    def grant_privileges(self) -> None:
        """Let the simulator say again that its user has every privilege."""
        self._send("DELETE", "/privileges")

    def put_into_maintenance(self, host: str) -> None:
        """Take a host's machines away, switching off those that can't move, and put it into maintenance."""
        self._send("PUT", f"/hosts/{host}", {"maintenance": True})

    def shift_clock(self, seconds: float) -> None:
        """Let vCenter's clock be ahead of this machine's by some seconds."""
        self._send("PUT", "/clock", {"offsetSeconds": seconds})

    def calls(self) -> dict[str, int]:
        """Return how often each SOAP method and REST path has been called since the start or the last reset."""
        by_protocol: dict[str, dict[str, int]] = self._send("GET", "/calls")
        return {name: count for counts in by_protocol.values() for name, count in counts.items()}

    def reset_calls(self) -> None:
        """Begin counting calls anew."""
        self._send("DELETE", "/calls")

    def machines(self) -> list[Machine]:
        """Return all virtual machines, sorted by path."""
        fields = Machine.__dataclass_fields__
        found = [Machine(**{key: entry[key] for key in fields}) for entry in self._send("GET", "/machines")]
        return sorted(found, key=lambda machine: machine.path)

    def guest_info(self, uuid: str) -> dict[str, str]:
        """Return what the machine of a BIOS UUID could read through its guest tools, by key."""
        found: dict[str, str] = self._send("GET", f"/machines/{uuid}/guestinfo")
        return found

    def set_guest_info(self, uuid: str, values: dict[str, str]) -> None:
        """Set what the machine of a BIOS UUID tells through its guest tools, by key."""
        self._send("PUT", f"/machines/{uuid}/guestinfo", values)

    def _send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        # no TLS on a Unix socket; making ready for it would take longer than the call
        transport = httpx.HTTPTransport(uds=str(self._socket), verify=False)
        with httpx.Client(transport=transport, timeout=30) as client:
            response = client.request(method, f"http://control{path}", json=body)
        response.raise_for_status()
        return response.json() if response.content else None
