"""The whole cluster of dev: ready nodes with GPUs, quotas, settings that follow the document, killed runs, the end."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from infra.components.secrets_mark import ANNOTATION as SECRETS_MARK
from rehearsal.observe_cluster import GPU
from rehearsal.session import rehearsing, slipway_command
from tests.support.commands import slipway
from tests.support.killing import kill_when_pending
from tests.support.kubernetes import Kubernetes, observed_nodes
from tests.support.plugin_vcenter import behind_the_back
from tests.support.reports import steady
from tests.support.state import in_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
PODS = "/api/v1/namespaces/default/pods"
LICENCE, LDAP_PASSWORD = "slipway:vgpuLicenceToken", "slipway:ldapPassword"
CHANGES = 4  # the exit code of a review that found some
TOLERATION = {"key": GPU, "operator": "Exists"}


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    checkout.with_gpus("dev")
    with rehearsing("dev", root=checkout.root, boot=True) as started:
        yield started


@pytest.fixture(scope="module")
def api(rehearsal: Rehearsal) -> Kubernetes:
    return Kubernetes(rehearsal, "dev")


def gpu_pod(name: str, count: int) -> dict[str, Any]:
    container = {"name": "work", "image": "work.example.internal/played:1", "resources": {"limits": {GPU: str(count)}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], "tolerations": [TOLERATION]},
    }


def state(rehearsal: Rehearsal) -> dict[str, Any]:
    done = rehearsal.run(["pulumi", "stack", "export", "-s", "dev.cluster"])
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_dev_from_nothing_to_a_cluster_and_back(
    checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes, golden: Callable[[str, str], None]
) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    what_is_missing_is_said_before_machines_are_made(rehearsal)
    a_layer_says_what_it_stands_on(rehearsal)
    a_killed_run_is_taken_up_again(rehearsal)
    every_node_is_ready_and_offers_its_gpus(rehearsal)
    pods_with_gpus_go_where_the_gpus_are(api)
    the_document_is_what_the_cluster_has(rehearsal, api)
    pods_follow_a_secret_that_changes(checkout, rehearsal, api, golden)
    a_change_of_labels_and_taints_touches_them_alone(checkout, rehearsal, api)
    the_bootstrap_token_is_renewed_without_touching_a_node(rehearsal, api)
    a_component_that_is_switched_off_goes(checkout, rehearsal, api)
    a_cluster_that_is_made_anew_gets_all_that_the_one_before_had(checkout, rehearsal)
    plain_pulumi_does_the_same(rehearsal)
    a_gpu_that_is_taken_from_its_machine_is_offered_no_more(rehearsal, api)
    a_layer_whose_machines_have_gone_is_not_stuck(rehearsal)


def what_is_missing_is_said_before_machines_are_made(rehearsal: Rehearsal) -> None:
    stack = ["-s", "dev.cluster", "--non-interactive"]
    assert rehearsal.run(["pulumi", "config", "rm", LICENCE, *stack]).returncode == 0
    assert slipway(rehearsal, "up", "dev", "--yes", code=2) == (
        f"stacks/Pulumi.dev.cluster.yaml: {LICENCE}: not set (NVIDIA's client configuration token, which vGPUs are "
        f"licensed with); run: pulumi config set --secret {LICENCE} -s dev.cluster\n"
    )
    assert in_folder(rehearsal) == []
    assert "1 to mend before `./slipway up dev`" in slipway(rehearsal, "doctor", "dev", code=2)
    assert rehearsal.run(["pulumi", "config", "set", "--secret", LICENCE, "played", *stack]).returncode == 0


def a_layer_says_what_it_stands_on(rehearsal: Rehearsal) -> None:
    missing = "dev.cluster: dev.compute has handed nothing over yet; run: ./slipway up dev"
    assert slipway(rehearsal, "preview", "dev", "cluster", code=2) == f"{missing}\n"
    assert slipway(rehearsal, "up", "dev", "cluster", "--yes", code=2) == f"{missing}\n"
    assert f"{missing} (a preview of it needs the cluster's API)" in slipway(rehearsal, "preview", "dev")


def a_killed_run_is_taken_up_again(rehearsal: Rehearsal) -> None:
    """The engine is killed in the middle of the cluster layer; the next run ends right."""
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    run = rehearsal.popen(
        slipway_command("up", "dev", "cluster", "--yes"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert run.stdout is not None
    for line in run.stdout:
        if "cert-manager" in line and "Deployment" in line and "creating" in line:
            break
    kill_when_pending(run, rehearsal, "dev.cluster")
    said = slipway(rehearsal, "up", "dev", "--yes")
    assert "dev.cluster: a killed run was at work on " in said
    assert not state(rehearsal)["deployment"].get("pending_operations")
    slipway(rehearsal, "preview", "dev", "--expect-no-changes")


def every_node_is_ready_and_offers_its_gpus(rehearsal: Rehearsal) -> None:
    nodes = observed_nodes(rehearsal, "dev")
    assert {name: (node["condition"], node["gpus"]) for name, node in nodes.items()} == {
        "dev-control-plane-1": ("yes", 0),
        "dev-cpu-1": ("yes", 0),
        "dev-cpu-2": ("yes", 0),
        "dev-gpu-1": ("yes", 1),
    }


def pods_with_gpus_go_where_the_gpus_are(api: Kubernetes) -> None:
    api.ask(("create", PODS, gpu_pod("fits", 1)), ("create", PODS, gpu_pod("too-many", 2)))
    fits = api.until(f"{PODS}/fits", lambda pod: pod["status"]["phase"] == "Running")
    assert fits["spec"]["nodeName"] == "dev-gpu-1"
    waiting = api.until(f"{PODS}/too-many", lambda pod: bool(pod["status"].get("conditions")))
    assert waiting["status"]["phase"] == "Pending"
    assert f"Insufficient {GPU}" in waiting["status"]["conditions"][0]["message"]
    api.ask(("delete", f"{PODS}/fits", None), ("delete", f"{PODS}/too-many", None))


def the_document_is_what_the_cluster_has(rehearsal: Rehearsal, api: Kubernetes) -> None:
    node, queue, local, storage, gateway, quota, secret = api.ask(
        ("get", "/api/v1/nodes/dev-gpu-1", None),
        ("get", "/apis/kueue.x-k8s.io/v1beta2/clusterqueues/research", None),
        ("get", "/apis/kueue.x-k8s.io/v1beta2/namespaces/research/localqueues/team", None),
        ("get", "/apis/storage.k8s.io/v1/storageclasses/standard", None),
        ("get", "/apis/gateway.networking.k8s.io/v1/namespaces/envoy-gateway-system/gateways/public", None),
        ("get", "/api/v1/namespaces/research/resourcequotas/team", None),
        ("get", "/api/v1/namespaces/envoy-gateway-system/secrets/envoy-oidc-hmac", None),
    )
    assert node["metadata"]["labels"]["slipway.dev/gpu"] == "l4-1of4"
    assert {"key": GPU, "value": "present", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert node["spec"]["providerID"].startswith("vsphere://")
    groups = queue["spec"]["resourceGroups"]
    assert [flavor["name"] for group in groups for flavor in group["flavors"]] == ["no-gpu", "l4-1of4"]
    assert str(groups[1]["flavors"][0]["resources"][0]["nominalQuota"]) == "1"
    assert local["spec"]["clusterQueue"] == "research"
    assert storage["parameters"]["storagepolicyname"] == "standard"
    assert gateway["spec"]["listeners"][1]["hostname"] == "*.apps.dev.example.internal"
    assert quota["spec"]["hard"] == {"requests.cpu": "8", "requests.memory": "24Gi"}
    assert set(secret["data"]) == {"hmac-secret"}
    done = rehearsal.run(["pulumi", "stack", "output", "handover", "--json", "-s", "dev.cluster"])
    handed = json.loads(done.stdout)
    assert handed["kubeconfig"] == "[secret]"
    assert (handed["api"], handed["kubernetes"]) == ("https://10.20.0.5:6443", "v1.36.3")
    assert handed["gpus"]["l4-1of4"] == {
        "resource": GPU,
        "flavor": "l4-1of4",
        "node_label": "slipway.dev/gpu",
        "count": 1,
        "nodes": 1,
    }


def pods_follow_a_secret_that_changes(
    checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes, golden: Callable[[str, str], None]
) -> None:
    deployment = "/apis/apps/v1/namespaces/dex/deployments/dex"
    before = api.get(deployment)["spec"]["template"]
    checkout.commit()
    stack = ["-s", "dev.cluster", "--non-interactive"]
    assert rehearsal.run(["pulumi", "config", "set", "--secret", LDAP_PASSWORD, "another", *stack]).returncode == 0
    golden("review/real/rotated-secret.md", steady(slipway(rehearsal, "review", "dev", code=CHANGES)))
    slipway(rehearsal, "up", "dev", "--yes")
    after = api.get(deployment)["spec"]["template"]
    assert after["metadata"]["annotations"][SECRETS_MARK] != before["metadata"]["annotations"][SECRETS_MARK]
    assert {**after, "metadata": {}} == {**before, "metadata": {}}
    slipway(rehearsal, "preview", "dev", "--expect-no-changes")


def a_change_of_labels_and_taints_touches_them_alone(checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes) -> None:
    pool = "    addresses: 10.20.0.20-10.20.0.39\n"
    taints = "    taints: [{key: example.com/batch, effect: PreferNoSchedule}]\n"
    checkout.replace((pool, f"{pool}    labels: {{example.com/tier: batch}}\n{taints}"))
    before = api.get("/api/v1/nodes/dev-cpu-1")
    said = slipway(rehearsal, "up", "dev", "--yes")
    assert "2 updated" in said
    after = api.get("/api/v1/nodes/dev-cpu-1")
    assert after["metadata"]["labels"] == {**before["metadata"]["labels"], "example.com/tier": "batch"}
    assert {"key": "example.com/batch", "effect": "PreferNoSchedule"} in after["spec"]["taints"]
    checkout.with_gpus("dev")
    slipway(rehearsal, "up", "dev", "--yes")
    restored = api.get("/api/v1/nodes/dev-cpu-1")
    assert restored["metadata"]["labels"] == before["metadata"]["labels"]
    assert restored["spec"].get("taints", []) == before["spec"].get("taints", [])


def the_bootstrap_token_is_renewed_without_touching_a_node(rehearsal: Rehearsal, api: Kubernetes) -> None:
    """The state says that it has ended: the next run renews it before anything else."""
    exported = state(rehearsal)
    token = next(e for e in exported["deployment"]["resources"] if e["type"] == "slipway:index:BootstrapToken")
    token["outputs"]["expires"] = "2020-01-01T00:00:00+00:00"
    done = rehearsal.run(["pulumi", "stack", "import", "-s", "dev.cluster"], stdin=json.dumps(exported))
    assert done.returncode == 0, done.stderr
    said = slipway(rehearsal, "up", "dev", "--yes")
    assert "dev.cluster: the token that machines join with has ended; renewing it first" in said
    assert "dev-cpu-1" not in said.partition("Updating (dev.compute)")[0]
    secrets = api.get("/api/v1/namespaces/kube-system/secrets?fieldSelector=type=bootstrap.kubernetes.io/token")
    assert len(secrets["items"]) == 1
    slipway(rehearsal, "preview", "dev", "--expect-no-changes")


def a_component_that_is_switched_off_goes(checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes) -> None:
    checkout.replace(("cluster:\n", "cluster:\n  metrics: false\n"))
    slipway(rehearsal, "up", "dev", "cluster", "--yes")
    assert api.get("/apis/apps/v1/namespaces/kube-system/deployments/metrics-server") is None
    checkout.with_gpus("dev")
    slipway(rehearsal, "up", "dev", "cluster", "--yes")
    assert api.get("/apis/apps/v1/namespaces/kube-system/deployments/metrics-server") is not None


def a_cluster_that_is_made_anew_gets_all_that_the_one_before_had(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """The new one has the keys of the old one: nothing but its own identifier tells that it is empty."""
    checkout.replace(("user: ops", "user: admin"))
    said = slipway(rehearsal, "up", "dev", "--yes", "--lose-cluster")
    assert "dev.cluster: its cluster was made anew; what is recorded of the one before is forgotten" in said
    every_node_is_ready_and_offers_its_gpus(rehearsal)
    slipway(rehearsal, "preview", "dev", "--expect-no-changes")


def plain_pulumi_does_the_same(rehearsal: Rehearsal) -> None:
    stack = ["-s", "dev.cluster", "--non-interactive"]
    for command in (
        ["pulumi", "preview", "--expect-no-changes", *stack],
        ["pulumi", "refresh", "--yes", "--expect-no-changes", *stack],
    ):
        done = rehearsal.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def a_gpu_that_is_taken_from_its_machine_is_offered_no_more(rehearsal: Rehearsal, api: Kubernetes) -> None:
    for action in ("power_off", "drop_gpus", "power_on"):
        behind_the_back(rehearsal, action, "/dc-01/vm/slipway-dev/dev-gpu-1")
    api.until("/api/v1/nodes/dev-gpu-1", lambda node: node["status"]["allocatable"].get(GPU, "0") == "0")
    done = rehearsal.run(["pulumi", "refresh", "--preview-only", "--diff", "-s", "dev.cluster", "--non-interactive"])
    assert done.returncode == 0, done.stderr
    assert "~ count: 1 => 0" in done.stdout, done.stdout


def a_layer_whose_machines_have_gone_is_not_stuck(rehearsal: Rehearsal) -> None:
    done = rehearsal.run(["pulumi", "destroy", "--yes", "-s", "dev.compute", "--non-interactive"])
    assert done.returncode == 0, done.stdout + done.stderr
    said = slipway(rehearsal, "destroy", "dev", "--yes")
    assert "dev.cluster: its cluster has gone with its machines; the record of " in said
    assert not state(rehearsal)["deployment"].get("resources")
