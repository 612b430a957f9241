"""The mark of Secrets in the templates of pods: when it changes, and whose pods have it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.components.secrets_mark import ANNOTATION, secrets_mark, with_mark

CONTENTS = {"login": {"user": "a", "password": "b"}, "token": {"token": "c"}}


def test_the_mark_changes_with_every_entry_name_and_key_and_with_nothing_else() -> None:
    marks = [
        secrets_mark("key", CONTENTS),
        secrets_mark("another key", CONTENTS),
        secrets_mark("key", {**CONTENTS, "token": {"token": "d"}}),
        secrets_mark("key", {**CONTENTS, "token": {"name": "c"}}),
        secrets_mark("key", {"login": CONTENTS["login"]}),
        secrets_mark("key", {"login": CONTENTS["login"], "ticket": CONTENTS["token"]}),
    ]
    assert len(set(marks)) == len(marks)
    turned = {name: dict(reversed(entries.items())) for name, entries in reversed(CONTENTS.items())}
    assert secrets_mark("key", turned) == marks[0]


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment", "EventSource", "Job", "Sensor", "StatefulSet"])
def test_pods_have_it_beside_what_is_there(kind: str) -> None:
    template: dict[str, Any] = {
        "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
        "spec": {"containers": []},
    }
    found = with_mark({"kind": kind, "spec": {"replicas": 1, "template": template}}, "mark")
    metadata = {"labels": {"a": "b"}, "annotations": {"c": "d", ANNOTATION: "mark"}}
    assert found == {"kind": kind, "spec": {"replicas": 1, "template": {**template, "metadata": metadata}}}
    assert ANNOTATION not in template["metadata"]["annotations"]


def test_a_template_without_metadata_gets_some() -> None:
    found = with_mark({"kind": "Deployment", "spec": {"template": {"spec": {}}}}, "mark")
    assert found["spec"]["template"] == {"metadata": {"annotations": {ANNOTATION: "mark"}}, "spec": {}}


@pytest.mark.parametrize("kind", ["Service", "ConfigMap", "Secret", "CronJob"])
def test_what_keeps_no_pods_or_makes_them_anew_each_time_stays_as_it_is(kind: str) -> None:
    body = {"kind": kind, "spec": {"template": {"spec": {}}}}
    assert with_mark(body, "mark") == body
