"""Harbor: images, charts and model artefacts, with a scanner, quotas, and copies of registries outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.cluster.certificates import API as CERTIFICATES
from infra.components.authorities import SECRET as AUTHORITIES
from infra.components.authorities import authorities
from infra.components.component import Component, FilledSecret, Manifest, chart_values, fingerprint, manifest
from infra.components.password_hash import bcrypt_hash
from infra.components.registry import (
    ROBOTS,
    asked_registry,
    pull_logins,
    registry_host,
    robot_password,
)
from infra.components.replicas import replicas
from infra.components.setup_job import setup_job
from infra.components.sources import BELOW, MADE
from infra.components.stores import (
    DATABASE_HOST,
    DATABASE_PORT,
    OBJECT_STORE,
    REGION,
    bucket_secret,
    database_password,
)
from infra.compute.node_files import proxy_exceptions
from infra.model.tools import all_tools
from infra.platform.harbor_state import OIDC_SECRET, desired_state, robot_variable
from infra.platform.monitored import is_monitored, monitors_needed
from infra.platform.registry_scanner import scanner_databases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "harbor"
NAMESPACE = "harbor"
_ADMIN, _KEYS, _LOGIN, _TOKEN, _SETUP = (f"{NAME}-{part}" for part in ("admin", "keys", "login", "token", "setup"))
_DATABASE, _BUCKETS = f"{NAME}-database", f"{NAME}-buckets"
_ADMIN_PASSWORD, _LOGIN_PASSWORD = f"{MADE}:{NAME}-admin", f"{MADE}:{NAME}-login"
_LOGIN_USER = "harbor_registry_user"  # as Harbor's core signs in to the registry behind it
_MADE_KEYS = {  # entries of `harbor-keys` that are a made value each
    "secret": f"{MADE}:{NAME}-core",
    "CSRF_KEY": f"{MADE}:{NAME}-csrf",  # 32 characters, no more and no less
    "JOBSERVICE_SECRET": f"{MADE}:{NAME}-jobservice",
    "REGISTRY_HTTP_SECRET": f"{MADE}:{NAME}-registry",
}
_ENCRYPTION, _ENCRYPTION_LENGTH = f"{MADE}:{NAME}-encryption", 16  # a key of AES-128: Harbor takes no other length
_TOKEN_YEARS = "87600h"  # noqa: S105 - ten years; nobody looks at the certificate, Harbor needs its key alone
_SCRIPT = "platform/setup/harbor.py"
_MODULES = ("platform/setup/harbor_projects.py", "platform/setup/harbor_robots.py")


def harbor(environment: Environment, release: Release) -> Component:
    """Return Harbor, and the Job that makes of it what a document asks for."""
    trusted = authorities(environment, NAMESPACE)
    pull_secrets, pull_accounts = pull_logins(environment)
    return Component(
        NAME,
        NAMESPACE,
        needs=("postgres", "seaweedfs", *monitors_needed(environment)),
        chart=True,
        values=_values(environment, trusted),
        secrets=(*_secrets(environment), *pull_secrets),
        before=(*trusted, *_token_key(), *pull_accounts),
        after=setup_job(
            release,
            script=_SCRIPT,
            modules=_MODULES,
            namespace=NAMESPACE,
            desired=desired_state(environment),
            secrets=(_SETUP,),
            variables={"SETUP_URL": f"http://{NAME}.{NAMESPACE}.svc.cluster.local", "SETUP_USER": "admin"},
        ),
    )


def _values(environment: Environment, trusted: tuple[Manifest, ...]) -> dict[str, Any]:
    tool, proxy, gateway = all_tools()[NAME], environment.first_boot.proxy, environment.cluster.gateway
    names = [f".{gateway.domain}"] if gateway is not None else []
    values = {
        "url": f"https://{registry_host(environment)}",
        "replicas": replicas(environment),
        "database_host": DATABASE_HOST,
        "database_port": str(DATABASE_PORT),
        "database": tool.database,
        "database_secret": _DATABASE,
        "bucket": tool.buckets[0],
        "bucket_secret": _BUCKETS,
        "object_store": OBJECT_STORE,
        "region": REGION,
        "admin": _ADMIN,
        "keys": _KEYS,
        "login": _LOGIN,
        "login_user": _LOGIN_USER,
        "token": _TOKEN,
        "authorities": AUTHORITIES if trusted else "",
        "fingerprint": fingerprint({"authorities": trusted}),
        "proxy": proxy,
        "proxy_exceptions": ",".join(dict.fromkeys([*proxy_exceptions(environment), *names])),
        "scanner": scanner_databases(asked_registry(environment)),
        "monitored": is_monitored(environment),
    }
    return chart_values(f"platform/{NAME}", values)


def _token_key() -> tuple[Manifest, ...]:
    """Return what makes the key that Harbor signs its tokens with; it stays when its certificate is renewed."""
    spec: dict[str, Any] = {
        "secretName": _TOKEN,
        "commonName": _TOKEN,
        "duration": _TOKEN_YEARS,
        "privateKey": {"algorithm": "RSA", "encoding": "PKCS1", "size": 4096, "rotationPolicy": "Never"},
        "issuerRef": {"name": "self-signed", "kind": "Issuer", "group": "cert-manager.io"},
    }
    return (
        manifest("Issuer", CERTIFICATES, "self-signed", NAMESPACE, spec={"selfSigned": {}}),
        manifest("Certificate", CERTIFICATES, _TOKEN, NAMESPACE, spec=spec),
    )


def _secrets(environment: Environment) -> tuple[FilledSecret, ...]:
    tool = all_tools()[NAME]
    database, bucket = database_password(tool), bucket_secret(tool)

    def keys(values: Mapping[str, str]) -> dict[str, str]:
        own = {key: values[source] for key, source in _MADE_KEYS.items()}
        return {**own, "secretKey": values[_ENCRYPTION][:_ENCRYPTION_LENGTH]}

    def login(values: Mapping[str, str]) -> dict[str, str]:
        password = values[_LOGIN_PASSWORD]
        return {"REGISTRY_PASSWD": password, "REGISTRY_HTPASSWD": f"{_LOGIN_USER}:{bcrypt_hash(password)}"}

    def buckets(values: Mapping[str, str]) -> dict[str, str]:
        return {"REGISTRY_STORAGE_S3_ACCESSKEY": tool.component, "REGISTRY_STORAGE_S3_SECRETKEY": values[bucket]}

    return (
        FilledSecret(_DATABASE, (database,), lambda values: {"password": values[database]}),
        FilledSecret(_BUCKETS, (bucket,), buckets),
        FilledSecret(_ADMIN, (_ADMIN_PASSWORD,), lambda values: {"HARBOR_ADMIN_PASSWORD": values[_ADMIN_PASSWORD]}),
        FilledSecret(_KEYS, (*_MADE_KEYS.values(), _ENCRYPTION), keys),
        FilledSecret(_LOGIN, (_LOGIN_PASSWORD,), login),
        _setup_secret(environment),
    )


def _setup_secret(environment: Environment) -> FilledSecret:
    """Return what the set-up script knows: the administrator's password, and those that Harbor is to take."""
    entries = {"SETUP_PASSWORD": _ADMIN_PASSWORD, **{robot_variable(each): robot_password(each) for each in ROBOTS}}
    if environment.cluster.sign_in is not None:
        entries[OIDC_SECRET] = f"{BELOW}:{all_tools()[NAME].addresses[0].client}"
    return FilledSecret(
        _SETUP, tuple(entries.values()), lambda values: {key: values[source] for key, source in entries.items()}
    )
