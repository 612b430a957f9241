"""Databases and buckets that tools have: where they are, and what tools log in with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.sources import BELOW, MADE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.tools import Tool

DATABASE_HOST, DATABASE_PORT = "postgres-rw.postgres.svc.cluster.local", 5432
OBJECT_STORE_HOST, OBJECT_STORE_PORT = "seaweedfs-s3.seaweedfs.svc.cluster.local", 8333
OBJECT_STORE = f"http://{OBJECT_STORE_HOST}:{OBJECT_STORE_PORT}"  # inside the cluster; S3, buckets by path
REGION = "us-east-1"  # S3 clients want one; SeaweedFS takes any
OWNER = "platform"  # the layer that makes what tools log in with


def database_password(tool: Tool) -> str:
    """Return the source of the password of a tool's database role, in the tool's own layer.

    Role and database have the same name, `tool.database`.
    """
    return _source(tool, f"database-{tool.database}")


def bucket_secret(tool: Tool) -> str:
    """Return the source of a tool's secret access key, in its own layer; the access key is its component's name."""
    return _source(tool, f"buckets-{tool.component}")


def handed_to_tools(tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """Return the sources, in the platform layer, of what tools of the layers above log in with."""
    above = [tool for tool in tools.values() if tool.layer != OWNER]
    databases = {f"{MADE}:{database_password(tool).partition(':')[2]}" for tool in above if tool.database}
    buckets = {f"{MADE}:{bucket_secret(tool).partition(':')[2]}" for tool in above if tool.buckets}
    return tuple(sorted(databases | buckets))


def _source(tool: Tool, name: str) -> str:
    return f"{MADE if tool.layer == OWNER else BELOW}:{name}"
