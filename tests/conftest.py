"""What all tests share: the update flag of golden files, and honest skips."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"
ELSEWHERE = "elsewhere: "  # begins the reason of a skip that no change to this machine's files could avoid

# So that all workers end at the same time.
LONGEST_FIRST = (
    "test_cluster_layer.py",
    "test_main_job.py",
    "test_new_environment.py",
    "test_staging.py",
    "test_recovery.py",
    "test_node_effects.py",
)

_skipped: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the expected texts anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin first."""
    order = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a whole text with the file of that name in tests/golden, or write it with --update-golden."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"tests/golden/{name} is missing: run make golden"
        assert text == path.read_text(encoding="utf-8"), f"differs from tests/golden/{name}: see make golden"

    return compare


@pytest.fixture(autouse=True)
def _no_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the person's own logins: a test talks to this machine alone."""
    for name in list(os.environ):
        if name.startswith(("PULUMI_", "VSPHERE_")):
            monkeypatch.delenv(name)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _skipped[report.nodeid] = reason.removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for test, reason in sorted(_skipped.items()):
        terminalreporter.write_line(f"skipped: {test}: {reason}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a CI run in which a test was skipped that needs only this machine."""
    needless = [test for test, reason in _skipped.items() if not reason.startswith(ELSEWHERE)]
    if os.environ.get("CI") and needless and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
