"""A cluster in a rehearsal, as its administrator sees it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from rehearsal.session import Rehearsal


class Cluster:
    """A cluster in a rehearsal, as its administrator sees it."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal

    def kubectl(self, *arguments: str, stdin: object = None) -> subprocess.CompletedProcess[str]:
        return self._rehearsal.run(["kubectl", *arguments], stdin=json.dumps(stdin) if stdin else None)

    def apply(self, *objects: dict[str, Any]) -> None:
        done = self.kubectl("apply", "-f", "-", stdin={"apiVersion": "v1", "kind": "List", "items": list(objects)})
        assert done.returncode == 0, done.stderr

    def delete(self, kind: str, name: str, namespace: str = "default") -> None:
        done = self.kubectl("delete", kind, name, "-n", namespace)
        assert done.returncode == 0, done.stderr

    def items(self, kind: str, namespace: str = "default") -> dict[str, dict[str, Any]]:
        done = self.kubectl("get", kind, "-n", namespace, "-o", "json")
        assert done.returncode == 0, done.stderr
        return {found["metadata"]["name"]: found for found in json.loads(done.stdout)["items"]}

    def nodes(self) -> dict[str, dict[str, Any]]:
        return self.items("nodes")

    def pods_of(self, workload_name: str, namespace: str = "default") -> list[dict[str, Any]]:
        found = self.items("pods", namespace).values()
        return [each for each in found if each["metadata"].get("labels", {}).get("app") == workload_name]


def until(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.5)


def condition(found: dict[str, Any], kind: str) -> dict[str, Any]:
    conditions = found.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {"status": "Unknown"})


def is_ready(found: dict[str, Any]) -> bool:
    return bool(condition(found, "Ready")["status"] == "True")
