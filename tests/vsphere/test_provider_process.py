"""The provider's process: how it starts and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from infra.catalog import ROOT

EXECUTABLE = ROOT / "infra" / "vsphere" / "provider" / "bin" / "pulumi-resource-slipway"
NO_ENGINE = "127.0.0.1:1"


def test_without_an_address_it_says_how_it_is_started() -> None:
    done = subprocess.run([EXECUTABLE, "--logtostderr"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: pulumi-resource-slipway ENGINE_ADDRESS")


def test_it_starts_from_any_folder_with_the_engine_s_options_and_ends_at_once() -> None:
    command = [str(EXECUTABLE), "--logtostderr", "-v=9", "--tracing", "http://127.0.0.1:2", NO_ENGINE]
    with subprocess.Popen(command, cwd="/", stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
        assert time.monotonic() - started < 1


def test_it_ends_with_the_process_that_started_it() -> None:
    script = f'"{EXECUTABLE}" {NO_ENGINE} & echo $!; sleep 1'
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        provider = int(parent.stdout.readline())
        parent.wait(10)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(provider, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it still lives")


@pytest.mark.parametrize("module", ["serving", "gpu_template"])
def test_pyvmomi_is_imported_by_the_first_call_that_needs_it(module: str) -> None:
    code = (
        f"import infra.vsphere.provider.{module}, sys; print([m for m in sys.modules if m.lower().startswith('pyvm')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
