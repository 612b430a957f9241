"""Network, mount and process namespaces: a rehearsal's own network, files in other places, and a sure end."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import MissingProgram, NotPossibleHere

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_possible() -> None:
    """Raise `NotPossibleHere` or `MissingProgram` unless this user may make the namespaces here."""
    for program in ("unshare", "nsenter"):
        if shutil.which(program) is None:
            raise MissingProgram(program, "install the package util-linux")
    trial = subprocess.run(unshared(["true"]), capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        raise NotPossibleHere(
            "rehearsal",
            f"this machine does not let you make network namespaces ({trial.stderr.strip()})",
            "run it as root, or have an administrator allow user namespaces: "
            "`sysctl -w kernel.unprivileged_userns_clone=1` on Debian, "
            "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu",
        )


def unshared(command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command in namespaces of its own; it ends when the caller's does."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    own = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
    return ["unshare", *user, *own, "--", *command]


def entered(process: int, folder: Path, command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command in the namespaces of a process, in a working folder."""
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    own = ["--net", "--mount", "--pid"]
    # nsenter begins in the root folder of the entered mount namespace
    return ["nsenter", "--target", str(process), *user, *own, "--", "env", "-C", str(folder), *command]


def first_process_of(unshare_process: int) -> int | None:
    """Return the process that `unshare --fork` started, as this side sees it, or None when there is none (yet)."""
    try:
        children = Path(f"/proc/{unshare_process}/task/{unshare_process}/children").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None
