"""zot's configuration: what is kept, who may do what, how people sign in, what it copies and looks into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.registry import BUILDS, PULL, asked_registry, pushed_projects, registry_host
from infra.model.people import administrators, operators
from infra.platform.registry_scanner import scanner_databases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.environment import Environment

ADMIN, METRICS = "admin", "metrics"  # users of its own list, beside the registry's robots
SECRETS = "/secret"  # where files with secrets are
SIGN_IN_FILE, SESSIONS_FILE = "sign-in.json", "sessions.json"
_READ = ("read",)
_WORK = ("read", "create", "update", "delete")
_PUSH = ("read", "create", "update")
_UNUSED_COPIES = "720h"  # what nobody has pulled for so long is copied again when somebody does


def zot_config(environment: Environment) -> dict[str, Any]:
    """Return the configuration; passwords stand in files that it names."""
    return {
        "distSpecVersion": "1.1.1",
        "log": {"level": "info"},
        "storage": _storage(environment),
        "http": {
            "address": "0.0.0.0",  # noqa: S104 - pods are reached by the policy alone
            "port": "5000",
            "externalUrl": f"https://{registry_host(environment)}",
            "realm": "zot",
            # images in Docker's own format stay as they are, or copies of them would have other digests
            "compat": ["docker2s2"],
            "auth": _sign_in(environment),
            "accessControl": _access(environment),
        },
        "extensions": _extensions(environment),
    }


def _storage(environment: Environment) -> dict[str, Any]:
    """Return what is kept. What lost its tag stays: policies turn tags into digests, so it may run all the same."""
    asked = asked_registry(environment)
    copies = [f"{name}/**" for name in sorted(asked.upstreams)]
    of_copies = {
        "repositories": copies,
        "deleteReferrers": False,
        "deleteUntagged": True,
        "keepTags": [{"pulledWithin": _UNUSED_COPIES, "pushedWithin": _UNUSED_COPIES}],
    }
    of_others = {
        "repositories": ["**"],
        "deleteReferrers": False,
        "deleteUntagged": False,
        "keepTags": [{"mostRecentlyPushedCount": asked.keep_images}],
    }
    return {
        "rootDirectory": "/var/lib/registry",
        "dedupe": True,
        "gc": True,
        "gcDelay": "24h",
        "gcInterval": "24h",
        "retention": {"delay": _UNUSED_COPIES, "policies": [*([of_copies] if copies else []), of_others]},
    }


def _sign_in(environment: Environment) -> dict[str, Any]:
    """Return how somebody signs in: with a password of its own list, or as a person whom Dex knows."""
    own: dict[str, Any] = {"htpasswd": {"path": f"{SECRETS}/htpasswd"}, "failDelay": 5}
    oidc = environment.first_boot.api_server.oidc
    if environment.cluster.sign_in is None or oidc is None:
        return own
    dex = {
        "name": "Dex",
        "issuer": oidc.issuer,
        "credentialsFile": f"{SECRETS}/{SIGN_IN_FILE}",
        "scopes": ["openid", "profile", "email", "groups"],
    }
    sessions = {"sessionKeysFile": f"{SECRETS}/{SESSIONS_FILE}", "secureSession": True}
    # people make passwords for docker there
    return {**own, **sessions, "apikey": True, "openid": {"providers": {"oidc": dex}}}


def _access(environment: Environment) -> dict[str, Any]:
    """Return who may do what. The longest pattern alone counts, so each says everything; what none names is closed."""
    teams = environment.cluster.teams
    looking = operators(environment)
    of_teams = sorted({group for team in teams.values() for group in (*team.members, *team.viewers)})
    found: dict[str, Any] = {"**": _policies()}
    for name in pushed_projects(environment):
        team = teams.get(name)
        members = team.members if team is not None else []
        readers = {*looking, *(team.viewers if team is not None else of_teams)}
        found[f"{name}/**"] = _policies(members, readers - set(members), pushed=True)
    for name in sorted(asked_registry(environment).upstreams):
        found[f"{name}/**"] = _policies((), {*looking, *of_teams})
    people = administrators(environment)
    return {
        "repositories": found,
        "adminPolicy": {"users": [ADMIN], "groups": people, "actions": list(_WORK)},
        "metrics": {"users": [METRICS]},
    }


def _policies(members: Iterable[str] = (), readers: Iterable[str] = (), *, pushed: bool = False) -> dict[str, Any]:
    """Return who may work in repositories, who may read them, and what programs may."""
    robots = [
        *([{"users": [BUILDS], "actions": list(_PUSH)}] if pushed else []),
        {"users": [PULL] if pushed else [BUILDS, PULL], "actions": list(_READ)},
    ]
    groups = [
        {"groups": sorted(each), "actions": list(actions)} for each, actions in ((members, _WORK), (readers, _READ))
    ]
    policies = [*robots, *(each for each in groups if each["groups"])]
    return {"policies": policies, "defaultPolicy": []}


def _extensions(environment: Environment) -> dict[str, Any]:
    asked = asked_registry(environment)
    database, java = scanner_databases(asked)
    found: dict[str, Any] = {
        # it takes one place each: the publisher's, or that of the site
        "search": {
            "enable": True,
            "cve": {"updateInterval": "24h", "trivy": {"dbRepository": database[-1], "javaDBRepository": java[-1]}},
        },
        "ui": {"enable": True},
        "scrub": {"enable": True, "interval": "168h"},
    }
    if environment.platform.monitoring is not None:
        found["metrics"] = {"enable": True, "prometheus": {"path": "/metrics"}}
    if asked.upstreams:
        found["sync"] = {"enable": True, "registries": [_copied(name, url) for name, url in asked.upstreams.items()]}
    return found


def _copied(name: str, url: str) -> dict[str, Any]:
    """Return a registry outside whose images are copied when somebody asks for them."""
    return {
        "urls": [url],
        "onDemand": True,
        "tlsVerify": True,
        "preserveDigest": True,
        "maxRetries": 3,
        "retryDelay": "30s",
        "content": [{"prefix": "**", "destination": f"/{name}"}],
    }
