"""Runs the Go compiler."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.install.catalog import GoBuild
from tools.install.content import BUILD_ENVIRONMENT, BUILD_FLAGS
from tools.install.errors import InstallError
from tools.install.running import Log, Waiting, run
from tools.install.store import write_whole

_MEMORY_LIMIT = "4GiB"  # a soft limit for each compiler process
_TOO_OLD = re.compile(r"requires go >= (?P<needed>\S+) \(running go (?P<have>[^\s;)]+)")
_NO_NETWORK = re.compile(r"dial tcp|no such host|i/o timeout|connection refused|TLS handshake timeout")
_HOW_TO_INSTALL = "see https://go.dev/doc/install, or use the package manager of your system"


def go_version(memory: Path) -> str:
    """Return the compiler's version, such as "go1.26.8".

    The answer is remembered in the file `memory` for as long as the compiler's file stays the same. Without a
    compiler it is the version remembered last, or empty: what was built with it is still good.
    """
    remembered = json.loads(memory.read_text(encoding="utf-8")) if memory.is_file() else {"version": ""}
    found = shutil.which("go")
    if found is None:
        return str(remembered["version"])
    compiler = Path(found).resolve()
    state = [
        str(compiler),
        compiler.stat().st_size,
        compiler.stat().st_mtime_ns,
        os.environ.get("GOTOOLCHAIN"),
    ]
    if remembered.get("compiler") == state:
        return str(remembered["version"])
    answer = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True, cwd=memory.parent)
    version = answer.stdout.strip()
    write_whole(memory, json.dumps({"compiler": state, "version": version}))
    return version


def build(root: Path, name: str, build: GoBuild, folder: Path, log: Log, waiting: Waiting) -> None:
    """Compile the program `name` into `folder`; `log` gets the compiler's output.

    Raises InstallError when Go is missing or too old, or the build fails.
    """
    if shutil.which("go") is None:
        raise InstallError(f"Go is not installed: {_HOW_TO_INSTALL}")
    module = root / build.module
    if not (module / "go.mod").is_file():
        raise InstallError(f"the Go module {build.module} is not in this checkout: there is no {module / 'go.mod'}")
    overlay = _overlay(module, build, folder.parent, log, waiting)
    settings = " ".join(["-s", "-w", *(f"-X {key}={value}" for key, value in build.variables.items())])
    command = ["go", "build", *overlay, "-ldflags", settings, "-o", str(folder / name), build.package]
    _go(command, module, log, waiting)


def _overlay(module: Path, build: GoBuild, folder: Path, log: Log, waiting: Waiting) -> list[str]:
    """Return the flags that show the compiler the embedded files where our main expects them."""
    if build.embeds is None:
        return []
    _go(["go", "mod", "download", build.embeds.module], module, log, waiting)
    where = ["go", "list", "-m", "-f", "{{.Dir}}", build.embeds.module]
    answer = subprocess.run(where, capture_output=True, text=True, check=True, cwd=module)
    source = Path(answer.stdout.strip())
    replace = {str(module / name): str(source / path) for name, path in build.embeds.files.items()}
    file = folder / "overlay.json"
    file.write_text(json.dumps({"Replace": replace}), encoding="utf-8")
    return ["-overlay", str(file)]


def _go(command: list[str], module: Path, log: Log, waiting: Waiting) -> None:
    environment = {
        "GOMEMLIMIT": _MEMORY_LIMIT,
        **os.environ,
        **BUILD_ENVIRONMENT,
        "GOFLAGS": " ".join([*BUILD_FLAGS, f"-p={os.cpu_count() or 1}"]),
    }
    if run(command, module, environment, log, waiting) == 0:
        return
    if too_old := _TOO_OLD.search(log.text()):
        raise InstallError(f"Go {too_old['needed']} or newer is needed, this is {too_old['have']}: {_HOW_TO_INSTALL}")
    if _NO_NETWORK.search(log.text()):
        raise log.failure("its Go modules can't be fetched: check the network, or set GOPROXY to a proxy you reach")
    raise log.failure("it doesn't compile")
