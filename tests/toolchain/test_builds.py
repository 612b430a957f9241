"""The templates of pipelines: their steps, which of them see which secrets, and what is left out with a tool."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from infra.toolchain.builds import builds
from infra.toolchain.workflow_templates import script, workflow_templates
from templates.toolchain.workflows.data_check import drawn, problems
from templates.toolchain.workflows.hand_over_model import message
from templates.toolchain.workflows.judge_model import passes
from tests.support.environments import CATALOG, PROD, RELEASE, changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
UNSIGNED = changed(DEV, {"toolchain.signing": None})
KEYS = {"COSIGN_PRIVATE_KEY", "COSIGN_PASSWORD"}


def templates(environment: Environment) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each["spec"] for each in workflow_templates(environment, RELEASE)}


def steps(spec: dict[str, Any], template: str) -> list[str]:
    (found,) = [each for each in spec["templates"] if each["name"] == template]
    return [step["name"] for group in found["steps"] for step in group]


def pods(environment: Environment) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every template that is a pod, by `<template>/<its name>`."""
    for name, spec in templates(environment).items():
        for each in spec["templates"]:
            if "steps" not in each:
                yield f"{name}/{each['name']}", each


def containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    alone = [template[kind] for kind in ("container", "script") if kind in template]
    return [*alone, *template.get("containerSet", {}).get("containers", [])]


def secrets_seen(template: dict[str, Any], container: dict[str, Any]) -> set[str]:
    """Return the Secrets that a container itself gets; those of artefacts are read by Argo's beside it."""
    volumes = {each["name"]: each["secret"]["secretName"] for each in template.get("volumes", []) if "secret" in each}
    mounts = [*container.get("volumeMounts", []), *template.get("containerSet", {}).get("volumeMounts", [])]
    found = {volumes[each["name"]] for each in mounts if each["name"] in volumes}
    found |= {each["secretRef"]["name"] for each in container.get("envFrom", [])}
    variables = [each["valueFrom"]["secretKeyRef"] for each in container.get("env", []) if "valueFrom" in each]
    return found | {each["name"] for each in variables}


def test_an_application_is_built_tested_scanned_and_signed_in_this_order() -> None:
    spec = templates(PROD)["pipeline"]
    assert steps(spec, "pipeline") == ["look", "image"]
    assert steps(spec, "image") == ["build", "unit-test", "scan", "sign"]


def test_a_model_is_trained_on_checked_data_and_packed_when_it_has_passed() -> None:
    assert steps(templates(PROD)["model-pipeline"], "model-pipeline") == ["data-check", "train", "evaluate", "package"]
    assert steps(templates(PROD)["package-model"], "package-model") == ["fetch", "package", "scan", "sign"]


def test_without_signing_nothing_is_signed_and_no_key_is_there() -> None:
    found = templates(UNSIGNED)
    assert "sign" not in found
    assert steps(found["pipeline"], "image") == ["build", "unit-test", "scan"]
    assert steps(found["package-model"], "package-model") == ["fetch", "package", "scan"]
    assert "cosign" not in json.dumps(found)
    assert {each.name for each in builds(UNSIGNED, RELEASE).secrets} == {
        "argo-workflows-buckets",
        "git-login",
        "registry-push",
    }


@pytest.mark.parametrize(
    ("section", "absent"),
    [
        ("toolchain.data", {"data-check"}),
        ("toolchain.experiments", {"evaluate", "model-pipeline", "package-model"}),
        ("toolchain.signing", {"sign"}),
    ],
)
def test_what_a_tool_is_missing_for_is_left_out(section: str, absent: set[str]) -> None:
    less = changed(DEV, {section: None})
    assert templates(DEV).keys() - templates(less).keys() == absent


def test_a_model_s_pipeline_does_without_versions_of_data() -> None:
    less = templates(changed(DEV, {"toolchain.data": None}))
    assert steps(less["model-pipeline"], "model-pipeline") == ["train", "evaluate", "package"]


def test_every_step_that_is_named_is_there() -> None:
    for environment in (DEV, PROD, UNSIGNED):
        found = templates(environment)
        for spec in found.values():
            own = {each["name"] for each in spec["templates"]}
            for step in (s for each in spec["templates"] for group in each.get("steps", []) for s in group):
                named = step.get("templateRef")
                if named is None:
                    assert step["template"] in own
                else:
                    assert named["template"] in {each["name"] for each in found[named["name"]]["templates"]}
                    assert named["clusterScope"] is True


def test_steps_get_every_parameter_that_has_no_value() -> None:
    for environment in (DEV, PROD):
        found = templates(environment)
        for spec in found.values():
            own = {each["name"]: each for each in spec["templates"]}
            for step in (s for each in spec["templates"] for group in each.get("steps", []) for s in group):
                named = step.get("templateRef")
                everything = (
                    own if named is None else {each["name"]: each for each in found[named["name"]]["templates"]}
                )
                called = everything[step["template"] if named is None else named["template"]]
                asked = {each["name"]: "value" in each for each in called.get("inputs", {}).get("parameters", [])}
                given = {each["name"] for each in step.get("arguments", {}).get("parameters", [])}
                assert {name for name, has_value in asked.items() if not has_value} <= given, step["name"]
                assert given <= asked.keys(), step["name"]


def test_only_the_containers_that_sign_have_the_keys() -> None:
    with_keys = {
        (name, container["name"])
        for name, template in pods(PROD)
        for container in containers(template)
        if KEYS & {each["name"] for each in container.get("env", [])}
    }
    assert with_keys == {("sign/sign", "sign"), ("sign/sign", "main")}


def test_no_step_sees_a_secret_that_it_does_not_need() -> None:
    seen: dict[str, set[str]] = {}
    for name, template in pods(PROD):
        for container in containers(template):
            seen.setdefault(name, set()).update(secrets_seen(template, container))
    assert {name: secrets for name, secrets in seen.items() if secrets} == {
        "build/build": {"registry-push"},
        "scan/scan": {"registry-push"},
        "sign/sign": {"registry-push", "cosign"},
        "data-check/amount": {"lakefs"},
        "data-check/contents": {"lakefs"},
        "train/train": {"lakefs"},
        "evaluate/measure": {"lakefs"},
        "model-pipeline/hand-over": {"model-token"},
        "package-model/package": {"registry-push"},
    }


def test_steps_of_teams_need_no_secret_of_the_builds() -> None:
    """What runs in a team's namespace can have what is there, and the keys are not."""
    there = {"lakefs", "model-token", "argo-workflows-buckets", "registry-pull"}
    for name, template in pods(PROD):
        if name.partition("/")[0] in ("data-check", "train", "evaluate", "model-pipeline"):
            for container in containers(template):
                assert secrets_seen(template, container) <= there, name


def test_all_but_the_build_are_what_a_restricted_namespace_takes() -> None:
    loose = set()
    for name, template in pods(PROD):
        for container in containers(template):
            context = container.get("securityContext", {})
            closed = context == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
            if not closed or "securityContext" in template:
                loose.add(name)
    assert loose == {"build/build"}


def test_a_build_is_root_in_a_user_namespace_alone() -> None:
    template = dict(pods(PROD))["build/build"]
    assert json.loads(template["podSpecPatch"]) == {"hostUsers": False}
    assert builds(PROD, RELEASE).privileged is True


@pytest.mark.parametrize(
    ("uid_map", "builds_there"), [("0 0 4294967295", False), ("0 65536 65536", True), ("0 100000 65536", True)]
)
def test_a_build_ends_where_it_would_be_root_of_the_node(tmp_path: Path, uid_map: str, builds_there: bool) -> None:  # noqa: FBT001
    (text,) = dict(pods(PROD))["build/build"]["container"]["args"]
    (tmp_path / "uid_map").write_text("".join(f"{each:>10} " for each in uid_map.split()) + "\n", encoding="utf-8")
    program = tmp_path / "buildctl-daemonless.sh"
    metadata = '{"containerimage.digest": "sha256:0a"}'
    program.write_text(f"#!/bin/sh\necho '{metadata}' > {tmp_path}/metadata.json\n", encoding="utf-8")
    program.chmod(0o755)
    assert "/proc/self/uid_map" in text
    here = text.replace("/tmp/", f"{tmp_path}/").replace("/proc/self/uid_map", f"{tmp_path}/uid_map")  # noqa: S108
    variables = {"REGISTRY": "r", "REPOSITORY": "t/a", "REVISION": "1", "DOCKERFILE": "D"}
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["sh", "-euc", here]
    done = subprocess.run(command, env={**path, **variables}, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is builds_there, done.stderr
    assert ("would be its root" in done.stderr) is not builds_there
    assert (tmp_path / "image").exists() is builds_there


def test_gpus_are_had_through_queues_alone() -> None:
    (quota,) = [each for each in builds(PROD, RELEASE).after if each["kind"] == "ResourceQuota"]
    assert quota["spec"]["hard"] == {"requests.nvidia.com/gpu": "0"}
    for name in ("train/train", "evaluate/measure"):
        template = dict(pods(PROD))[name]
        assert template["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "{{inputs.parameters.queue}}"}
        assert "nvidia.com/gpu" in template["podSpecPatch"]


def test_every_container_has_limits_and_every_image_a_version() -> None:
    for name, template in pods(PROD):
        for container in containers(template):
            limits = container.get("resources", {}).get("limits", {})
            assert "memory" in limits or "podSpecPatch" in template, name
            image = container["image"]
            pinned = ":" in image.rpartition("/")[2] and not image.endswith(":latest")
            assert pinned or image == "{{inputs.parameters.image}}", name


def test_every_parameter_says_what_it_is() -> None:
    for name, spec in templates(PROD).items():
        asked = [*spec["arguments"]["parameters"]]
        for each in spec["templates"]:
            asked += each.get("inputs", {}).get("parameters", [])
        assert [each["name"] for each in asked if not each.get("description")] == [], name


def test_builds_find_the_proxy_and_go_round_it_to_the_registry() -> None:
    variables = {each["name"]: each.get("value") for each in dict(pods(PROD))["build/build"]["container"]["env"]}
    assert variables["HTTPS_PROXY"] == "http://proxy.example.internal:3128"
    assert ".prod.example.internal" in variables["NO_PROXY"].split(",")
    assert "HTTPS_PROXY" not in {each["name"] for each in dict(pods(DEV))["build/build"]["container"]["env"]}


def test_base_images_come_through_the_registry_where_it_stands_in() -> None:
    (found,) = [each for each in builds(PROD, RELEASE).before if each["metadata"]["name"] == "buildkit"]
    text = found["data"]["buildkitd.toml"]
    assert '[registry."docker.io"]\n  mirrors = ["registry.prod.example.internal/docker.io"]' in text
    scan = {each["name"]: each.get("value") for each in dict(pods(PROD))["scan/scan"]["container"]["env"]}
    assert scan["DATABASE"].startswith("registry.prod.example.internal/ghcr.io/")


def test_programs_of_steps_stand_whole_in_their_templates() -> None:
    amount = dict(pods(PROD))["data-check/amount"]
    assert amount["script"]["source"] == script("data_check.py")
    assert dict(pods(PROD))["evaluate/judge"]["script"]["source"] == script("judge_model.py")


def test_data_that_shrank_or_is_empty_is_refused() -> None:
    before = [(f"images/{number}", 10) for number in range(10)]
    assert problems(before, before, least=1, most_change=50) == []
    assert problems(before[:4], before, least=1, most_change=50) == [
        "4 objects are 60 percent away from the 10 before",
        "40 bytes are 60 percent away from the 100 before",
    ]
    assert problems([], None, least=1, most_change=50) == ["0 objects are there, 1 are wanted"]
    assert problems([("a", 0)], None, least=1, most_change=50) == ["1 objects are empty, the first is a"]


def test_the_same_reference_gives_the_same_samples() -> None:
    found = [(f"images/{number}", 1) for number in range(100)]
    first = drawn(found, 5, "main")
    assert first == drawn(list(reversed(found)), 5, "main")
    assert (len(first), first != drawn(found, 5, "other")) == (5, True)
    assert len(drawn(found, 1000, "main")) == 100


@pytest.mark.parametrize(
    ("value", "threshold", "better", "passed"),
    [
        (0.9, 0.9, "higher", True),
        (0.8, 0.9, "higher", False),
        (0.1, 0.2, "lower", True),
        (0.3, 0.2, "lower", False),
        (float("nan"), 0.2, "lower", False),
        (0.9, 0.1, "faster", False),
    ],
)
def test_a_model_passes_when_its_metric_does(value: float, threshold: float, better: str, passed: bool) -> None:  # noqa: FBT001
    assert passes(value, threshold, better) is passed


def test_what_is_told_of_a_model_is_what_is_read_of_it() -> None:
    assert json.loads(message('a"b', "3")) == {"model": 'a"b', "version": "3"}
