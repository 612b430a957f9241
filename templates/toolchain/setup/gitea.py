"""Sets Gitea up: technical users, organizations with their teams, repositories, webhooks, and protected branches.

Environment: see `api.py`; SETUP_USER is an administrator. What is missing is made, what differs is changed, neither
repositories nor people are removed: what is there and not in the desired state is told and left alone. An example:

    {
      "users": [{"name": "argo-cd", "email": "argo-cd@dev.example.org", "full_name": "Argo CD",
                 "password_env": "GITEA_ARGO_CD_PASSWORD"}],
      "organizations": [
        {"name": "platform", "full_name": "Platform", "description": "", "visibility": "private",
         "teams": [{"name": "readers", "permission": "read", "description": "", "can_create_repositories": false,
                    "members": ["argo-cd"]},
                   {"name": "developers", "permission": "write", "can_create_repositories": true}],
         "repositories": [{"name": "environments", "description": "What runs where", "private": true,
                           "default_branch": "main",
                           "protection": {"approvals": 1, "push_users": []}}],
         "webhooks": [{"name": "argo-events", "url": "http://gitea-eventsource-svc.argo-events:12000/push",
                       "events": ["push", "create"], "branch_filter": "*", "secret_env": "GITEA_WEBHOOK_SECRET"}]}]
    }

Required are names, a user's address and password, a team's `permission` (read, write or admin, on all repositories of
the organization), a webhook's address and secret. Who is in a team by sign-in is the business of Gitea's authentication
source; `members` are only added. A repository's `protection` is of its default branch; an empty one is not looked at.

Gitea shows a webhook's secret never again and can't change it: a short mark of it stands in the webhook's name, and a
webhook whose secret has changed is replaced. Gitea sends to addresses in the cluster only if its setting
`webhook.ALLOWED_HOST_LIST` has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
else:
    from api import Api, Refused, checked, described, differences, each, main, mark_of

API = "/api/v1"
PAGE = ("limit", 50)  # Gitea's own limit
ORGANIZATION: Document = {
    "full_name": "",
    "description": "",
    "visibility": "private",
    "teams": [],
    "repositories": [],
    "webhooks": [],
}
TEAM: Document = {"description": "", "can_create_repositories": False, "members": []}
REPOSITORY: Document = {"description": "", "private": True, "default_branch": "main", "protection": {}}
PROTECTION: Document = {"approvals": 1, "push_users": []}
WEBHOOK: Document = {"events": ["push"], "branch_filter": "*"}
UNITS = ("code", "issues", "pulls", "releases", "wiki", "projects", "packages", "actions")
OWNERS = "Owners"  # every organization has this team


def work(api: Api, desired: Document) -> None:
    """Bring the desired state about. Raises `Refused`."""
    state = checked(desired, "desired.json", {}, {"users": [], "organizations": []})
    users = each(state, "users", "", {"name": str, "email": str, "password_env": str}, {"full_name": ""})
    wanted = each(state, "organizations", "", {"name": str}, ORGANIZATION)
    for organization in wanted:
        check(organization)
    wait_until_healthy(api)
    set_up_users(api, users)
    if not wanted:
        return
    found = {item["name"]: item for item in api.all("/admin/orgs", PAGE)}
    for organization in wanted:
        name = organization["name"]
        set_up_organization(api, organization, found.get(name))
        set_up_teams(api, name, organization["teams"])
        set_up_repositories(api, name, organization["repositories"])
        set_up_webhooks(api, name, organization["webhooks"])
    api.run.unasked("organizations", [name for name in found if name not in {each["name"] for each in wanted}])


def check(organization: Document) -> None:
    """Check what is in an organization, and give it its defaults. Raises `Refused`."""
    where = f"organization {organization['name']}: "
    organization["teams"] = each(organization, "teams", where, {"name": str, "permission": str}, TEAM)
    for team in organization["teams"]:
        if team["permission"] not in ("read", "write", "admin"):
            raise Refused(f"{where}team {team['name']}: permission is one of read, write, admin")
    organization["repositories"] = each(organization, "repositories", where, {"name": str}, REPOSITORY)
    for repository in organization["repositories"]:
        if repository["protection"]:
            inner = f"{where}repository {repository['name']}: protection"
            repository["protection"] = checked(repository["protection"], inner, {}, PROTECTION)
    needed = {"name": str, "url": str, "secret_env": str}
    organization["webhooks"] = each(organization, "webhooks", where, needed, WEBHOOK)


def wait_until_healthy(api: Api) -> None:
    """Wait until Gitea says that it is well. Raises `Refused`."""
    outside = Api(api.run, api.base.removesuffix(API), api.user, api.password, api.end)
    outside.wait("/api/healthz", lambda health: None if health.get("status") == "pass" else "Gitea is not healthy")


def set_up_users(api: Api, users: list[Document]) -> None:
    """Make technical users with passwords that are known before. Raises `Refused`."""
    for user in users:
        what, password = f"user {user['name']}", api.run.secret(user["password_env"])
        found = api.ask(f"/users/{user['name']}", absent=True)
        same = {"email": user["email"], "full_name": user["full_name"]}
        # a restricted user sees only what its teams give it
        fixed = {"password": password, "must_change_password": False, "restricted": True, "visibility": "private"}
        if found is None:
            api.change("POST", "/admin/users", {"username": user["name"], **same, **fixed}, what, "created")
            continue
        shown = {**found, "restricted": found.get("restricted", False)}
        changes = differences(shown, {**same, "restricted": True, "visibility": "private"})
        path, identity = f"/admin/users/{user['name']}", {"source_id": 0, "login_name": user["name"]}
        if changes:
            api.change("PATCH", path, {**identity, **changes}, what, "changed", described(shown, changes))
        if not api.lets_in("/user", user["name"], password):
            body = {**identity, "password": password, "must_change_password": False}
            api.change("PATCH", path, body, f"password of {what}", "set")


def set_up_organization(api: Api, wanted: Document, found: Document | None) -> None:
    """Make an organization, or change what differs. Raises `Refused`."""
    what = f"organization {wanted['name']}"
    body = {name: wanted[name] for name in ("full_name", "description", "visibility")}
    if found is None:
        api.change("POST", "/orgs", {"username": wanted["name"], **body}, what, "created")
    elif changes := differences(found, body):
        api.change("PATCH", f"/orgs/{wanted['name']}", changes, what, "changed", described(found, changes))


def set_up_teams(api: Api, organization: str, wanted: list[Document]) -> None:
    """Make an organization's teams, and add their technical members. Raises `Refused`."""
    found = {item["name"]: item for item in api.all(f"/orgs/{organization}/teams", PAGE)}
    for team in wanted:
        what = f"team {team['name']} of organization {organization}"
        body = {"description": team["description"], "can_create_org_repo": team["can_create_repositories"]}
        body |= {"includes_all_repositories": True, "permission": team["permission"]}
        units = {} if team["permission"] == "admin" else {f"repo.{unit}": team["permission"] for unit in UNITS}
        whole = {"name": team["name"], **body, **({"units_map": units} if units else {})}
        there = found.get(team["name"])
        if there is None:
            there = api.change("POST", f"/orgs/{organization}/teams", whole, what, "created")
        else:
            # what is allowed stands in the units; of itself a team is an administrators' one, or none
            shown = {**there, **there["units_map"]}
            if changes := differences(shown, {**body, **units, "permission": "none" if units else "admin"}):
                # the whole team: Gitea looks at some parts only if others are there
                api.change("PATCH", f"/teams/{there['id']}", whole, what, "changed", described(shown, changes))
        path = f"/teams/{there['id']}/members"
        members = {item["login"] for item in api.all(path, PAGE)} if team["members"] else set()
        for member in team["members"]:
            if member not in members:
                api.change("PUT", f"{path}/{member}", None, f"user {member} in {what}", "added")
    names = {OWNERS, *(team["name"] for team in wanted)}
    api.run.unasked(f"teams of organization {organization}", [name for name in found if name not in names])


def set_up_repositories(api: Api, organization: str, wanted: list[Document]) -> None:
    """Make an organization's repositories, and protect their default branches. Raises `Refused`."""
    found = {item["name"]: item for item in api.all(f"/orgs/{organization}/repos", PAGE)}
    for repository in wanted:
        what, there = f"repository {organization}/{repository['name']}", found.get(repository["name"])
        body = {name: repository[name] for name in ("description", "private", "default_branch")}
        if there is None:
            first = {"name": repository["name"], "auto_init": True, **body}
            api.change("POST", f"/orgs/{organization}/repos", first, what, "created")
        elif changes := differences(there, body):
            path = f"/repos/{organization}/{repository['name']}"
            api.change("PATCH", path, changes, what, "changed", described(there, changes))
        if repository["protection"]:
            protect(api, f"/repos/{organization}/{repository['name']}/branch_protections", what, repository)
    names = {repository["name"] for repository in wanted}
    api.run.unasked(f"repositories of organization {organization}", [name for name in found if name not in names])


def protect(api: Api, path: str, what: str, repository: Document) -> None:
    """Let changes into a default branch only by reviewed pull requests, except from some users. Raises `Refused`."""
    branch, protection = repository["default_branch"], repository["protection"]
    users = sorted(set(protection["push_users"]))
    wanted = {
        "required_approvals": protection["approvals"],
        "enable_push": bool(users),
        "enable_push_whitelist": bool(users),
        "push_whitelist_usernames": users,
        "block_on_rejected_reviews": True,
        "dismiss_stale_approvals": True,
        "block_admin_merge_override": True,
    }
    what = f"branch {branch} of {what}"
    found = next((rule for rule in api.ask(path) or [] if rule["rule_name"] == branch), None)
    if found is None:
        kept = api.change("POST", path, {"rule_name": branch, **wanted}, what, "protected")
    else:
        kept = {**found, "push_whitelist_usernames": sorted(found.get("push_whitelist_usernames") or [])}
        if changes := differences(kept, wanted):
            detail = described(kept, changes)
            kept = api.change("PATCH", f"{path}/{branch}", changes, what, "protected", detail)
    dropped = [user for user in users if user not in (kept.get("push_whitelist_usernames") or [])]
    if dropped:  # without a word
        raise Refused(f"{what} can't be pushed to by {', '.join(dropped)}: no team gives them write access to it")


def set_up_webhooks(api: Api, organization: str, wanted: list[Document]) -> None:
    """Make an organization's webhooks; one with an old secret goes after the new one is there. Raises `Refused`."""
    path = f"/orgs/{organization}/hooks"
    found = list(api.all(path, PAGE))
    known = set()
    for webhook in wanted:
        secret = api.run.secret(webhook["secret_env"])
        what = f"webhook {webhook['name']} of organization {organization}"
        name = f"{webhook['name']} ({mark_of(secret, webhook['name'])})"
        same = [hook for hook in found if str(hook.get("name")).rpartition(" (")[0] == webhook["name"]]
        known |= {hook["id"] for hook in same}
        config = {"url": webhook["url"], "content_type": "json"}
        rest = {"events": sorted(set(webhook["events"])), "branch_filter": webhook["branch_filter"], "active": True}
        current = next((hook for hook in same if hook["name"] == name), None)
        if current is None:
            body = {"type": "gitea", "name": name, "config": {**config, "secret": secret}, **rest}
            api.change("POST", path, body, what, "created")
        else:
            shown = {**current, "config": {key: current["config"].get(key) for key in config}}
            shown["events"] = sorted(current["events"])
            if changes := differences(shown, {"config": config, **rest}):
                # all of it: what is left out of a change of a webhook is set back
                body = {"config": config, **rest}
                api.change("PATCH", f"{path}/{current['id']}", body, what, "changed", described(shown, changes))
        for hook in same:
            if hook is not current:
                api.change("DELETE", f"{path}/{hook['id']}", None, f"{what} with an old secret", "removed")
    others = [str(hook["config"].get("url")) for hook in found if hook["id"] not in known]
    api.run.unasked(f"webhooks of organization {organization}", others)


if __name__ == "__main__":
    main("gitea", API, work)
