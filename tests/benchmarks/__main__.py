"""`make benchmarks`: prints how long things take on this machine. Nothing is asserted here."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra.catalog import ROOT
from rehearsal.session import rehearsing
from tests.support.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.session import Rehearsal

RUNS = 5
FIFTY = (
    "    count: 2\n    cpus: 4\n    memoryGiB: 16\n    diskGiB: 100\n    addresses: 10.20.0.20-10.20.0.39",
    "    count: 49\n    cpus: 4\n    memoryGiB: 16\n    diskGiB: 100\n    addresses: 10.20.0.20-10.20.0.99",
)


def timed(name: str, action: Callable[[], subprocess.CompletedProcess[str]], runs: int = RUNS) -> None:
    """Run an action several times and print least, median and most seconds; a failure ends the benchmark."""
    seconds = []
    for _ in range(runs):
        begun = time.monotonic()
        done = action()
        seconds.append(time.monotonic() - begun)
        if done.returncode != 0:
            sys.exit(f"{name}: {done.stdout}{done.stderr}")
    figures = f"{min(seconds):6.2f} {statistics.median(seconds):6.2f} {max(seconds):6.2f}"
    print(f"{name:42} {figures}   {runs} runs", flush=True)


def _program_memory_mib(rehearsal: Rehearsal) -> float:
    """Return the most memory that the program of the toolchain layer has during a preview, in MiB."""
    process = rehearsal.popen(
        ["pulumi", "preview", "-s", "dev.toolchain", "--non-interactive"], stdout=subprocess.DEVNULL
    )
    most = 0
    while process.poll() is None:
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if b"language_host/program.py" in command.read_bytes():
                    lines = (command.parent / "status").read_text(encoding="ascii").splitlines()
                    most = max(most, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM")))
            except OSError:
                continue  # it has ended meanwhile
        time.sleep(0.1)
    return most / 1024


def _review(rehearsal: Rehearsal) -> subprocess.CompletedProcess[str]:
    """Review without a revision to compare with: the exit code is the verdict, and no failure."""
    done = rehearsal.run([sys.executable, "-m", "infra.operate.review_layers", "dev"])
    return subprocess.CompletedProcess(done.args, done.returncode, "", done.stderr)


def main() -> None:
    """Print a table: name, then least, median and most seconds."""
    slipway = str(ROOT / "slipway")

    def outside(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([slipway, *arguments], capture_output=True, text=True, check=False)

    print(f"{'':42} {'least':>6} {'median':>6} {'most':>6}   seconds")
    timed("slipway --help", lambda: outside("--help"))
    timed("slipway validate, all environments", lambda: outside("validate"))
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    checkout = Checkout(folder)
    checkout.without_gpus("dev")
    with rehearsing("dev", root=folder) as rehearsal:
        timed("up of dev, 3 machines", lambda: rehearsal.slipway("up", "dev", "compute", "--yes"), runs=1)
        timed("nothing-to-do slipway preview of dev", lambda: rehearsal.slipway("preview", "dev", "compute"))
        plain = ["pulumi", "preview", "-s", "dev.compute", "--non-interactive"]
        timed("nothing-to-do pulumi preview of dev", lambda: rehearsal.run(plain))
        checkout.replace(FIFTY)
        fifty = ["pulumi", "up", "--yes", "--skip-preview", "--parallel", "16", *plain[2:]]
        timed("up to 50 machines, --parallel 16", lambda: rehearsal.run(fifty), runs=1)
        timed("nothing-to-do slipway preview, 50 machines", lambda: rehearsal.slipway("preview", "dev", "compute"))
        timed("destroy of 50 machines", lambda: rehearsal.slipway("destroy", "dev", "compute", "--yes"), runs=1)
    checkout.with_gpus("dev")
    with rehearsing("dev", root=folder, boot=True) as rehearsal:
        timed("up of dev, both layers, 4 nodes with GPUs", lambda: rehearsal.slipway("up", "dev", "--yes"), runs=1)
        timed("nothing-to-do slipway preview, cluster", lambda: rehearsal.slipway("preview", "dev", "cluster"))
        timed("destroy of both layers", lambda: rehearsal.slipway("destroy", "dev", "--yes"), runs=1)
    checkout.with_tools("dev")
    with rehearsing("dev", root=folder, boot=True) as rehearsal:
        for layer in ("compute", "cluster", "platform", "toolchain"):
            timed(f"up of dev, {layer}", partial(rehearsal.slipway, "up", "dev", layer, "--yes"), runs=1)
        timed("second up of all layers", lambda: rehearsal.slipway("up", "dev", "--yes"), runs=1)
        timed("nothing-to-do slipway preview, toolchain", lambda: rehearsal.slipway("preview", "dev", "toolchain"))
        print(f"{'memory of the program, toolchain':42} {_program_memory_mib(rehearsal):6.0f} MiB at most", flush=True)
        timed("slipway review of all layers", lambda: _review(rehearsal), runs=1)
        timed("destroy of all layers", lambda: rehearsal.slipway("destroy", "dev", "--yes"), runs=1)
    shutil.rmtree(folder)
    for name in ("large_vcenter", "large_review"):
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
