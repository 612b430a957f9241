"""Gitea's API, played after the sources of 1.27 and a run of a real 1.26."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.support.played_tools.gitea_inside import GiteaInside
from tests.support.played_tools.server import ADMIN, Refusal, look_at, page

USER = {
    "email": str,
    "full_name": str,
    "password": str,
    "must_change_password": bool,
    "restricted": bool,
    "visibility": str,
}
ORGANIZATION = {"username": str, "full_name": str, "description": str, "visibility": str}
SHORTEST_PASSWORD = 8


class PlayedGitea(GiteaInside):
    """Users and organizations; what is inside an organization stands in `GiteaInside`."""

    routes: ClassVar[dict[str, str]] = {
        "GET /api/healthz": "health",
        "GET /api/v1/user": "whoever",
        "GET /api/v1/users/{name}": "show_user",
        "POST /api/v1/admin/users": "make_user",
        "PATCH /api/v1/admin/users/{name}": "change_user",
        "GET /api/v1/admin/orgs": "list_organizations",
        "POST /api/v1/orgs": "make_organization",
        "PATCH /api/v1/orgs/{name}": "change_organization",
        **GiteaInside.routes,
    }
    open_routes = ("GET /api/healthz",)

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, dict[str, Any]] = {ADMIN: {"login": ADMIN}}
        self.organizations: dict[str, dict[str, Any]] = {}

    def administrator(self, user: str) -> None:
        if user != ADMIN:
            raise Refusal(403, "user should be the site admin")

    def health(self, **_: Any) -> tuple[int, Any]:
        return 200, {"status": "pass"}

    def whoever(self, user: str, **_: Any) -> tuple[int, Any]:
        return 200, self.people[user]

    def show_user(self, name: str, **_: Any) -> tuple[int, Any]:
        if name not in self.people:
            raise Refusal(404, "user redirect does not exist")
        return 200, self.people[name]

    def make_user(self, body: Any, user: str, **_: Any) -> tuple[int, Any]:
        self.administrator(user)
        look_at(body, {**USER, "username": str}, "username", "email", "password")
        if body["username"] in self.people:
            raise Refusal(422, "user already exists")
        return 201, self.store_user(body.pop("username"), body)

    def store_user(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        password = body.pop("password", "")
        if password:
            if len(password) < SHORTEST_PASSWORD:
                raise Refusal(400, f"password must be at least {SHORTEST_PASSWORD} characters")
            self.users[name] = password
        self.people[name] = {"login": name, **self.people.get(name, {}), **body}
        return self.people[name]

    def change_user(self, name: str, body: Any, user: str, **_: Any) -> tuple[int, Any]:
        self.administrator(user)
        look_at(body, {**USER, "source_id": int, "login_name": str}, "login_name")
        return 200, self.store_user(name, body)

    def list_organizations(self, query: dict[str, str], user: str, **_: Any) -> tuple[int, Any]:
        self.administrator(user)
        return 200, page(list(self.organizations.values()), query, "limit", 50)

    def make_organization(self, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, ORGANIZATION, "username")
        if body["username"] in self.organizations:
            raise Refusal(422, f"user already exists [name: {body['username']}]")
        return 201, self.add_organization(body.pop("username"), body)

    def add_organization(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("visibility", "public") not in ("public", "limited", "private"):
            raise Refusal(422, "[Visibility]: In")
        first = {"full_name": "", "description": "", "visibility": "public"}
        self.organizations[name] = {"id": self.number(), "name": name, **first, **body}
        self.teams[name] = [{"id": self.number(), "name": "Owners", "permission": "owner", "units_map": {}}]
        return self.organizations[name]

    def change_organization(self, name: str, body: Any, **_: Any) -> tuple[int, Any]:
        fields = {key: kind for key, kind in ORGANIZATION.items() if key != "username"}
        self.organizations[name] |= look_at(body, fields)
        return 200, self.organizations[name]
