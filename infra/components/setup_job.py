"""Jobs that set a tool up through its own API, where its chart can't: a script, and the state that it brings about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, fingerprint, manifest
from infra.components.pods import confined_pod
from infra.render import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.model.release import Release

_SHARED = "platform/setup/api.py"
_FOLDER = "/etc/slipway"
_USER = 65532  # what images without a user of their own call nonroot
_SECONDS = 1800  # until a tool that does not answer is given up; a first start draws its images first


def setup_job(
    release: Release,
    *,
    script: str,
    namespace: str,
    desired: Mapping[str, Any],
    modules: Sequence[str] = (),
    secrets: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> tuple[Manifest, ...]:
    """Return the ConfigMap and the Job that run a script of `templates/`, as `platform/setup/harbor.py`.

    `modules` are those that it imports, beside the one that all scripts share. It reads `desired` in `desired.json`
    beside it, `variables` and the entries of `secrets` (names of Secrets of the namespace) in its environment. A
    changed state is a Job of a new name, which runs anew.
    """
    paths = (_SHARED, script, *modules)
    files = {path.rpartition("/")[2]: (TEMPLATES / path).read_text(encoding="utf-8") for path in paths}
    files["desired.json"] = json.dumps(desired, indent=2, sort_keys=True) + "\n"
    own = script.rpartition("/")[2]
    environment = [{"name": key, "value": value} for key, value in sorted((variables or {}).items())]
    image = release.images["python"]
    name = f"setup-{fingerprint({**files, 'variables': environment, 'image': image.tag})[:10]}"
    container = {
        "name": "setup",
        "image": image.reference,
        "command": ["python3", f"{_FOLDER}/{own}"],
        "env": environment,
        "envFrom": [{"secretRef": {"name": each}} for each in secrets],
        "volumeMounts": [{"name": "setup", "mountPath": _FOLDER, "readOnly": True}],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    }
    pod = confined_pod(container, user=_USER, volumes=[{"name": "setup", "configMap": {"name": name}}])
    spec = {"backoffLimit": 10, "activeDeadlineSeconds": _SECONDS, "template": {"spec": pod}}
    return (
        manifest("ConfigMap", "v1", name, namespace, data=files),
        manifest("Job", "batch/v1", name, namespace, spec=spec),
    )
