"""What is inside Harbor's projects, and robot accounts."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from tests.support.played_tools.server import PlayedTool, Refusal, look_at, page

SELECTOR = {"kind": str, "decoration": str, "pattern": str, "extras": str}
RULE = {"action": str, "template": str, "params": dict, "tag_selectors": list, "scope_selectors": dict}
ROBOT = {"name": str, "description": str, "level": str, "duration": int, "permissions": list}
CAN = {"repository:pull", "repository:push", "artifact:list", "project:list", "registry:list", "tag:create"}


class HarborInside(PlayedTool):
    routes: ClassVar[dict[str, str]] = {
        "GET /projects/{number}/members": "list_members",
        "POST /projects/{number}/members": "add_member",
        "PUT /projects/{number}/members/{member}": "change_member",
        "GET /retentions/metadatas": "anybody",
        "POST /retentions": "make_retention",
        "GET /retentions/{number}": "show_retention",
        "PUT /retentions/{number}": "change_retention",
        "GET /robots": "list_robots",
        "POST /robots": "make_robot",
        "PUT /robots/{number}": "change_robot",
        "PATCH /robots/{number}": "set_robot_secret",
    }

    def __init__(self) -> None:
        super().__init__()
        self.projects: list[dict[str, Any]] = []
        self.members: dict[int, list[dict[str, Any]]] = {}
        self.retentions: dict[int, dict[str, Any]] = {}
        self.robots: list[dict[str, Any]] = []

    def project(self, number: str | int) -> dict[str, Any]:
        for project in self.projects:
            if str(project["project_id"]) == str(number):
                return project
        raise Refusal(404, f"project {number} not found")

    def anybody(self, **_: Any) -> tuple[int, Any]:
        return 200, {"templates": []}

    def list_members(self, number: str, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        person = {"id": 1, "entity_name": "admin", "entity_type": "u", "role_id": 1}
        return 200, page([person, *self.members.get(int(number), [])], query, "page_size", 100)

    def add_member(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {"role_id": int, "member_group": dict}, "role_id", "member_group")
        group = look_at(body["member_group"], {"group_name": str, "group_type": int}, "group_name")
        if group["group_type"] != 3:
            raise Refusal(400, "sign-in is by OIDC")
        member = {"id": self.number(), "entity_name": group["group_name"], "entity_type": "g"}
        self.members.setdefault(int(number), []).append({**member, "role_id": body["role_id"]})
        return 201, None

    def change_member(self, number: str, member: str, body: Any, **_: Any) -> tuple[int, Any]:
        (found,) = (each for each in self.members[int(number)] if str(each["id"]) == member)
        found |= look_at(body, {"role_id": int}, "role_id")
        return 200, None

    def policy(self, body: Any) -> dict[str, Any]:
        fields = {"id": int, "algorithm": str, "rules": list, "trigger": dict, "scope": dict}
        policy = look_at(body, fields, "algorithm", "trigger", "scope")
        look_at(policy["trigger"], {"kind": str, "settings": dict}, "kind", "settings")
        look_at(policy["scope"], {"level": str, "ref": int}, "level", "ref")
        for rule in policy["rules"]:
            look_at(rule, RULE, "action", "template", "tag_selectors", "scope_selectors")
            if rule["template"] != "always" and type(rule["params"].get(rule["template"])) is not int:
                raise Refusal(400, f"parameter {rule['template']} is missing")
            for selector in [*rule["tag_selectors"], *rule["scope_selectors"]["repository"]]:
                look_at(selector, SELECTOR, "kind", "decoration", "pattern")
        return policy

    def make_retention(self, body: Any, **_: Any) -> tuple[int, Any]:
        policy = self.policy(body)
        metadata = self.project(policy["scope"]["ref"])["metadata"]
        if "retention_id" in metadata:
            raise Refusal(400, "project already has retention policy")
        number = self.number()
        metadata["retention_id"] = str(number)
        self.retentions[number] = policy
        return 201, None

    def keep_what_is_pulled(self, project: int) -> None:
        """Give a cache the policy that it has from the start."""
        selector = {"kind": "doublestar", "decoration": "matches", "pattern": "**"}
        scope = {"repository": [{**selector, "decoration": "repoMatches"}]}
        rule = {"action": "retain", "template": "nDaysSinceLastPull", "params": {"nDaysSinceLastPull": 7}}
        rules = [{**rule, "tag_selectors": [selector], "scope_selectors": scope}]
        trigger = {"kind": "Schedule", "settings": {"cron": "0 0 0 * * *"}}
        policy = {"algorithm": "or", "rules": rules, "trigger": trigger, "scope": {"level": "project", "ref": project}}
        self.make_retention(policy)

    def show_retention(self, number: str, **_: Any) -> tuple[int, Any]:
        policy = self.retentions[int(number)]
        rules = [{**rule, "id": index, "priority": 0, "disabled": False} for index, rule in enumerate(policy["rules"])]
        settings = {**policy["trigger"]["settings"], "next_scheduled_time": "2026-11-27T02:00:00Z"}
        return 200, {**policy, "id": int(number), "rules": rules, "trigger": {"kind": "Schedule", "settings": settings}}

    def change_retention(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        self.retentions[int(number)] = self.policy(body)
        return 200, None

    def list_robots(self, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        wanted = dict(part.split("=") for part in query.get("q", "Level=system").split(","))
        fitting = [robot for robot in self.robots if robot["level"] == wanted["Level"]]
        if wanted["Level"] == "project":
            name = self.project(wanted["ProjectID"])["name"]
            fitting = [robot for robot in fitting if robot["permissions"][0]["namespace"] == name]
        shown = [{key: value for key, value in robot.items() if key != "secret"} for robot in fitting]
        return 200, page(shown, query, "page_size", 100)

    def permitted(self, robot: dict[str, Any]) -> None:
        if robot["duration"] == 0 or robot["level"] not in ("system", "project"):
            raise Refusal(400, "bad request error duration or level input")
        if robot["level"] == "project" and len(robot["permissions"]) != 1:
            raise Refusal(400, "bad request permission")
        for permission in robot["permissions"]:
            look_at(permission, {"kind": str, "namespace": str, "access": list}, "kind", "namespace", "access")
            for access in permission["access"]:
                look_at(access, {"resource": str, "action": str}, "resource", "action")
                if f"{access['resource']}:{access['action']}" not in CAN:
                    raise Refusal(400, f"bad request permission: {access['resource']}:{access['action']}")

    def make_robot(self, body: Any, **_: Any) -> tuple[int, Any]:
        robot = look_at(body, ROBOT, "name", "level", "permissions")
        self.permitted(robot)
        inner = f"{robot['permissions'][0]['namespace']}+{robot['name']}"
        name = "robot$" + (inner if robot["level"] == "project" else robot["name"])
        made = {"id": self.number(), "disable": False, **robot, "name": name, "secret": "Made-By-Harbor-1"}
        self.robots.append(made)
        self.users[name] = made["secret"]
        return 201, {key: made[key] for key in ("id", "name", "secret")}

    def robot(self, number: str) -> dict[str, Any]:
        (robot,) = (robot for robot in self.robots if str(robot["id"]) == number)
        return robot

    def change_robot(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        robot = self.robot(number)
        look_at(body, {**ROBOT, "id": int, "disable": bool}, "name", "level", "permissions")
        self.permitted(body)
        if (body["level"], body["name"]) != (robot["level"], robot["name"]):
            raise Refusal(400, "cannot update the level or name of robot")
        robot |= body
        return 200, None

    def set_robot_secret(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        secret = look_at(body, {"secret": str}, "secret")["secret"]
        if not re.fullmatch(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,128}", secret):
            raise Refusal(400, "the secret must be 8-128, inclusively, characters long")
        self.users[self.robot(number)["name"]] = secret
        return 200, {"secret": ""}
