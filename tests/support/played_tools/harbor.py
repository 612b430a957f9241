"""Harbor's API, played after its swagger file and handlers of 2.15."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tests.support.played_tools.harbor_inside import HarborInside
from tests.support.played_tools.server import Refusal, look_at, page

METADATA = {
    "public": str,
    "auto_scan": str,
    "auto_sbom_generation": str,
    "enable_content_trust_cosign": str,
    "prevent_vul": str,
    "severity": str,
}
CONFIGURATIONS = {
    "auth_mode": str,
    "project_creation_restriction": str,
    "robot_name_prefix": str,
    "quota_per_project_enable": bool,
    "oidc_name": str,
    "oidc_endpoint": str,
    "oidc_client_id": str,
    "oidc_client_secret": str,
    "oidc_scope": str,
    "oidc_user_claim": str,
    "oidc_groups_claim": str,
    "oidc_admin_group": str,
    "oidc_group_filter": str,
    "oidc_auto_onboard": bool,
    "oidc_verify_cert": bool,
}
SHOWN_AT_FIRST = {"auth_mode": "db_auth", "robot_name_prefix": "robot$", "oidc_verify_cert": True}


class PlayedHarbor(HarborInside):
    """Projects and the system; what is inside a project, and robots, stand in `HarborInside`."""

    api = "/api/v2.0"
    routes: ClassVar[dict[str, str]] = {
        "GET /health": "health",
        "GET /configurations": "show_configurations",
        "PUT /configurations": "configure",
        "GET /labels": "list_labels",
        "POST /labels": "make_label",
        "PUT /labels/{number}": "change_label",
        "GET /registries": "list_registries",
        "POST /registries": "make_registry",
        "PUT /registries/{number}": "change_registry",
        "GET /projects": "list_projects",
        "POST /projects": "make_project",
        "PUT /projects/{number}": "change_project",
        "GET /quotas": "list_quotas",
        "PUT /quotas/{number}": "change_quota",
        "GET /system/gc/schedule": "show_gc",
        "POST /system/gc/schedule": "set_gc",
        "PUT /system/gc/schedule": "set_gc",
        "GET /system/scanAll/schedule": "show_scan",
        "POST /system/scanAll/schedule": "set_scan",
        "PUT /system/scanAll/schedule": "set_scan",
        **HarborInside.routes,
    }
    open_routes = ("GET /health",)

    def __init__(self) -> None:
        super().__init__()
        self.ill: list[list[str]] = []  # parts, for one answer each
        self.configurations: dict[str, Any] = dict(SHOWN_AT_FIRST)
        self.labels: list[dict[str, Any]] = []
        self.registries: list[dict[str, Any]] = []
        self.quotas: dict[int, int] = {}
        self.gc: dict[str, Any] = {}
        self.scan = ""
        self.store_project({"name": "library", "metadata": {"public": "true"}}, -1)

    def error(self, message: str) -> Any:
        return {"errors": [{"code": "REFUSED", "message": message}]}

    def health(self, **_: Any) -> tuple[int, Any]:
        ill = self.ill.pop(0) if self.ill else []
        parts = [{"name": name, "status": "unhealthy"} for name in ill] + [{"name": "core", "status": "healthy"}]
        return 200, {"status": "unhealthy" if ill else "healthy", "components": parts}

    def show_configurations(self, **_: Any) -> tuple[int, Any]:
        shown = {name: value for name, value in self.configurations.items() if name != "oidc_client_secret"}
        return 200, {name: {"value": value, "editable": True} for name, value in shown.items()}

    def configure(self, body: Any, **_: Any) -> tuple[int, Any]:
        self.configurations |= look_at(body, CONFIGURATIONS)
        return 200, None

    def list_labels(self, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        if query.get("scope") != "g":
            raise Refusal(400, "invalid scope")
        fitting = [label for label in self.labels if query.get("name", "") in label["name"]]
        return 200, page(fitting, query, "page_size", 100)

    def make_label(self, body: Any, **_: Any) -> tuple[int, Any]:
        fields = {"name": str, "description": str, "scope": str, "color": str}
        self.labels.append({"id": self.number(), **look_at(body, fields, "name", "scope")})
        return 201, None

    def change_label(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        fields = {"name": str, "description": str, "scope": str, "color": str}
        (label,) = (label for label in self.labels if str(label["id"]) == number)
        label |= look_at(body, fields, "name")
        return 200, None

    def list_registries(self, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        return 200, page([hidden(registry) for registry in self.registries], query, "page_size", 100)

    def make_registry(self, body: Any, **_: Any) -> tuple[int, Any]:
        fields = {"name": str, "type": str, "url": str, "insecure": bool, "description": str, "credential": dict}
        look_at(body, fields, "name", "type", "url")
        look_at(body.get("credential", {}), {"type": str, "access_key": str, "access_secret": str})
        if "unreachable" in body["url"]:
            raise Refusal(400, "the registry is unhealthy")
        self.registries.append({"id": self.number(), **body})
        return 201, None

    def change_registry(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        texts = ("name", "description", "url", "credential_type", "access_key", "access_secret")
        look_at(body, {**dict.fromkeys(texts, str), "insecure": bool})
        (registry,) = (registry for registry in self.registries if str(registry["id"]) == number)
        credential = registry.setdefault("credential", {})
        for name, inner in (("credential_type", "type"), ("access_key",) * 2, ("access_secret",) * 2):
            if name in body:
                credential[inner] = body.pop(name)
        registry |= body
        return 200, None

    def list_projects(self, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        return 200, page(self.projects, query, "page_size", 100)

    def make_project(self, body: Any, **_: Any) -> tuple[int, Any]:
        fields = {"project_name": str, "metadata": dict, "storage_limit": int, "registry_id": int}
        look_at(body, fields, "project_name")
        look_at(body["metadata"], METADATA)
        if body["project_name"] in {project["name"] for project in self.projects}:
            raise Refusal(409, f"The project named {body['project_name']} already exists")
        project: dict[str, Any] = {"name": body["project_name"], "metadata": body["metadata"]}
        if "registry_id" in body:
            if body["registry_id"] not in {registry["id"] for registry in self.registries}:
                raise Refusal(400, f"{body['registry_id']} is invalid value of registry_id")
            project["registry_id"] = body["registry_id"]
        self.store_project(project, body.get("storage_limit", -1))
        if "registry_id" in body:
            self.keep_what_is_pulled(project["project_id"])
        return 201, None

    def store_project(self, project: dict[str, Any], limit: int) -> None:
        project["project_id"] = self.number()
        self.projects.append(project)
        self.quotas[project["project_id"]] = limit

    def change_project(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {"metadata": dict}, "metadata")
        self.project(number)["metadata"] |= look_at(body["metadata"], METADATA)
        return 200, None

    def list_quotas(self, query: dict[str, str], **_: Any) -> tuple[int, Any]:
        number = int(query["reference_id"])
        return 200, [{"id": 1000 + number, "hard": {"storage": self.quotas[number]}, "used": {"storage": 0}}]

    def change_quota(self, number: str, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {"hard": dict}, "hard")
        self.quotas[int(number) - 1000] = look_at(body["hard"], {"storage": int})["storage"]
        return 200, None

    def show_gc(self, **_: Any) -> tuple[int, Any]:
        if not self.gc:
            return 200, None
        parameters = {**self.gc["parameters"], "time_window": 2}
        return 200, {"schedule": self.gc["schedule"], "job_parameters": json.dumps(parameters)}

    def set_gc(self, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {"schedule": dict, "parameters": dict}, "schedule")
        look_at(body["schedule"], {"type": str, "cron": str}, "type", "cron")
        look_at(body["parameters"], {"delete_untagged": bool, "workers": int, "dry_run": bool})
        self.gc = body
        return 201, None

    def show_scan(self, **_: Any) -> tuple[int, Any]:
        return 200, ({"schedule": {"type": "Custom", "cron": self.scan}} if self.scan else None)

    def set_scan(self, body: Any, **_: Any) -> tuple[int, Any]:
        look_at(body, {"schedule": dict}, "schedule")
        self.scan = look_at(body["schedule"], {"type": str, "cron": str}, "type", "cron")["cron"]
        return 201, None


def hidden(registry: dict[str, Any]) -> dict[str, Any]:
    """Return a registry as it is shown: with stars for the password."""
    credential = registry.get("credential")
    shown = {"credential": {**credential, "access_secret": "*****"}} if credential else {}
    return {**registry, **shown}
