"""Where alerts go: Alertmanager's configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.components.component import FilledSecret
from infra.compute.node_files import proxy_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.platform import Alerts, Email

SECRET = "alertmanager-configuration"  # noqa: S105 - the name of an object
MAIL_PASSWORD, WEBHOOK = "slipway:mailPassword", "slipway:alertWebhook"
_PEOPLE, _NOBODY = "people", "nobody"
_GROUPED = ["alertname", "namespace"]


def alert_secret(environment: Environment, alerts: Alerts) -> FilledSecret:
    """Return the Secret with Alertmanager's configuration."""
    with_login = alerts.email is not None and alerts.email.user is not None
    sources = [*([MAIL_PASSWORD] if with_login else []), *([WEBHOOK] if alerts.webhook else [])]

    def filled(values: Mapping[str, str]) -> dict[str, str]:
        content = alertmanager_configuration(environment, alerts, {name: values[name] for name in sources})
        return {"alertmanager.yaml": json.dumps(content, indent=2, sort_keys=True)}

    return FilledSecret(SECRET, tuple(sources), filled)


def is_told(alerts: Alerts) -> bool:
    """Whether alerts go anywhere."""
    return alerts.email is not None or alerts.webhook


def alertmanager_configuration(environment: Environment, alerts: Alerts, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return Alertmanager's configuration; `secrets` are the values of the settings that it needs.

    Who has no way to be told sees alerts in Alertmanager alone.
    """
    receiver: dict[str, Any] = {"name": _PEOPLE}
    if alerts.email is not None:
        subject = "[{{ .Status | toUpper }}] {{ .GroupLabels.alertname }} {{ .GroupLabels.namespace }}"
        headers = {"Subject": f"{environment.name}: {subject}"}
        receiver["email_configs"] = [{"to": ", ".join(alerts.email.to), "send_resolved": True, "headers": headers}]
    if alerts.webhook:
        receiver["webhook_configs"] = [{"url": secrets[WEBHOOK], "send_resolved": True, **_through(environment)}]
    told = is_told(alerts)
    found: dict[str, Any] = {
        "route": _route() if told else {"receiver": _NOBODY},
        "receivers": [{"name": _NOBODY}, *([receiver] if told else [])],
        "inhibit_rules": _inhibitions(),
    }
    if alerts.email is not None:
        found["global"] = _mail(alerts.email, secrets)
    return found


def _through(environment: Environment) -> dict[str, Any]:
    variables = proxy_variables(environment)
    if not variables:
        return {}
    return {"http_config": {"proxy_url": variables["HTTPS_PROXY"], "no_proxy": variables["NO_PROXY"]}}


def _mail(email: Email, secrets: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "smtp_smarthost": f"{email.server}:{email.port}",
        "smtp_from": email.sender,
        "smtp_require_tls": True,
    }
    if email.user is not None:
        found |= {"smtp_auth_username": email.user, "smtp_auth_password": secrets[MAIL_PASSWORD]}
    return found


def _route() -> dict[str, Any]:
    """Return who is told what, how soon and how often: what is urgent at once and every four hours."""
    waits = {"critical": ("10s", "4h"), "warning": ("1m", "24h")}
    routes = [
        {"matchers": [f'severity = "{name}"'], "receiver": _PEOPLE, "group_wait": wait, "repeat_interval": repeat}
        for name, (wait, repeat) in waits.items()
    ]
    # Watchdog always fires: it shows that alerts get this far, and says nothing.
    quiet = {"matchers": ['alertname =~ "Watchdog|InfoInhibitor"'], "receiver": _NOBODY}
    return {
        "receiver": _NOBODY,
        "group_by": _GROUPED,
        "group_wait": "1m",
        "group_interval": "5m",
        "routes": [quiet, *routes],
    }


def _inhibitions() -> list[dict[str, Any]]:
    """Return what keeps others silent: the worse of two alerts, and a node that is away for what is on it."""
    return [
        {
            "source_matchers": ['severity = "critical"'],
            "target_matchers": ['severity =~ "warning|info"'],
            "equal": ["namespace", "alertname"],
        },
        {
            "source_matchers": ['severity = "warning"'],
            "target_matchers": ['severity = "info"'],
            "equal": ["namespace", "alertname"],
        },
        {
            "source_matchers": ['alertname = "NodeNotReady"'],
            "target_matchers": ['severity = "warning"'],
            "equal": ["node"],
        },
        {
            "source_matchers": ['alertname = "InfoInhibitor"'],
            "target_matchers": ['severity = "info"'],
            "equal": ["namespace"],
        },
    ]
