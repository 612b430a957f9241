"""Tag category and tag, after vsphere/resource_vsphere_tag_category.go and resource_vsphere_tag.go; and attachment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.resource import Found, ResourceKind

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_CATEGORY = "/tagging/category"
_TAG = "/tagging/tag"
_ASSOCIATION = "/tagging/tag-association"


class TagCategory(ResourceKind):
    """A category of tags; categories are global in a vCenter."""

    token = "vsphere:index/tagCategory:TagCategory"

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Create it."""
        try:
            identifier = connection.rest("POST", _CATEGORY, {"create_spec": _category_spec(inputs)})
        except Refused as refused:
            raise Refused(f"could not create category: {refused}") from None
        return self._found(connection, identifier)

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it; an import is by name."""
        if not state:
            identifier = category_by_name(connection, identifier)
        category = connection.rest("GET", f"{_CATEGORY}/id:{identifier}")
        return Found(identifier, _category(category)) if category else None

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Change name, description, cardinality or types."""
        del state
        connection.rest("PATCH", f"{_CATEGORY}/id:{identifier}", {"update_spec": _category_spec(inputs)})
        return self._found(connection, identifier)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Delete it with its tags."""
        del state
        connection.rest("DELETE", f"{_CATEGORY}/id:{identifier}")

    def _found(self, connection: Connection, identifier: str) -> Found:
        return Found(identifier, _category(connection.rest("GET", f"{_CATEGORY}/id:{identifier}")))


class Tag(ResourceKind):
    """A tag of a category."""

    token = "vsphere:index/tag:Tag"

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Create it."""
        spec = {
            "name": inputs["name"],
            "description": inputs.get("description", ""),
            "category_id": inputs["categoryId"],
        }
        try:
            identifier = connection.rest("POST", _TAG, {"create_spec": spec})
        except Refused as refused:
            raise Refused(f"could not create tag: {refused}") from None
        return self._found(connection, identifier)

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it; an import is by a JSON object with category_name and tag_name."""
        if not state:
            identifier = _tag_by_names(connection, identifier)
        tag = connection.rest("GET", f"{_TAG}/id:{identifier}")
        return Found(identifier, _tag(tag)) if tag else None

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Change name or description."""
        del state
        spec = {"name": inputs["name"], "description": inputs.get("description", "")}
        connection.rest("PATCH", f"{_TAG}/id:{identifier}", {"update_spec": spec})
        return self._found(connection, identifier)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Delete it."""
        del state
        connection.rest("DELETE", f"{_TAG}/id:{identifier}")

    def _found(self, connection: Connection, identifier: str) -> Found:
        return Found(identifier, _tag(connection.rest("GET", f"{_TAG}/id:{identifier}")))


def attached_tags(connection: Connection, kind: str, identifier: str) -> list[str]:
    """Return the tags of an object, sorted; `kind` is its vSphere type, such as VirtualMachine."""
    path = f"{_ASSOCIATION}?~action=list-attached-tags"
    return sorted(connection.rest("POST", path, {"object_id": {"type": kind, "id": identifier}}) or [])


def attach_tags(connection: Connection, kind: str, identifier: str, wanted: list[str]) -> None:
    """Attach and detach tags until an object has exactly the wanted ones."""
    present = set(attached_tags(connection, kind, identifier))
    body = {"object_id": {"type": kind, "id": identifier}}
    for tag in sorted(set(wanted) - present):
        connection.rest("POST", f"{_ASSOCIATION}/id:{tag}?~action=attach", body)
    for tag in sorted(present - set(wanted)):
        connection.rest("POST", f"{_ASSOCIATION}/id:{tag}?~action=detach", body)


def category_by_name(connection: Connection, name: str) -> str:
    """Return the identifier of a category. Raises `Refused` when there is none."""
    for identifier in connection.rest("GET", _CATEGORY):
        if connection.rest("GET", f"{_CATEGORY}/id:{identifier}")["name"] == name:
            return str(identifier)
    raise Refused(f'category name "{name}" not found')


def _tag_by_names(connection: Connection, names: str) -> str:
    wanted = json.loads(names)
    category = category_by_name(connection, wanted["category_name"])
    for identifier in connection.rest("POST", f"{_TAG}/id:{category}?~action=list-tags-for-category"):
        if connection.rest("GET", f"{_TAG}/id:{identifier}")["name"] == wanted["tag_name"]:
            return str(identifier)
    raise Refused(f'tag name "{wanted["tag_name"]}" not found in category "{wanted["category_name"]}"')


def _category_spec(inputs: Properties) -> dict[str, Any]:
    return {
        "name": inputs["name"],
        "description": inputs.get("description", ""),
        "cardinality": inputs["cardinality"],
        "associable_types": inputs["associableTypes"],
    }


def _category(read: dict[str, Any]) -> Properties:
    return {
        "name": read["name"],
        "description": read.get("description", ""),
        "cardinality": read["cardinality"],
        "associableTypes": sorted(read["associable_types"]),
    }


def _tag(read: dict[str, Any]) -> Properties:
    return {
        "name": read["name"],
        "description": read.get("description", ""),
        "categoryId": read["category_id"],
    }
