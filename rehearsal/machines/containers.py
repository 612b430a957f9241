"""Containers that do something: each plays its effect in a thread of its own while its pod runs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import httpx

from rehearsal.machines.effects.cloud_provider import CloudProvider
from rehearsal.machines.effects.database_operator import DatabaseOperator
from rehearsal.machines.effects.device_plugin import DevicePlugin
from rehearsal.machines.effects.effect import Container, Effect
from rehearsal.machines.effects.feature_master import FeatureMaster
from rehearsal.machines.effects.feature_worker import FeatureWorker
from rehearsal.machines.effects.gpu_driver import GpuDriver
from rehearsal.machines.effects.gpu_feature_discovery import GpuFeatureDiscovery
from rehearsal.machines.effects.gpu_operator import GpuOperator
from rehearsal.machines.effects.network_plugin import NetworkPlugin

if TYPE_CHECKING:
    from rehearsal.machines.api import Api
    from rehearsal.machines.description import Hardware
    from rehearsal.machines.workloads import Played

EFFECTS: dict[str, type[Effect]] = {
    "database_operator": DatabaseOperator,
    "network_plugin": NetworkPlugin,
    "cloud_provider": CloudProvider,
    "feature_worker": FeatureWorker,
    "feature_master": FeatureMaster,
    "gpu_operator": GpuOperator,
    "gpu_driver": GpuDriver,
    "device_plugin": DevicePlugin,
    "gpu_feature_discovery": GpuFeatureDiscovery,
}
_TOKEN_SECONDS = 3607  # what a kubelet asks for
_REFRESH_SECONDS = 2400.0


class PlayedContainer:
    """The one container of a pod that does something; it begins at once."""

    def __init__(self, kubelet: Api, pod: dict[str, Any], played: Played, hardware: Hardware) -> None:
        self._kubelet = kubelet
        self._pod = pod
        self._played = played
        self._hardware = hardware
        self._effect = EFFECTS[played.effect]()
        self._stopped = threading.Event()
        self._said = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and return when it has ended and taken away what it takes away."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        container, refresh = None, 0.0
        while not self._stopped.is_set():
            try:
                if container is None or time.monotonic() > refresh:
                    container, refresh = self._begin(container), time.monotonic() + _REFRESH_SECONDS
                self._effect.look(container)
                self._say("")
            except (httpx.HTTPError, OSError, KeyError, ValueError) as error:  # also objects that somebody wrote badly
                self._say(f"{type(error).__name__}: {error}")
            self._stopped.wait(self._effect.pause)
        self._effect.stop()
        _close(container)

    def _begin(self, before: Container | None) -> Container:
        """Return where the effect runs, with a fresh token of the pod's account for one that asks the API."""
        if not self._played.asks:
            return Container(self._pod, self._hardware)
        fresh = Container(self._pod, self._hardware, self._kubelet.with_token(_token(self._kubelet, self._pod)))
        _close(before)
        return fresh

    def _say(self, words: str) -> None:
        """Log what is wrong, once."""
        if words and words != self._said:
            print(f"{self._pod['metadata']['name']}: {words}", flush=True)
        self._said = words


def _close(container: Container | None) -> None:
    if container is not None and container.api is not None:
        container.api.close()


def _token(kubelet: Api, pod: dict[str, Any]) -> str:
    """Return a token of a pod's service account, as a kubelet gets it: bound to the pod, for its own node's alone."""
    metadata, account = pod["metadata"], pod["spec"].get("serviceAccountName", "default")
    bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    answer = kubelet.create(
        f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS, "boundObjectRef": bound},
        },
    )
    return str(answer["status"]["token"])
