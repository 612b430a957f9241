"""Scripts of templates, run as their containers do, with played programs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from infra.render import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def played(folder: Path, name: str, program: str) -> dict[str, str]:
    """Return the variables with which a script finds `program`, a shell script, as the program `name`, and no waiting.

    It may keep what it likes in the folder `$PLAYED`, and beside it.
    """
    (folder / "bin").mkdir()
    for each, text in ((name, program), ("sleep", "#!/bin/sh\n")):
        (folder / "bin" / each).write_text(text)
        (folder / "bin" / each).chmod(0o755)
    (folder / "played").mkdir()
    return {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PLAYED": str(folder / "played"), "TMPDIR": str(folder)}


def run_script(script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script of `templates/` to its end, with these variables and no others."""
    text = (TEMPLATES / script).read_text(encoding="utf-8")
    return subprocess.run(
        ["/bin/sh", "-euc", text], env=dict(variables), capture_output=True, text=True, timeout=60, check=False
    )
