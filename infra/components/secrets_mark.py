"""Pods that follow their Secrets: a mark of these stands in the pods' templates, so that a new value restarts them.

Programs read passwords when they start; without the mark a changed one would be in the cluster, and in no program.
Anybody who may see a pod sees the mark, so it is made with a key that only the state has: nobody can try passwords
against it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from infra.components.component import LABEL_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

ANNOTATION = f"{LABEL_PREFIX}/secrets"
KEY_NAME = "secrets-mark"  # of the value in each layer's state
_LENGTH = 16  # hexadecimal digits: it tells two contents from each other, no more
_WITH_PODS = ("DaemonSet", "Deployment", "EventSource", "Job", "Sensor", "StatefulSet")


def secrets_mark(key: str, contents: Mapping[str, Mapping[str, str]]) -> str:
    """Return the mark of Secrets, `contents` by their names: 16 hexadecimal digits, another for each key."""
    text = json.dumps({name: dict(entries) for name, entries in contents.items()}, sort_keys=True)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:_LENGTH]


def with_mark(manifest: Mapping[str, Any], mark: Any) -> dict[str, Any]:  # noqa: ANN401 - a text, or one to come
    """Return an object whose pods, if it keeps any by a template, have the mark among their annotations.

    A Job's template can't be changed: it is made anew, and runs again.
    """
    template = manifest["spec"].get("template") if manifest["kind"] in _WITH_PODS else None
    if template is None:
        return dict(manifest)
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: mark}
    marked = {**template, "metadata": {**metadata, "annotations": annotations}}
    return {**manifest, "spec": {**manifest["spec"], "template": marked}}
