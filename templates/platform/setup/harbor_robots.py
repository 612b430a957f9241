"""Harbor's robot accounts, with secrets that are known before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # one folder in the Job, two in this repository
    from templates.platform.setup.api import Api, Document, Refused, described, differences, each
else:
    from api import Refused, described, differences, each

PAGE = ("page_size", 100)
NEEDED = {"name": str, "secret_env": str, "permissions": list}
DEFAULTS = {"project": "", "duration": -1, "description": ""}
SECRET = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,128}", re.DOTALL)  # as Harbor asks for it
FOR_ANYBODY = "/retentions/metadatas"  # needs a sign-in and no rights


def check_robots(api: Api, state: Document) -> None:
    """Check the robots of the desired state, and give them their secrets. Raises `Refused`."""
    state["robots"] = each(state, "robots", "", NEEDED, DEFAULTS)
    for robot in state["robots"]:
        robot["permissions"] = permissions_of(robot)
        robot["secret"] = api.run.secret(robot["secret_env"])
        if not SECRET.fullmatch(robot["secret"]):
            needs = "8 to 128 characters with a capital letter, a small letter and a digit"
            raise Refused(f"robot {robot['name']}: the secret in {robot['secret_env']} has to have {needs}")


def set_up_robots(api: Api, state: Document, projects: dict[str, int]) -> None:
    """Make the robot accounts of the system and of projects. Raises `Refused`."""
    wanted = state["robots"]
    if not wanted:
        return
    for robot in wanted:
        for permission in robot["permissions"]:
            if permission["namespace"] not in ("*", "/", *projects):
                raise Refused(f"robot {robot['name']}: there is no project {permission['namespace']}")
    prefix = (api.ask("/configurations").get("robot_name_prefix") or {}).get("value") or "robot$"
    asked: dict[str, set[str]] = {project: set() for project in ["", *(robot["project"] for robot in wanted)]}
    found = {project: robots_of(api, projects.get(project)) for project in asked}
    for robot in wanted:
        inner = f"{robot['project']}+{robot['name']}" if robot["project"] else robot["name"]
        asked[robot["project"]].add(prefix + inner)
        set_up_robot(api, robot, prefix + inner, found[robot["project"]].get(prefix + inner))
    for project, robots in found.items():
        where = f"robots of project {project}" if project else "robots of the system"
        api.run.unasked(where, [name for name in robots if name not in asked[project]])


def robots_of(api: Api, project: int | None) -> dict[str, Document]:
    """Return the robots of a project, or of the system, by their whole names. Raises `Refused`."""
    query = f"Level=project,ProjectID={project}" if project else "Level=system"
    return {item["name"]: item for item in api.all("/robots", PAGE, q=query)}


def permissions_of(robot: Document) -> list[Document]:
    """Return what a robot may do, as Harbor has it. Raises `Refused`."""
    where = f"robot {robot['name']}: "
    result = []
    for permission in each(robot, "permissions", where, {"namespace": str, "access": list}, {}):
        namespace = permission["namespace"]
        pairs = [str(text).partition(":") for text in permission["access"]]
        if not pairs or not all(resource and action for resource, _, action in pairs):
            raise Refused(f"{where}access is a list of what can be done, like repository:pull")
        access = [{"resource": resource, "action": action} for resource, _, action in pairs]
        kind = "system" if namespace == "/" else "project"
        result.append({"kind": kind, "namespace": namespace, "access": access})
    if robot["project"] and [each["namespace"] for each in result] != [robot["project"]]:
        raise Refused(f"{where}a project's robot has permissions in this project, in one entry")
    if not result:
        raise Refused(f"{where}it has no permissions")
    return result


def rights(permissions: list[Document]) -> list[str]:
    """Return permissions as a sorted list of what is allowed where: Harbor returns them in any order."""
    return sorted(
        f"{permission['namespace']} {access['resource']}:{access['action']}"
        for permission in permissions
        for access in permission.get("access") or []
    )


def set_up_robot(api: Api, robot: Document, whole_name: str, found: Document | None) -> None:
    """Make a robot with its secret, or change what differs. Raises `Refused`."""
    what = f"robot {whole_name}"
    level = "project" if robot["project"] else "system"
    body = {"level": level, **{name: robot[name] for name in ("description", "duration", "permissions")}}
    if found is None:
        made = api.change("POST", "/robots", {"name": robot["name"], **body}, what, "created")
        api.run.secrets.append(made["secret"])  # Harbor makes one of its own at first: it is replaced below
        number = made["id"]
    else:
        number = found["id"]
        shown = {name: found.get(name, default) for name, default in (("description", ""), ("duration", 0))}
        shown |= {"disable": found.get("disable", False), "rights": rights(found.get("permissions") or [])}
        wanted = {**{name: robot[name] for name in ("description", "duration")}, "disable": False}
        changes = differences(shown, {**wanted, "rights": rights(robot["permissions"])})
        if changes:
            update = {"id": number, "name": whole_name, "disable": False, **body}
            api.change("PUT", f"/robots/{number}", update, what, "changed", described(shown, changes))
    if found is None or not api.lets_in(FOR_ANYBODY, whole_name, robot["secret"]):
        api.change("PATCH", f"/robots/{number}", {"secret": robot["secret"]}, f"secret of {what}", "set")
