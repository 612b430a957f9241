"""Locks: one changing run of an environment at a time, and the engine's locks that a killed run left on a stack."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import NotPossibleHere
from infra.operate.backend import STATE, backend_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.operate.engine import LayerStack

_PROJECT = "slipway"  # Pulumi.yaml: name


@dataclass(frozen=True)
class Lock:
    """One lock of a `file://` backend: its file, and who took it when."""

    file: Path
    process: int
    user: str
    host: str
    taken: str

    def owner(self) -> str:
        """Say who holds it."""
        return f"process {self.process} of {self.user} on {self.host}, since {self.taken}"


@contextmanager
def only_run(environment: str, command: str) -> Iterator[None]:
    """Hold an environment while one command changes it: a run has several steps, and the engine locks each alone.

    Raises `NotPossibleHere` when another process has it. The lock stands beside a `file://` state, else in this
    checkout; it ends with its process, however that ends.
    """
    folder = backend_folder() or STATE
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".slipway-{environment}.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read() or "another process"
            raise NotPossibleHere(environment, f"{owner} is changing it right now", "wait for that run") from None
        file.truncate(0)
        since = datetime.now(UTC).strftime("%H:%M:%S UTC")
        file.write(f"`slipway {command} {environment}` (process {os.getpid()} of {getpass.getuser()}, since {since})")
        file.flush()
        _remove_half_written(folder / ".pulumi" / "stacks" / _PROJECT, environment)
        yield


def _remove_half_written(stacks: Path, environment: str) -> None:
    """Remove the `.attrs` files that a killed engine left half written beside a state, and say so.

    With such a file the engine doesn't read the state ("failed to load checkpoint: EOF"); it does without any.
    """
    for file in sorted(stacks.glob(f"{environment}.*.attrs")):
        try:
            json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            file.unlink(missing_ok=True)
            print(f"{environment}: removed {file.name}, which a killed run left half written; the state is not touched")


def release_stale_locks(stack: LayerStack) -> None:
    """Remove the stack's locks whose process is gone, and say so.

    Raises `NotPossibleHere` for a lock whose process lives, or may live on another machine. Backends other than
    `file://` keep their locks where only the engine sees them.
    """
    folder = backend_folder()
    for lock in read_locks(folder, stack.name) if folder else []:
        if lock.host != socket.gethostname():
            raise NotPossibleHere(
                stack.name,
                f"locked by {lock.owner()}, which can't be checked from here",
                f"wait for that run, or if it is dead: pulumi cancel -s {stack.name}",
            )
        if _engine_runs(lock.process):
            raise NotPossibleHere(stack.name, f"locked by {lock.owner()}, which is still running", "wait for that run")
        lock.file.unlink(missing_ok=True)
        print(f"{stack.name}: released the lock of a run that was killed ({lock.owner()})")


def read_locks(folder: Path, stack: str) -> list[Lock]:
    """Return the locks of a stack in a `file://` backend's folder, by file name."""
    locks = []
    for file in sorted((folder / ".pulumi" / "locks" / "organization" / _PROJECT / stack).glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # its run ended just now
        taken = datetime.fromisoformat(content["timestamp"]).strftime("%Y-%m-%d %H:%M:%S")
        locks.append(
            Lock(
                file,
                int(content["pid"]),
                content.get("username", getpass.getuser()),
                content["hostname"],
                taken,
            )
        )
    return locks


def _engine_runs(process: int) -> bool:
    """Whether a process of that id lives and is a Pulumi engine; ids are used again, so the name is looked at too."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it lives, and is another user's
    try:
        name, _, rest = Path(f"/proc/{process}/stat").read_text(encoding="ascii").partition(" (")[2].rpartition(") ")
    except (FileNotFoundError, ProcessLookupError):
        return True  # it answers to a signal and is not to be seen: it may be the engine
    return name.startswith("pulumi") and not rest.startswith("Z")  # Z: it has ended, its parent has not noticed
