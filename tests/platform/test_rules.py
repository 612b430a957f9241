"""Every alert rule, run by the real promtool: well-formed, fires when it should, silent when it should not."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from infra.catalog import ROOT
from infra.platform.rules import rule_groups

if TYPE_CHECKING:
    from pathlib import Path

PROMTOOL = ROOT / ".tools" / "bin" / "promtool"
LAYERS = ("platform", "toolchain")
RULES = [path for layer in LAYERS for path in sorted((ROOT / "templates" / layer / "rules").glob("*.yaml"))]
CASES = [path for layer in LAYERS for path in sorted((ROOT / "tests" / layer / "rules").glob("*_test.yaml"))]
ALERTS = [
    pytest.param(rule, id=rule["alert"])
    for layer in LAYERS
    for content in rule_groups(layer).values()
    for group in content["groups"]
    for rule in group["rules"]
    if "alert" in rule
]


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expectations() -> dict[str, set[bool]]:
    """Return of every alert whether a case expects it (True) and whether one expects that it is silent (False)."""
    found: dict[str, set[bool]] = {}
    for path in CASES:
        for case in YAML(typ="safe", pure=True).load(path)["tests"]:
            for test in case.get("alert_rule_test", []):
                found.setdefault(test["alertname"], set()).add(bool(test["exp_alerts"]))
    return found


EXPECTED = expectations()


def test_prometheus_reads_every_rule_file() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(ROOT)))
def test_alerts_fire_when_they_should(path: Path) -> None:
    promtool("test", "rules", path)


@pytest.mark.parametrize("rule", ALERTS)
def test_every_alert_is_tried_both_ways(rule: dict[str, Any]) -> None:
    assert EXPECTED[rule["alert"]] == {True, False}


@pytest.mark.parametrize("rule", ALERTS)
def test_every_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert all(text.strip() for text in rule["annotations"].values())


def test_no_two_alerts_or_groups_have_one_name() -> None:
    alerts = [str(alert.id) for alert in ALERTS]
    groups = [each["name"] for layer in LAYERS for file in rule_groups(layer).values() for each in file["groups"]]
    assert sorted(set(alerts)) == sorted(alerts)
    assert sorted(set(groups)) == sorted(groups)


@pytest.mark.parametrize("path", RULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_rule_file_says_where_its_metrics_come_from(path: Path) -> None:
    assert "# Metrics: " in path.read_text(encoding="utf-8")
