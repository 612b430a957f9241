"""Building programs: once per content, whole or not at all. The compiler is played."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.tools.conftest import Checkout, PlayedGo

LOG = ".tools/logs/small.log"


def cached(environment: dict[str, str]) -> list[str]:
    """Return the names of everything in the cache of programs."""
    folder = Path(environment["XDG_CACHE_HOME"]) / "slipway" / "programs"
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_program_is_built_and_put_on_the_path(checkout: Checkout) -> None:
    assert checkout.progress() == ["building small 1.2.3 (1 of 1)", "small 1.2.3: built"]
    assert checkout.run("small").startswith("played program of ")


def test_a_run_with_nothing_to_do_runs_no_other_program(checkout: Checkout, played_go: PlayedGo) -> None:
    checkout.install()
    before = played_go.calls()
    answer = checkout.install()
    assert answer.stdout == f"all 1 programs are in place in {checkout.root}/.tools/bin\n"
    assert played_go.calls() == before == ["env", "build"]


def test_a_second_checkout_builds_nothing(checkout: Checkout, played_go: PlayedGo, tmp_path: Path) -> None:
    checkout.install()
    second = Checkout(tmp_path / "second", checkout.environment)
    assert second.progress() == ["small 1.2.3: from the cache"]
    assert second.run("small") == checkout.run("small")
    assert played_go.calls().count("build") == 1


def test_a_changed_module_is_built_again(checkout: Checkout, played_go: PlayedGo) -> None:
    checkout.install()
    former = checkout.run("small")
    (checkout.module / "main.go").write_text("package main\n\nfunc main() { println() }\n")
    checkout.install()
    assert checkout.run("small") != former
    assert played_go.calls().count("build") == 2


def test_a_program_that_was_deleted_or_changed_comes_back(checkout: Checkout, played_go: PlayedGo) -> None:
    checkout.install()
    content = checkout.run("small")
    program = checkout.root / ".tools" / "bin" / "small"
    program.unlink()
    checkout.install()
    assert checkout.run("small") == content
    program.unlink()
    program.write_text("#!/bin/sh\necho something else\n")
    checkout.install()
    assert checkout.run("small") == content
    assert played_go.calls().count("build") == 1


def test_a_failed_build_shows_its_last_lines_and_leaves_nothing(
    checkout: Checkout, played_go: PlayedGo, environment: dict[str, str]
) -> None:
    lines = [f"main.go:{number}: undefined: x" for number in range(1, 41)]
    (played_go.folder / "failure").write_text("\n".join(lines) + "\n")
    answer = checkout.install()
    assert answer.returncode == 2
    log = checkout.root / LOG
    expected = [f"small: it doesn't compile; the last lines of {log}:", *lines[10:]]
    assert answer.stderr.splitlines() == expected
    assert log.read_text().splitlines() == lines
    assert cached(environment) == []
    assert not (checkout.root / ".tools" / "bin" / "small").exists()


def test_modules_that_cannot_be_fetched_name_the_remedy(checkout: Checkout, played_go: PlayedGo) -> None:
    output = 'go: example.org/small@v1.2.3: Get "https://proxy.example.org": dial tcp: no such host\n'
    (played_go.folder / "failure").write_text(output)
    answer = checkout.install()
    assert answer.returncode == 2
    assert answer.stderr == (
        "small: its Go modules can't be fetched: check the network, or set GOPROXY to a proxy you reach; "
        f"the last lines of {checkout.root / LOG}:\n{output}"
    )


def test_a_compiler_that_is_too_old_names_the_one_it_takes(checkout: Checkout, played_go: PlayedGo) -> None:
    output = "go: go.mod requires go >= 1.26.7 (running go 1.19.8; GOTOOLCHAIN=local)\n"
    (played_go.folder / "failure").write_text(output)
    answer = checkout.install()
    assert answer.returncode == 2
    assert answer.stderr == (
        "small: Go 1.26.7 or newer is needed, this is 1.19.8: "
        "see https://go.dev/doc/install, or use the package manager of your system\n"
    )


def test_without_a_compiler_all_programs_share_one_line(checkout: Checkout, played_go: PlayedGo) -> None:
    second = "\n  other:\n    group: engine\n    version: 1.2.3\n"
    checkout.programs(
        (checkout.root / "tools" / "tools.yaml").read_text().partition("programs:\n")[2]
        + second
        + "    go: {module: tools/small, pinned: example.org/small, package: .}\n"
    )
    answer = checkout.install(PATH="/nowhere")
    assert answer.returncode == 2
    assert answer.stderr == (
        "small, other: Go is not installed: see https://go.dev/doc/install, or use the package manager of your system\n"
    )
    assert played_go.calls() == []


def test_what_is_built_stays_in_place_when_the_compiler_goes(checkout: Checkout) -> None:
    checkout.install()
    answer = checkout.install(PATH="/nowhere")
    assert answer.returncode == 0
    assert answer.stdout == f"all 1 programs are in place in {checkout.root}/.tools/bin\n"


def wait_for(file: Path) -> str:
    deadline = time.monotonic() + 15
    while not file.exists() or not file.read_text():
        assert time.monotonic() < deadline, f"{file} did not appear"
        time.sleep(0.02)
    return file.read_text()


@pytest.mark.parametrize("killed_by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_build_leaves_no_half_made_program(
    checkout: Checkout, played_go: PlayedGo, killed_by: signal.Signals
) -> None:
    (played_go.folder / "slow").touch()
    # a shell that starts tests in the background has them ignore the interrupt
    running = subprocess.Popen(
        checkout.command(),
        cwd=checkout.root,
        env=checkout.environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one thread here
    )
    builder = int(wait_for(played_go.folder / "building"))
    running.send_signal(killed_by)
    assert running.wait(15) != 0
    finished = [name for name in cached(checkout.environment) if not name.startswith(".unfinished-")]
    assert finished == []
    if killed_by == signal.SIGKILL:
        os.kill(builder, signal.SIGKILL)
    else:
        assert cached(checkout.environment) == []
    assert not (checkout.root / ".tools" / "bin" / "small").exists()
    (played_go.folder / "slow").unlink()
    assert checkout.install().returncode == 0
    assert checkout.run("small").startswith("played program of ")
    (program,) = cached(checkout.environment)
    assert program.startswith("small-1.2.3-")


def test_the_cache_keeps_the_last_five_of_a_program(
    checkout: Checkout, environment: dict[str, str], played_go: PlayedGo
) -> None:
    cache = Path(environment["XDG_CACHE_HOME"]) / "slipway" / "programs"
    for age, name in enumerate(["small-1.2.2-0123456789ab", "small-extra-1.2.3-0123456789ab"]):
        (cache / name).mkdir(parents=True)
        os.utime(cache / name, (age, age))
    for number in range(5):
        (checkout.module / "main.go").write_text(f"package main\n\nfunc main() {{ println({number}) }}\n")
        checkout.install()
    kept = cached(environment)
    assert [name.rsplit("-", 1)[0] for name in kept] == ["small-1.2.3"] * 5 + ["small-extra-1.2.3"]
    assert played_go.calls().count("build") == 5


def test_two_at_once_build_once(checkout: Checkout, played_go: PlayedGo, tmp_path: Path) -> None:
    checkouts = [checkout, Checkout(tmp_path / "second", checkout.environment)]
    running = [subprocess.Popen(each.command(), cwd=each.root, env=each.environment) for each in [*checkouts, checkout]]
    assert [process.wait(15) for process in running] == [0, 0, 0]
    assert played_go.calls().count("build") == 1
    assert checkout.run("small") == checkouts[1].run("small")
