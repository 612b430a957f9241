"""Sets lakeFS up: its first administrator, repositories, which branches are protected, how long old objects are kept.

Environment: see `api.py`; SETUP_USER is the administrator's access key id, SETUP_PASSWORD the secret access key: a new
lakeFS gets an administrator with just these. What is missing is made, what differs is changed, nothing is deleted: what
is there and not in the desired state is told and left alone. An example that has everything:

    {
      "administrator": "admin",
      "repositories": [
        {"name": "team-a-data", "storage_namespace": "s3://lakefs/team-a-data", "default_branch": "main",
         "protected_branches": ["main", "release-*"],
         "retention": {"default_days": 21, "branches": {"main": 365}}}]
    }

Only a repository's name and place are required. An empty `retention` is not looked at; branches that are protected are
just the ones in the list, which is `["main"]` if left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # one folder in the Job, two in this repository
    from collections.abc import Iterator

    from templates.platform.setup.api import Api, Document, Refused, checked, each, main
else:
    from api import Refused, checked, each, main

API = "/api/v1"
DEFAULTS: Document = {"default_branch": "main", "protected_branches": ["main"], "retention": {}}
PAGE_SIZE = 1000


def work(api: Api, desired: Document) -> None:
    """Bring the desired state about. Raises `Refused`."""
    state = checked(desired, "desired.json", {}, {"administrator": "admin", "repositories": []})
    wanted = each(state, "repositories", "", {"name": str, "storage_namespace": str}, DEFAULTS)
    rules = {repository["name"]: retention_of(repository) for repository in wanted}  # checked before anything is made
    api.ask("/healthcheck")
    make_administrator(api, state["administrator"])
    found = {item["id"]: item for item in repositories(api)}
    for repository in wanted:
        set_up_repository(api, repository, found.get(repository["name"]))
        protect(api, repository)
        if repository["retention"]:
            set_up_retention(api, repository["name"], rules[repository["name"]])
    api.run.unasked("repositories", [name for name in found if name not in rules])


def make_administrator(api: Api, name: str) -> None:
    """Give a new lakeFS its first user, with the keys that are known before. Raises `Refused`."""
    if api.ask("/setup_lakefs").get("state") == "initialized":
        return
    key = {"access_key_id": api.user, "secret_access_key": api.password}
    api.change("POST", "/setup_lakefs", {"username": name, "key": key}, f"administrator {name}", "created")


def repositories(api: Api) -> Iterator[Document]:
    """Return all repositories: lakeFS tells where the next page begins. Raises `Refused`."""
    after, more = "", True
    while more:
        answer = api.ask("/repositories", {"amount": PAGE_SIZE, "after": after})
        yield from answer["results"]
        after, more = answer["pagination"]["next_offset"], answer["pagination"]["has_more"]


def set_up_repository(api: Api, wanted: Document, found: Document | None) -> None:
    """Make a repository. Raises `Refused` where it is another one than asked for: lakeFS can't change a repository."""
    what = f"repository {wanted['name']}"
    if found is None:
        body = {name: wanted[name] for name in ("name", "storage_namespace", "default_branch")}
        api.change("POST", "/repositories", body, what, "created", wanted["storage_namespace"])
        return
    for key in ("storage_namespace", "default_branch"):
        if found[key].rstrip("/") != wanted[key].rstrip("/"):
            raise Refused(f"{what} is there with {key} {found[key]}, not {wanted[key]}; lakeFS can't change that")


def protect(api: Api, repository: Document) -> None:
    """Protect branches from being written to other than by merging. Raises `Refused`."""
    path = f"/repositories/{repository['name']}/settings/branch_protection"
    found = sorted(rule["pattern"] for rule in api.ask(path, absent=True) or [])
    wanted = sorted(set(repository["protected_branches"]))
    if found != wanted:
        detail = f"{', '.join(found) or 'none'} -> {', '.join(wanted) or 'none'}"
        what = f"protected branches of repository {repository['name']}"
        api.change("PUT", path, [{"pattern": pattern} for pattern in wanted], what, "set", detail)


def retention_of(repository: Document) -> Document:
    """Return for how many days what no branch has any more is kept, as lakeFS has it. Raises `Refused`."""
    if not repository["retention"]:
        return {}
    where = f"repository {repository['name']}: retention"
    retention = checked(repository["retention"], where, {"default_days": int}, {"branches": {}})
    for name, days in [("default_days", retention["default_days"]), *retention["branches"].items()]:
        if type(days) is not int or days < 1:
            raise Refused(f"{where}: {name}: a number of days, at least 1, is expected")
    branches = [{"branch_id": name, "retention_days": days} for name, days in sorted(retention["branches"].items())]
    return {"default_retention_days": retention["default_days"], "branches": branches}


def set_up_retention(api: Api, name: str, wanted: Document) -> None:
    """Set how long the garbage collector keeps old objects. Raises `Refused`."""
    path = f"/repositories/{name}/settings/gc_rules"
    found = api.ask(path, absent=True) or {}
    branches = sorted(found.get("branches") or [], key=lambda rule: str(rule["branch_id"]))
    if found.get("default_retention_days") == wanted["default_retention_days"] and branches == wanted["branches"]:
        return
    detail = f"{wanted['default_retention_days']} days"
    detail += "".join(f", {rule['branch_id']}: {rule['retention_days']} days" for rule in wanted["branches"])
    api.change("PUT", path, wanted, f"retention of repository {name}", "set", detail)


if __name__ == "__main__":
    main("lakefs", API, work)
