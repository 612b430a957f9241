"""Images that objects name, written out in full."""

from __future__ import annotations

import pytest

from infra.charts.images import forbidden, images_in, read_reference, with_digests, without_digest

DIGEST = "sha256:" + "3" * 64


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause", "3.10", ""),
        ("nginx", "docker.io/library/nginx", "latest", ""),
        ("nvidia/cuda:13", "docker.io/nvidia/cuda", "13", ""),
        ("localhost/a/b", "localhost/a/b", "latest", ""),
        ("registry:5000/a:1", "registry:5000/a", "1", ""),
        ("registry.internal:5000/a", "registry.internal:5000/a", "latest", ""),
        (f"quay.io/cilium/cilium:v1.20.0@{DIGEST}", "quay.io/cilium/cilium", "v1.20.0", DIGEST),
        (f"quay.io/cilium/cilium@{DIGEST}", "quay.io/cilium/cilium", "", DIGEST),
    ],
)
def test_reference_is_written_out(text: str, repository: str, tag: str, digest: str) -> None:
    found = read_reference(text)
    assert (found.repository, found.tag, found.digest) == (repository, tag, digest)
    assert str(found) == (f"{repository}:{tag}" if tag else f"{repository}@{digest}")


def test_images_are_those_of_containers_wherever_pods_are_described() -> None:
    pod = {"containers": [{"image": "a.io/a:1"}, {"name": "none"}], "initContainers": [{"image": "a.io/b:1"}]}
    objects = [
        {"kind": "Pod", "spec": pod},
        {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod | {"volumes": []}}}}}},
        {"kind": "List", "items": [{"spec": {"template": {"spec": {"containers": [{"image": "a.io/c:1"}]}}}}]},
        {"kind": "ClusterPolicy", "spec": {"driver": {"repository": "a.io", "image": "driver", "version": "1"}}},
        {"kind": "CustomResourceDefinition", "spec": {"containers": {"type": "array", "image": {"type": "string"}}}},
        None,
    ]
    assert sorted(map(str, images_in(objects))) == ["a.io/a:1", "a.io/b:1", "a.io/c:1"]


def test_containers_name_the_digests_that_are_known() -> None:
    containers = [{"image": "a.io/a:1"}, {"image": f"a.io/b:1@{DIGEST}"}, {"image": "nginx"}]
    job = {"kind": "Job", "spec": {"template": {"spec": {"containers": containers}}}}
    known = {"a.io/a:1": DIGEST, "a.io/b:1": "sha256:another"}
    images = [each["image"] for each in with_digests(job, known)["spec"]["template"]["spec"]["containers"]]
    assert images == [f"a.io/a:1@{DIGEST}", f"a.io/b:1@{DIGEST}", "nginx"]
    assert with_digests(job, {}) == job
    assert without_digest(job, known) == ["docker.io/library/nginx:latest"]


def test_images_that_nobody_maintains_are_found() -> None:
    images = [read_reference(text) for text in ("bitnami/valkey:8", "docker.io/bitnamilegacy/redis:7", "valkey:8")]
    assert [each.repository for each in forbidden(images)] == [
        "docker.io/bitnami/valkey",
        "docker.io/bitnamilegacy/redis",
    ]
