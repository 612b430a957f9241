"""What is inside Gitea's organizations: teams, repositories, protected branches, webhooks."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.support.played_tools.server import PlayedTool, Refusal, look_at, page

TEAM = {
    "name": str,
    "description": str,
    "permission": str,
    "units_map": dict,
    "can_create_org_repo": bool,
    "includes_all_repositories": bool,
}
REPOSITORY = {"name": str, "description": str, "private": bool, "default_branch": str}
RULE = {
    "required_approvals": int,
    "enable_push": bool,
    "enable_push_whitelist": bool,
    "push_whitelist_usernames": list,
    "block_on_rejected_reviews": bool,
    "dismiss_stale_approvals": bool,
    "block_admin_merge_override": bool,
}
WEBHOOK = {"config": dict, "events": list, "branch_filter": str, "active": bool, "name": str}
UNITS = ("code", "issues", "ext_issues", "pulls", "releases", "wiki", "ext_wiki", "projects", "packages", "actions")


class GiteaInside(PlayedTool):
    routes: ClassVar[dict[str, str]] = {
        "GET /api/v1/orgs/{org}/teams": "list_teams",
        "POST /api/v1/orgs/{org}/teams": "make_team",
        "PATCH /api/v1/teams/{number}": "change_team",
        "GET /api/v1/teams/{number}/members": "list_members",
        "PUT /api/v1/teams/{number}/members/{name}": "add_member",
        "GET /api/v1/orgs/{org}/repos": "list_repositories",
        "POST /api/v1/orgs/{org}/repos": "make_repository",
        "PATCH /api/v1/repos/{org}/{repo}": "change_repository",
        "GET /api/v1/repos/{org}/{repo}/branch_protections": "list_rules",
        "POST /api/v1/repos/{org}/{repo}/branch_protections": "make_rule",
        "PATCH /api/v1/repos/{org}/{repo}/branch_protections/{branch}": "change_rule",
        "GET /api/v1/orgs/{org}/hooks": "list_webhooks",
        "POST /api/v1/orgs/{org}/hooks": "make_webhook",
        "PATCH /api/v1/orgs/{org}/hooks/{number}": "change_webhook",
        "DELETE /api/v1/orgs/{org}/hooks/{number}": "remove_webhook",
    }

    def __init__(self) -> None:
        super().__init__()
        self.teams: dict[str, list[dict[str, Any]]] = {}
        self.members: dict[int, list[str]] = {}
        self.repositories: dict[str, list[dict[str, Any]]] = {}
        self.rules: dict[str, list[dict[str, Any]]] = {}
        self.webhooks: dict[str, list[dict[str, Any]]] = {}
        self.webhook_secrets: dict[int, str] = {}

    def list_teams(self, org: str, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        return 200, page(self.teams[org], query, "limit", 50)

    def make_team(self, org: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, TEAM, "name")
        if body["permission"] != "admin" and not body.get("units_map"):
            raise Refusal(500, "units permission should not be empty")
        team: dict[str, Any] = {"id": self.number(), "units_map": {}}
        self.teams[org].append(team)
        return 201, self.fill(team, body)

    def fill(self, team: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if body["permission"] == "admin":
            units = {f"repo.{unit}": "admin" for unit in UNITS}
        else:
            units = team["units_map"] | body.get("units_map", {})
        # read and write stand in the units only
        team |= {**body, "permission": "admin" if body["permission"] == "admin" else "none", "units_map": units}
        return team

    def team(self, number: str) -> dict[str, Any]:
        (team,) = (team for teams in self.teams.values() for team in teams if str(team["id"]) == number)
        return team

    def change_team(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        return 200, self.fill(self.team(number), look_at(body, TEAM, "name", "permission"))

    def list_members(self, number: str, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        return 200, page([{"login": name} for name in self.members.get(int(number), [])], query, "limit", 50)

    def add_member(self, number: str, name: str, **_: Any) -> tuple[int, Any]:
        if name not in self.users:
            raise Refusal(404, "user redirect does not exist")
        self.members.setdefault(int(number), []).append(name)
        return 204, None

    def list_repositories(self, org: str, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        return 200, page(self.repositories.get(org, []), query, "limit", 50)

    def make_repository(self, org: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {**REPOSITORY, "auto_init": bool}, "name", "auto_init")
        body.pop("auto_init")
        self.repositories.setdefault(org, []).append({"id": self.number(), **body})
        return 201, body

    def change_repository(self, org: str, repo: str, body: Any, **_: Any) -> tuple[int, Any]:
        (found,) = (each for each in self.repositories[org] if each["name"] == repo)
        found |= look_at(body, REPOSITORY)
        return 200, found

    def list_rules(self, org: str, repo: str, **_: Any) -> tuple[int, Any]:
        return 200, self.rules.get(f"{org}/{repo}", [])

    def make_rule(self, org: str, repo: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {**RULE, "rule_name": str}, "rule_name")
        rule: dict[str, Any] = {"rule_name": body.pop("rule_name")}
        self.rules.setdefault(f"{org}/{repo}", []).append(rule)
        return 201, self.keep(org, rule, body)

    def change_rule(self, org: str, repo: str, branch: str, body: Any, **_: Any) -> tuple[int, Any]:
        (rule,) = (rule for rule in self.rules[f"{org}/{repo}"] if rule["rule_name"] == branch)
        return 200, self.keep(org, rule, look_at(body, RULE))

    def keep(self, org: str, rule: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        writers = {
            name
            for team in self.teams[org]
            for name in self.members.get(team["id"], [])
            if team["units_map"].get("repo.code") in ("write", "admin")
        }
        rule |= body
        # who can't write is left out without a word
        rule["push_whitelist_usernames"] = [name for name in rule["push_whitelist_usernames"] if name in writers]
        return rule

    def list_webhooks(self, org: str, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        return 200, page(self.webhooks.get(org, []), query, "limit", 50)

    def make_webhook(self, org: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {**WEBHOOK, "type": str}, "type", "config")
        look_at(body["config"], {"url": str, "content_type": str, "secret": str}, "url", "content_type")
        number = self.number()
        self.webhook_secrets[number] = body["config"].pop("secret", "")
        self.webhooks.setdefault(org, []).append({"id": number, "name": "", **body})
        return 201, body

    def change_webhook(self, org: str, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        (found,) = (each for each in self.webhooks[org] if str(each["id"]) == number)
        look_at(body, WEBHOOK)
        look_at(body.get("config", {}), {"url": str, "content_type": str})  # a secret would be ignored
        found |= {"events": ["push"], "branch_filter": "", **body}  # what is left out is set back
        return 200, found

    def remove_webhook(self, org: str, number: str, **_: Any) -> tuple[int, Any]:
        self.webhooks[org] = [each for each in self.webhooks[org] if str(each["id"]) != number]
        self.webhook_secrets.pop(int(number))
        return 204, None
