"""The pods of a node, played: they start when they can, run, end and go, and the API is told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from rehearsal.machines import pod_status
from rehearsal.machines.clock import api_time
from rehearsal.machines.containers import PlayedContainer
from rehearsal.machines.places import NETWORK_AGENT, NETWORK_CONFIGURATION
from rehearsal.machines.pod_addresses import free_address
from rehearsal.machines.pod_needs import what_is_missing
from rehearsal.machines.workloads import played_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.machines.api import Api
    from rehearsal.machines.description import Hardware

_JOB_SECONDS = 1.0  # how long a Job's pod runs
_AGAIN = 2.0  # seconds until a pod that can't start is looked at again


@dataclass(frozen=True)
class _Started:
    facts: pod_status.Running
    at: float
    container: PlayedContainer | None


class Pods:
    """What runs on a node. The API may be away: what runs goes on."""

    def __init__(self, api: Api, address: str, hardware: Hardware) -> None:
        self._api = api
        self._address = address
        self._hardware = hardware
        self._started: dict[str, _Started] = {}
        self._not_before: dict[str, float] = {}
        self._said: dict[str, str] = {}

    def look(self, pods: Mapping[str, dict[str, Any]] | None, pod_range: str) -> None:
        """Bring what runs to what the API has; nothing is done while that is not known.

        `pod_range` is the node's range of addresses, empty without one.
        """
        if pods is None:
            return
        for uid in self._started.keys() - pods.keys():
            self._stop(uid)
        for uid, pod in pods.items():
            if pod_status.is_mirror(pod):
                continue
            try:
                self._look_at(uid, pod, pods, pod_range)
                self._said.pop(uid, None)
            except (httpx.HTTPError, OSError) as error:
                self._not_before[uid] = time.monotonic() + _AGAIN
                self._say(uid, f"{pod['metadata']['name']}: {type(error).__name__}: {error}")

    def stop_all(self) -> None:
        """End everything that runs here."""
        for uid in list(self._started):
            self._stop(uid)

    def _look_at(self, uid: str, pod: dict[str, Any], pods: Mapping[str, dict[str, Any]], pod_range: str) -> None:
        started = self._started.get(uid)
        if time.monotonic() < self._not_before.get(uid, 0.0) and "deletionTimestamp" not in pod["metadata"]:
            return
        if "deletionTimestamp" in pod["metadata"]:
            self._end(uid, pod)
        elif pod_status.has_ended(pod):
            self._stop(uid)
        elif started is None:
            self._start_if_possible(uid, pod, pods, pod_range)
        elif pod_status.runs_once(pod) and time.monotonic() - started.at > _JOB_SECONDS:
            self._tell(pod, pod_status.ended(pod, started.facts, api_time()))
        else:
            self._tell(pod, pod_status.running(pod, started.facts))

    def _start_if_possible(
        self, uid: str, pod: dict[str, Any], pods: Mapping[str, dict[str, Any]], pod_range: str
    ) -> None:
        why_not = self._network_is_missing(pod, pod_range) or what_is_missing(self._api, pod)
        if why_not:
            self._not_before[uid] = time.monotonic() + _AGAIN
            if pod.get("status", {}).get("phase", "Pending") == "Pending":
                self._tell(pod, pod_status.waiting(pod, why_not, self._address, api_time()))
            return
        before = pod.get("status", {})
        taken = {each.facts.address for each in self._started.values()}
        taken |= {each.get("status", {}).get("podIP", "") for key, each in pods.items() if key != uid}
        on_host = pod["spec"].get("hostNetwork")
        address = self._address if on_host else free_address(pod_range, taken, before.get("podIP", ""))
        ran = [each for each in before.get("containerStatuses", []) if "running" in each["state"]]
        restarts = max((each["restartCount"] + 1 for each in ran), default=0)
        facts = pod_status.Running(api_time(), address, self._address, restarts)
        played = played_by(pod)
        container = PlayedContainer(self._api, pod, played, self._hardware) if played else None
        self._started[uid] = _Started(facts, time.monotonic(), container)
        self._tell(pod, pod_status.running(pod, facts))

    def _network_is_missing(self, pod: dict[str, Any], pod_range: str) -> str:
        if pod["spec"].get("hostNetwork"):
            return ""
        if not NETWORK_CONFIGURATION.exists():
            return "network is not ready: no network plugin yet"
        if not NETWORK_AGENT.exists():
            return "network is not ready: the network plugin's agent does not run"
        return "" if pod_range else "the node has no range of pod addresses yet"

    def _end(self, uid: str, pod: dict[str, Any]) -> None:
        """End a pod that somebody deleted: its containers, its status, itself."""
        started = self._started.get(uid)
        self._stop(uid)
        if not pod_status.has_ended(pod):
            self._tell(pod, pod_status.ended(pod, started.facts if started else None, api_time()))
        self._api.delete(_path(pod), uid)

    def _stop(self, uid: str) -> None:
        started = self._started.pop(uid, None)
        if started is not None and started.container is not None:
            started.container.stop()
        self._not_before.pop(uid, None)
        self._said.pop(uid, None)

    def _tell(self, pod: dict[str, Any], status: dict[str, Any]) -> None:
        """Tell the API a pod's status unless it knows it; a pod that is gone meanwhile is fine."""
        if pod_status.differs(pod, status):
            told = {**status, "observedGeneration": pod["metadata"].get("generation", 0)}
            body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": told}
            try:
                self._api.merge_lists(f"{_path(pod)}/status", body)
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.NOT_FOUND:
                    raise

    def _say(self, uid: str, words: str) -> None:
        """Log what is wrong, once."""
        if self._said.get(uid) != words:
            print(words, flush=True)
        self._said[uid] = words


def _path(pod: dict[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
