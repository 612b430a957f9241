"""Harbor's projects: what they let in and out, how much they hold, what of it is kept, who may do what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # one folder in the Job, two in this repository
    from templates.platform.setup.api import Api, Document, Refused, checked, described, differences, each
else:
    from api import Refused, checked, described, differences, each

PAGE = ("page_size", 100)
DEFAULTS = {
    "public": False,
    "storage_limit": -1,
    "auto_scan": True,
    "auto_sbom_generation": False,
    "prevent_severity": "",
    "signed_only": False,
    "proxy_of": "",
    "retention": {},
    "members": [],
}
SEVERITIES = ("", "none", "low", "medium", "high", "critical")
ROLES = {"admin": 1, "developer": 2, "guest": 3, "maintainer": 4, "limited-guest": 5}
TEMPLATES = ("latestPushedK", "latestPulledN", "nDaysSinceLastPush", "nDaysSinceLastPull", "always")
RULE_DEFAULTS = {"number": 0, "repositories": "**", "tags": "**", "untagged": True}
OIDC_GROUP = 3


def check_projects(state: Document) -> None:
    """Check the projects of the desired state, and give them their defaults. Raises `Refused`."""
    state["projects"] = each(state, "projects", "", {"name": str}, DEFAULTS)
    for project in state["projects"]:
        if project["prevent_severity"] not in SEVERITIES:
            known = ", ".join(SEVERITIES[1:])
            raise Refused(f"project {project['name']}: prevent_severity is one of {known}, or empty")
        project["rules"] = retention_rules(project)
        project["roles"] = wanted_members(project)


def set_up_projects(api: Api, state: Document, registries: dict[str, int]) -> dict[str, int]:
    """Make the projects with everything in them; return all projects' numbers by name. Raises `Refused`."""
    wanted = state["projects"]
    if not wanted and not state["robots"]:
        return {}
    for project in wanted:
        if project["proxy_of"] and project["proxy_of"] not in registries:
            raise Refused(f"project {project['name']}: there is no registry {project['proxy_of']}")
    found = {item["name"]: item for item in api.all("/projects", PAGE)}
    missing = [project for project in wanted if project["name"] not in found]
    for project in missing:
        create(api, project, registries)
    if missing:
        found = {item["name"]: item for item in api.all("/projects", PAGE)}
    for project in wanted:
        there = found[project["name"]]
        update(api, project, there, registries)
        if project["retention"]:
            set_up_retention(api, project, there)
        set_up_members(api, project["name"], there["project_id"], project["roles"])
    if wanted:
        names = {project["name"] for project in wanted}
        api.run.unasked("projects", [name for name in found if name not in names])
    return {name: item["project_id"] for name, item in found.items()}


def metadata_of(project: Document) -> Document:
    """Return what Harbor knows about a project as texts."""
    flags = {
        "public": project["public"],
        "auto_scan": project["auto_scan"],
        "auto_sbom_generation": project["auto_sbom_generation"],
        "enable_content_trust_cosign": project["signed_only"],
        "prevent_vul": project["prevent_severity"] != "",
    }
    severity = {"severity": project["prevent_severity"]} if project["prevent_severity"] else {}
    return {name: str(value).lower() for name, value in flags.items()} | severity


def create(api: Api, project: Document, registries: dict[str, int]) -> None:
    """Make a project. Raises `Refused`."""
    body: Document = {"project_name": project["name"], "metadata": metadata_of(project)}
    body["storage_limit"] = project["storage_limit"]
    if project["proxy_of"]:
        body["registry_id"] = registries[project["proxy_of"]]
    api.change("POST", "/projects", body, f"project {project['name']}", "created")


def update(api: Api, project: Document, found: Document, registries: dict[str, int]) -> None:
    """Change what differs of a project. Raises `Refused`."""
    what = f"project {project['name']}"
    if (found.get("registry_id") or 0) != (registries[project["proxy_of"]] if project["proxy_of"] else 0):
        role = f"a cache of {project['proxy_of']}" if project["proxy_of"] else "a project of its own"
        raise Refused(f"{what} is there and is not {role}; Harbor can't change that: remove it, or take another name")
    wanted = metadata_of(project)
    shown = {**dict.fromkeys(wanted, "false"), **(found.get("metadata") or {})}
    changes = differences(shown, wanted)
    path = f"/projects/{found['project_id']}"
    if changes:
        api.change("PUT", path, {"metadata": changes}, what, "changed", described(shown, changes))
    quotas = api.ask("/quotas", {"reference": "project", "reference_id": found["project_id"]}) or []
    if not quotas:
        if project["storage_limit"] != -1:
            raise Refused(f"{what} can't be limited: Harbor keeps no quotas (setting quota_per_project_enable)")
        return
    held = quotas[0]["hard"].get("storage", -1)
    if held != project["storage_limit"]:
        body = {"hard": {"storage": project["storage_limit"]}}
        detail = f"storage: {held} -> {project['storage_limit']} bytes"
        api.change("PUT", f"/quotas/{quotas[0]['id']}", body, what, "limited", detail)


def retention_rules(project: Document) -> list[Document]:
    """Return the rules that say what is kept, as Harbor has them. Raises `Refused`."""
    where = f"project {project['name']}: retention"
    if not project["retention"]:
        return []
    retention = checked(project["retention"], where, {"cron": str, "keep": list}, {})
    rules = []
    for keep in each(retention, "keep", f"{where}.", {"template": str}, RULE_DEFAULTS):
        if keep["template"] not in TEMPLATES:
            raise Refused(f"{where}: template is one of {', '.join(TEMPLATES)}")
        if keep["template"] != "always" and keep["number"] < 1:
            raise Refused(f"{where}: {keep['template']} needs a number of at least 1")
        tags = {"kind": "doublestar", "decoration": "matches", "pattern": keep["tags"]}
        tags["extras"] = json.dumps({"untagged": keep["untagged"]}, separators=(",", ":"))
        repositories = {"kind": "doublestar", "decoration": "repoMatches", "pattern": keep["repositories"]}
        rules.append(
            {
                "action": "retain",
                "template": keep["template"],
                "params": {} if keep["template"] == "always" else {keep["template"]: keep["number"]},
                "tag_selectors": [tags],
                "scope_selectors": {"repository": [repositories]},
            }
        )
    return rules


def told(rule: Document) -> Document:
    """Return what a rule says, without what Harbor adds to it."""
    selectors = [rule.get("tag_selectors") or [], (rule.get("scope_selectors") or {}).get("repository") or []]
    texts = [[(s.get("decoration"), s.get("pattern"), s.get("extras") or "") for s in group] for group in selectors]
    rest = [rule.get("action"), rule.get("template"), rule.get("params") or {}, bool(rule.get("disabled"))]
    return {"selectors": texts, "rest": rest}


def set_up_retention(api: Api, project: Document, found: Document) -> None:
    """Set what is kept of a project; its policy is one whole. Raises `Refused`."""
    number, rules = found["project_id"], project["rules"]
    policy = {
        "algorithm": "or",
        "rules": rules,
        "trigger": {"kind": "Schedule", "settings": {"cron": project["retention"]["cron"]}},
        "scope": {"level": "project", "ref": number},
    }
    what = f"retention of project {project['name']}"
    if not (policy_id := (found.get("metadata") or {}).get("retention_id")):  # a cache has one from the start
        api.change("POST", "/retentions", policy, what, "set")
        return
    there = api.ask(f"/retentions/{policy_id}")
    cron = ((there.get("trigger") or {}).get("settings") or {}).get("cron")
    if cron != project["retention"]["cron"] or [told(r) for r in there.get("rules") or []] != [told(r) for r in rules]:
        api.change("PUT", f"/retentions/{policy_id}", {"id": int(policy_id), **policy}, what, "changed")


def wanted_members(project: Document) -> dict[str, int]:
    """Return the roles of groups in a project. Raises `Refused`."""
    where = f"project {project['name']}: "
    wanted = {}
    for member in each(project, "members", where, {"group": str, "role": str}, {}):
        if member["role"] not in ROLES:
            raise Refused(f"{where}role is one of {', '.join(ROLES)}")
        wanted[member["group"]] = ROLES[member["role"]]
    return wanted


def set_up_members(api: Api, project: str, number: int, wanted: dict[str, int]) -> None:
    """Give groups their roles in a project; Harbor learns of a group by that, too. Raises `Refused`."""
    path = f"/projects/{number}/members"
    found = {item["entity_name"]: item for item in api.all(path, PAGE) if item.get("entity_type") == "g"}
    roles = {number: name for name, number in ROLES.items()}
    for group, role in wanted.items():
        what = f"group {group} in project {project}"
        if group not in found:
            body = {"role_id": role, "member_group": {"group_name": group, "group_type": OIDC_GROUP}}
            api.change("POST", path, body, what, "added", roles[role])
        elif (held := found[group]["role_id"]) != role:
            detail = f"{roles.get(held, held)} -> {roles[role]}"
            api.change("PUT", f"{path}/{found[group]['id']}", {"role_id": role}, what, "changed", detail)
    api.run.unasked(f"groups in project {project}", [name for name in found if name not in wanted])
