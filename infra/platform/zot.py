"""zot: a registry in one program and one volume, for small sites."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.components.authorities import authorities, trust_of_pods
from infra.components.component import Component, FilledSecret, chart_values, fingerprint
from infra.components.password_hash import bcrypt_hash
from infra.components.registry import (
    BUILDS,
    PULL,
    asked_registry,
    pull_logins,
    robot_password,
)
from infra.components.sources import BELOW, MADE
from infra.compute.node_files import proxy_variables
from infra.model.tools import all_tools
from infra.platform.monitored import is_monitored, monitors_needed
from infra.platform.zot_config import ADMIN, METRICS, SESSIONS_FILE, SIGN_IN_FILE, zot_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "zot"
NAMESPACE = "zot"
_SECRET, _METRICS, _ADMIN = f"{NAME}-secret", f"{NAME}-metrics", f"{NAME}-admin"
_PASSWORDS = {  # of the users in zot's own list
    ADMIN: f"{MADE}:{NAME}-admin",
    METRICS: f"{MADE}:{NAME}-metrics",
    BUILDS: robot_password(BUILDS),
    PULL: robot_password(PULL),
}
_HASH_KEY, _ENCRYPT_KEY = f"{MADE}:{NAME}-session-hash", f"{MADE}:{NAME}-session-encryption"  # 32 bytes: AES-256


def zot(environment: Environment, release: Release) -> Component:
    """Return zot."""
    del release
    monitored = is_monitored(environment)
    trusted = authorities(environment, NAMESPACE)
    trust = trust_of_pods(environment)
    config = zot_config(environment)
    variables = [{"name": name, "value": value} for name, value in proxy_variables(environment).items()]
    values = {
        "config": json.dumps(config, indent=2, sort_keys=True) + "\n",
        "secret": _SECRET,
        "storage": f"{asked_registry(environment).storage_gib}Gi",
        "monitored": monitored,
        "metrics": _METRICS,
        "variables": [*variables, *trust["env"]],
        "volumes": trust["volumes"],
        "mounts": trust["volumeMounts"],
        "fingerprint": fingerprint({"authorities": trusted}),
    }
    pull_secrets, pull_accounts = pull_logins(environment)
    return Component(
        NAME,
        NAMESPACE,
        needs=monitors_needed(environment),
        chart=True,
        values=chart_values(f"platform/{NAME}", values),
        secrets=(_secret(environment), *_logins(monitored=monitored), *pull_secrets),
        before=(*trusted, *pull_accounts),
    )


def _secret(environment: Environment) -> FilledSecret:
    """Return the files that zot's configuration names: its users, and how it signs people in."""
    client = all_tools()[NAME].addresses[0]
    password = f"{BELOW}:{client.client}"
    sign_in = environment.cluster.sign_in is not None

    def filled(values: Mapping[str, str]) -> dict[str, str]:
        users = {user: bcrypt_hash(values[source]) for user, source in sorted(_PASSWORDS.items())}
        files = {"htpasswd": "".join(f"{user}:{hashed}\n" for user, hashed in users.items())}
        if sign_in:
            files[SIGN_IN_FILE] = json.dumps({"clientid": client.name, "clientsecret": values[password]})
            files[SESSIONS_FILE] = json.dumps({"hashKey": values[_HASH_KEY], "encryptKey": values[_ENCRYPT_KEY]})
        return files

    more = (password, _HASH_KEY, _ENCRYPT_KEY) if sign_in else ()
    return FilledSecret(_SECRET, (*_PASSWORDS.values(), *more), filled)


def _logins(*, monitored: bool) -> tuple[FilledSecret, ...]:
    """Return the users whose passwords somebody has to read: a way in when nobody can sign in, and Prometheus's."""

    def login(name: str, user: str) -> FilledSecret:
        source = _PASSWORDS[user]
        return FilledSecret(name, (source,), lambda values: {"username": user, "password": values[source]})

    return (login(_ADMIN, ADMIN), *((login(_METRICS, METRICS),) if monitored else ()))
