"""The Kubernetes API of a rehearsal's environment, asked from inside with the administrator's kubeconfig."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.session import Rehearsal

PATIENCE = 120.0  # seconds until something has to have come about
_ASK = """
import json, sys
from pathlib import Path
from infra.kubernetes_api import ApiRefused, KubernetesApi
with KubernetesApi(Path(sys.argv[1]).read_text()) as api:
    for verb, path, body in json.load(sys.stdin):
        try:
            found = getattr(api, verb)(path) if body is None else getattr(api, verb)(path, body)
        except ApiRefused as refused:
            found = {"refused": str(refused)}
        print(json.dumps(found))
"""


class Kubernetes:
    """The API of one environment of a rehearsal; needs its kubeconfig, which `observe_cluster` writes."""

    def __init__(self, rehearsal: Rehearsal, environment: str) -> None:
        self._rehearsal = rehearsal
        self._kubeconfig = rehearsal.layout.kubeconfig(environment)

    def ask(self, *questions: tuple[str, str, Any]) -> list[Any]:
        """Ask for several things, each a verb of `KubernetesApi`, a path and a body or None; return the answers."""
        done = self._rehearsal.run([sys.executable, "-c", _ASK, str(self._kubeconfig)], stdin=json.dumps(questions))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def get(self, path: str) -> Any:
        """Return an object or a list, or None."""
        return self.ask(("get", path, None))[0]

    def until(self, path: str, wanted: Callable[[Any], bool]) -> Any:
        """Return an object once it is as wanted."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.get(path)
            if wanted(found):
                return found
            assert time.monotonic() < deadline, json.dumps(found, indent=1)
            time.sleep(0.5)


def observed_nodes(rehearsal: Rehearsal, environment: str, *options: str) -> dict[str, dict[str, Any]]:
    """Return what the API says of its nodes, by name, once all are ready; writes the kubeconfig, too."""
    command = [sys.executable, "-m", "rehearsal.observe_cluster", rehearsal.layout.name, environment, *options]
    done = rehearsal.run(command)
    assert done.returncode == 0, done.stderr
    return {node["name"]: node for node in json.loads(done.stdout)}
