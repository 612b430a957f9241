"""Where alerts go: mail, a URL, nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.model.links import links_of
from infra.platform.alerting import MAIL_PASSWORD, WEBHOOK, alert_secret
from infra.platform.rules import rule_groups
from tests.support.environments import CATALOG, PROD, changed

if TYPE_CHECKING:
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
ALERTS = "platform.monitoring.alerts"
MAIL = {"server": "mail.example.internal", "sender": "slipway@example.com", "to": ["a@example.com", "b@example.com"]}
WITHOUT_LOGIN = changed(DEV, {ALERTS: {"email": MAIL}})


def configuration(environment: Environment) -> dict[str, Any]:
    monitoring = environment.platform.monitoring
    assert monitoring is not None
    secret = alert_secret(environment, monitoring.alerts)
    filled = secret.fill({source: f"<{source}>" for source in secret.sources})
    found: dict[str, Any] = json.loads(filled["alertmanager.yaml"])
    return found


def receivers(environment: Environment) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in configuration(environment)["receivers"]}


def outside(environment: Environment) -> set[int]:
    links = links_of(environment)
    return {each.port for each in links if (each.caller, each.called) == ("kube-prometheus-stack", "outside")}


def test_without_a_way_nobody_is_told() -> None:
    silent = changed(DEV, {ALERTS: None})
    assert configuration(silent)["route"] == {"receiver": "nobody"}
    assert receivers(silent) == {"nobody": {"name": "nobody"}}


def test_critical_and_warning_are_told_and_nothing_else() -> None:
    route = configuration(DEV)["route"]
    assert route["receiver"] == "nobody"
    told = [each for each in route["routes"] if each["receiver"] == "people"]
    assert [each["matchers"] for each in told] == [['severity = "critical"'], ['severity = "warning"']]
    quiet = route["routes"][0]
    assert (quiet["receiver"], "Watchdog" in quiet["matchers"][0]) == ("nobody", True)


def test_every_severity_of_the_rules_is_one_that_is_routed() -> None:
    found = {
        rule["labels"]["severity"]
        for layer in ("platform", "toolchain")
        for spec in rule_groups(layer).values()
        for group in spec["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    routed = " ".join(matcher for each in configuration(DEV)["route"]["routes"] for matcher in each["matchers"])
    assert found
    assert all(f'"{severity}"' in routed for severity in found)


def test_mail_goes_by_starttls_and_with_a_login_where_there_is_one() -> None:
    mail = configuration(PROD)["global"]
    assert mail == {
        "smtp_smarthost": "mail.example.internal:587",
        "smtp_from": "slipway@example.com",
        "smtp_require_tls": True,
        "smtp_auth_username": "slipway",
        "smtp_auth_password": f"<{MAIL_PASSWORD}>",
    }
    (receiver,) = receivers(PROD)["people"]["email_configs"]
    assert receiver["headers"]["Subject"].startswith("prod: ")


def test_mail_without_a_login_asks_for_no_setting() -> None:
    monitoring = WITHOUT_LOGIN.platform.monitoring
    assert monitoring is not None
    assert alert_secret(WITHOUT_LOGIN, monitoring.alerts).sources == ()
    assert not [key for key in configuration(WITHOUT_LOGIN)["global"] if "auth" in key]
    (receiver,) = receivers(WITHOUT_LOGIN)["people"]["email_configs"]
    assert receiver["to"] == "a@example.com, b@example.com"
    assert "webhook_configs" not in receivers(WITHOUT_LOGIN)["people"]


def test_alerts_are_posted_to_the_setting_and_through_the_proxy() -> None:
    (direct,) = receivers(DEV)["people"]["webhook_configs"]
    assert direct == {"url": f"<{WEBHOOK}>", "send_resolved": True}
    (proxied,) = receivers(PROD)["people"]["webhook_configs"]
    assert proxied["http_config"]["proxy_url"] == "http://proxy.example.internal:3128"
    assert ".example.internal" in proxied["http_config"]["no_proxy"].split(",")


def test_the_ways_out_are_open_and_no_others() -> None:
    assert outside(DEV) == {443}
    assert outside(PROD) == {443, 587, 3128}
    assert outside(changed(DEV, {ALERTS: {"email": {**MAIL, "port": 25}}})) == {443, 25}


def test_the_worse_of_two_alerts_keeps_the_other_silent() -> None:
    rules = configuration(DEV)["inhibit_rules"]
    pairs = [(rule["source_matchers"], rule["target_matchers"]) for rule in rules]
    assert (['severity = "critical"'], ['severity =~ "warning|info"']) in pairs
    assert all(rule["equal"] for rule in rules)
