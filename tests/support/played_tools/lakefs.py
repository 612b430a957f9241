"""lakeFS's API, played after its swagger file and a run of the real one."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from tests.support.played_tools.server import PlayedTool, Refusal, look_at


class PlayedLakefs(PlayedTool):
    """A lakeFS that nobody has set up yet."""

    api = "/api/v1"
    routes: ClassVar[dict[str, str]] = {
        "GET /healthcheck": "health",
        "GET /setup_lakefs": "setup_state",
        "POST /setup_lakefs": "set_up",
        "GET /repositories": "list_repositories",
        "POST /repositories": "make_repository",
        "GET /repositories/{name}/settings/branch_protection": "show_protection",
        "PUT /repositories/{name}/settings/branch_protection": "protect",
        "GET /repositories/{name}/settings/gc_rules": "show_rules",
        "PUT /repositories/{name}/settings/gc_rules": "set_rules",
    }
    open_routes = ("GET /healthcheck", "GET /setup_lakefs", "POST /setup_lakefs")
    page_size = 2  # whatever is asked for: pages have to be followed

    def __init__(self) -> None:
        super().__init__()
        self.users = {}
        self.administrator = ""
        self.repositories: dict[str, dict[str, Any]] = {}
        self.protected: dict[str, list[str]] = {}
        self.rules: dict[str, dict[str, Any]] = {}

    def health(self, **_: Any) -> tuple[int, Any]:
        return 204, None

    def setup_state(self, **_: Any) -> tuple[int, Any]:
        return 200, {"state": "initialized" if self.users else "not_initialized", "comm_prefs_missing": True}

    def set_up(self, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {"username": str, "key": dict}, "username")
        key = look_at(body["key"], {"access_key_id": str, "secret_access_key": str}, *body["key"])
        if self.users:
            raise Refusal(409, "lakeFS already initialized")
        self.administrator = body["username"]
        self.users[key["access_key_id"]] = key["secret_access_key"]
        return 200, {**key, "creation_date": 1795729631}

    def list_repositories(self, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        rest = [item for name, item in sorted(self.repositories.items()) if name > query.get("after", "")]
        shown = rest[: self.page_size]
        more = len(rest) > len(shown)
        pagination = {"has_more": more, "next_offset": shown[-1]["id"] if more else "", "results": len(shown)}
        return 200, {"pagination": pagination, "results": shown}

    def make_repository(self, body: Any, **_: Any) -> tuple[int, Any]:
        fields = {"name": str, "storage_namespace": str, "default_branch": str}
        look_at(body, fields, "name", "storage_namespace")
        if not re.fullmatch("[a-z0-9][a-z0-9-]{2,62}", body["name"]):
            raise Refusal(400, "string doesn't match the regular expression")
        if body["name"] in self.repositories:
            raise Refusal(409, "error creating repository: not unique")
        self.add(body["name"], body["storage_namespace"])
        return 201, self.repositories[body["name"]]

    def add(self, name: str, place: str) -> None:
        self.repositories[name] = {"id": name, "storage_namespace": place, "default_branch": "main", "read_only": False}

    def known(self, name: str) -> str:
        if name not in self.repositories:
            raise Refusal(404, "repository not found")
        return name

    def show_protection(self, name: str, **_: Any) -> tuple[int, Any]:
        return 200, [{"pattern": pattern} for pattern in self.protected.get(self.known(name), [])]

    def protect(self, name: str, body: Any, **_: Any) -> tuple[int, Any]:
        self.protected[self.known(name)] = [look_at(rule, {"pattern": str}, "pattern")["pattern"] for rule in body]
        return 204, None

    def show_rules(self, name: str, **_: Any) -> tuple[int, Any]:
        if self.known(name) not in self.rules:
            raise Refusal(404, "not found")
        return 200, self.rules[name]

    def set_rules(self, name: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {"default_retention_days": int, "branches": list}, "default_retention_days")
        for rule in body["branches"]:
            look_at(rule, {"branch_id": str, "retention_days": int}, "branch_id", "retention_days")
        self.rules[self.known(name)] = body
        return 204, None
