"""The pods of a node, kept up to date by a watch of the API."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from rehearsal.machines.api import Api

_PAUSE = 1.0  # seconds after the API did not answer


class PodWatch:
    """Watches the pods that are bound to a node, until it is stopped."""

    def __init__(self, api: Api, node: str) -> None:
        self._api = api
        self._path = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"
        self._pods: dict[str, dict[str, Any]] | None = None
        self._stopped = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def pods(self) -> dict[str, dict[str, Any]] | None:
        """Return the pods by UID as they were last seen; None before the first look."""
        return self._pods

    def stop(self) -> None:
        """Watch no more; what is being waited for comes to its end."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except (httpx.HTTPError, ValueError, KeyError) as error:
                print(f"pods are not seen: {type(error).__name__}: {error}", flush=True)
                time.sleep(_PAUSE)

    def _follow(self) -> None:
        """List the pods, and follow their changes until the API has forgotten where that was."""
        found = self._api.get(self._path) or {}
        self._pods = {pod["metadata"]["uid"]: pod for pod in found["items"]}
        version = found["metadata"]["resourceVersion"]
        while not self._stopped.is_set():
            for event in self._api.watch(self._path, version):
                if event["type"] == "ERROR":
                    return
                version = event["object"]["metadata"]["resourceVersion"]
                self._note(event)

    def _note(self, event: dict[str, Any]) -> None:
        uid = event["object"]["metadata"].get("uid")  # a bookmark has none
        if event["type"] in ("ADDED", "MODIFIED"):
            self._pods = {**(self._pods or {}), uid: event["object"]}
        elif event["type"] == "DELETED":
            self._pods = {key: pod for key, pod in (self._pods or {}).items() if key != uid}
