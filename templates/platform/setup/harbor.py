"""Sets Harbor up: sign-in, registries it is a cache of, projects, robot accounts, and when it cleans up and scans.

Environment: see `api.py`; SETUP_USER is an administrator. What is missing is made, what differs is changed, nothing is
deleted: what is there and not in the desired state is told and left alone. An example that has everything:

    {
      "settings": {"project_creation_restriction": "adminonly"},
      "oidc": {"name": "slipway", "endpoint": "https://dex.example.org", "client_id": "harbor",
               "client_secret_env": "HARBOR_OIDC_CLIENT_SECRET", "scope": "openid,profile,email,groups",
               "user_claim": "email", "groups_claim": "groups", "admin_group": "platform-admins", "group_filter": "",
               "auto_onboard": true, "verify_cert": true},
      "registries": [{"name": "docker-hub", "type": "docker-hub", "url": "https://hub.docker.com", "insecure": false,
                      "user": "reader", "password_env": "HARBOR_DOCKER_HUB_PASSWORD"}],
      "projects": [
        {"name": "docker-hub", "public": true, "proxy_of": "docker-hub"},
        {"name": "team-a", "public": false, "storage_limit": 107374182400, "auto_scan": true,
         "auto_sbom_generation": true, "prevent_severity": "critical", "signed_only": false,
         "retention": {"cron": "0 0 2 * * *",
                       "keep": [{"template": "latestPushedK", "number": 10, "repositories": "**", "tags": "**",
                                 "untagged": false}]},
         "members": [{"group": "team-a", "role": "developer"}]}],
      "robots": [{"name": "build", "project": "team-a", "secret_env": "HARBOR_ROBOT_TEAM_A_BUILD", "duration": -1,
                  "description": "pushes what is built",
                  "permissions": [{"namespace": "team-a", "access": ["repository:pull", "repository:push"]}]}],
      "garbage_collection": {"cron": "0 0 3 * * 6", "delete_untagged": true, "workers": 1},
      "scan_all": {"cron": "0 0 4 * * *"}
    }

Every part can be left out, and is then not looked at. Required are names, an OIDC provider's `endpoint`, `client_id`
and `client_secret_env`, a registry's `type` and `url`, every `cron` (six fields, seconds first), a rule's `template`, a
member's `role`, and a robot's `secret_env` and `permissions`. `storage_limit` is in bytes; -1, if it is left out, is no
limit. An empty `prevent_severity` lets every image be pulled. Roles are admin, maintainer, developer, guest and
limited-guest. A robot without `project` is one of the system: its permissions name a project, `*` for all projects, or
`/` for the system. Its secret has 8 to 128 characters, with a capital letter, a small letter and a digit.

Harbor shows neither the client's secret nor a registry's password again. So that a changed one is noticed, a short mark
of it is kept: of the client's secret in the label `slipway-setup`, of a registry's password in its description.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # one folder in the Job, two in this repository
    from templates.platform.setup.api import (
        Api,
        Document,
        Refused,
        checked,
        described,
        differences,
        each,
        main,
        mark_of,
    )
    from templates.platform.setup.harbor_projects import check_projects, set_up_projects
    from templates.platform.setup.harbor_robots import check_robots, set_up_robots
else:
    from api import Refused, checked, described, differences, each, main, mark_of
    from harbor_projects import check_projects, set_up_projects
    from harbor_robots import check_robots, set_up_robots

API = "/api/v2.0"
PAGE = ("page_size", 100)
LABEL = "slipway-setup"
PARTS: Document = {
    "settings": {},
    "oidc": {},
    "registries": [],
    "projects": [],
    "robots": [],
    "garbage_collection": {},
    "scan_all": {},
}
OIDC_NEEDED = {"name": str, "endpoint": str, "client_id": str, "client_secret_env": str}
OIDC_DEFAULTS = {
    "scope": "openid,profile,email,groups",
    "user_claim": "email",
    "groups_claim": "groups",
    "admin_group": "",
    "group_filter": "",
    "auto_onboard": True,
    "verify_cert": True,
}
REGISTRY_DEFAULTS = {"insecure": False, "user": "", "password_env": ""}
GC_DEFAULTS = {"delete_untagged": True, "workers": 1}


def work(api: Api, desired: Document) -> None:
    """Bring the desired state about. Raises `Refused`."""
    state = checked(desired, "desired.json", {}, PARTS)
    check(state)
    check_projects(state)
    check_robots(api, state)
    wait_until_healthy(api)
    set_up_settings(api, state)
    registries = set_up_registries(api, state)
    projects = set_up_projects(api, state, registries)
    set_up_robots(api, state, projects)
    set_up_garbage_collection(api, state)
    set_up_scanning(api, state)


def check(state: Document) -> None:
    """Check the desired state before anything is made, and give it its defaults. Raises `Refused`."""
    for name, value in state["settings"].items():
        if not isinstance(value, str | int | bool) or "secret" in name or "password" in name:
            raise Refused(f"settings.{name}: a text, number or boolean that is no secret is expected")
    needed = {"name": str, "type": str, "url": str}
    state["registries"] = each(state, "registries", "", needed, REGISTRY_DEFAULTS)
    for name, inner, defaults in (
        ("oidc", OIDC_NEEDED, OIDC_DEFAULTS),
        ("garbage_collection", {"cron": str}, GC_DEFAULTS),
        ("scan_all", {"cron": str}, {}),
    ):
        if state[name]:
            state[name] = checked(state[name], name, inner, defaults)


def wait_until_healthy(api: Api) -> None:
    """Wait until every component of Harbor is well: some parts of the setup need each of them. Raises `Refused`."""

    def ill(health: Document) -> str:
        names = [part["name"] for part in health.get("components") or [] if part.get("status") != "healthy"]
        return f"Harbor is not healthy: {', '.join(sorted(names)) or health.get('status')}"

    api.wait("/health", lambda health: None if health.get("status") == "healthy" else ill(health))


def set_up_settings(api: Api, state: Document) -> None:
    """Set the system's settings and the sign-in. Raises `Refused`."""
    settings, mark, label = dict(state["settings"]), "", None
    if not settings and not state["oidc"]:
        return
    found = {name: item.get("value") for name, item in api.ask("/configurations").items() if isinstance(item, dict)}
    secrets: dict[str, str] = {}
    if state["oidc"]:
        oidc = dict(state["oidc"])
        secret = api.run.secret(oidc.pop("client_secret_env"))
        settings |= {"auth_mode": "oidc_auth"} | {f"oidc_{name}": value for name, value in oidc.items()}
        mark = mark_of(secret, oidc["client_id"])
        label = next((item for item in api.all("/labels", PAGE, scope="g", name=LABEL) if item["name"] == LABEL), None)
        if label is None or label.get("description") != mark or found.get("auth_mode") != "oidc_auth":
            secrets = {"oidc_client_secret": secret}
    changes = differences(found, settings)
    if not changes and not secrets:
        return
    detail = ", ".join(filter(None, [described(found, changes), "the client's secret" if secrets else ""]))
    api.change("PUT", "/configurations", {**changes, **secrets}, "settings", "changed", detail)
    if secrets:
        # after the secret: without the mark it is only written again
        body = {"name": LABEL, "description": mark, "scope": "g", "color": "#A9A9A9"}
        where = f"/labels/{label['id']}" if label else "/labels"
        api.change(
            "PUT" if label else "POST", where, body, f"label {LABEL}", "written", "the mark of the client's secret"
        )


def set_up_registries(api: Api, state: Document) -> dict[str, int]:
    """Make the registries that projects are caches of; return their numbers by name. Raises `Refused`."""
    wanted = state["registries"]
    if not wanted and not any(project["proxy_of"] for project in state["projects"]):
        return {}
    found = {item["name"]: item for item in api.all("/registries", PAGE)}
    for registry in wanted:
        set_up_registry(api, registry, found.get(registry["name"]))
    if any(registry["name"] not in found for registry in wanted):
        found |= {item["name"]: item for item in api.all("/registries", PAGE)}
    api.run.unasked("registries", [name for name in found if name not in {each["name"] for each in wanted}])
    return {name: item["id"] for name, item in found.items()}


def set_up_registry(api: Api, wanted: Document, found: Document | None) -> None:
    """Make a registry, or change what differs. Raises `Refused`: Harbor has to reach it, too."""
    what = f"registry {wanted['name']}"
    password = api.run.secret(wanted["password_env"]) if wanted["password_env"] else ""
    description = f"Slipway {mark_of(password, wanted['name'])}" if password else "Slipway"
    # as Harbor keeps it
    body = {"url": wanted["url"].rstrip("/"), "insecure": wanted["insecure"], "description": description}
    if found is None:
        body |= {"name": wanted["name"], "type": wanted["type"]}
        if wanted["user"]:
            body["credential"] = {"type": "basic", "access_key": wanted["user"], "access_secret": password}
        api.change("POST", "/registries", body, what, "created")
        return
    if found["type"] != wanted["type"]:
        raise Refused(f"{what} is of type {found['type']}, not {wanted['type']}; Harbor can't change that")
    shown = {**found, "description": found.get("description", ""), "insecure": found.get("insecure", False)}
    shown["access_key"] = (found.get("credential") or {}).get("access_key", "")
    changes = differences(shown, {**body, "access_key": wanted["user"]})
    if changes:
        detail = described(shown, {name: value for name, value in changes.items() if name != "description"})
        credential = {"credential_type": "basic", "access_key": wanted["user"], "access_secret": password}
        new = "description" in changes or "access_key" in changes
        body = {**changes, **(credential if wanted["user"] and new else {})}
        api.change("PUT", f"/registries/{found['id']}", body, what, "changed", detail or "the password")


def set_up_garbage_collection(api: Api, state: Document) -> None:
    """Set when what nobody refers to is removed from the storage. Raises `Refused`."""
    if not state["garbage_collection"]:
        return
    wanted = dict(state["garbage_collection"])
    path = "/system/gc/schedule"
    answer = api.ask(path) or {}
    found = {**json.loads(answer.get("job_parameters") or "{}"), "cron": (answer.get("schedule") or {}).get("cron", "")}
    changes = differences(found, wanted)
    if changes:
        body = {"schedule": {"type": "Custom", "cron": wanted.pop("cron")}, "parameters": wanted}
        api.change(
            "PUT" if found["cron"] else "POST", path, body, "garbage collection", "set", described(found, changes)
        )


def set_up_scanning(api: Api, state: Document) -> None:
    """Set when all images are scanned. Raises `Refused`."""
    if not state["scan_all"]:
        return
    cron = state["scan_all"]["cron"]
    path = "/system/scanAll/schedule"
    found: dict[str, Any] = (api.ask(path) or {}).get("schedule") or {}
    if found.get("cron") != cron:
        body = {"schedule": {"type": "Custom", "cron": cron}}
        detail = described(found, {"cron": cron})
        api.change("PUT" if found else "POST", path, body, "scan of all images", "set", detail)


if __name__ == "__main__":
    main("harbor", API, work)
