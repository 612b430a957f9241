"""What the compute layer registers, seen through Pulumi's mocks: the options that keep a living node alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime import Mocks, mocks

from infra.compute.plan import plan_compute
from infra.errors import MissingConfig
from infra.vsphere.provider.identity_kind import ClusterIdentity
from infra.vsphere.provider.kinds import Login
from tests.support.environments import DEV, PROD, RELEASE

if TYPE_CHECKING:
    from infra.model.environment import Environment

IDENTITY = ClusterIdentity().create(Login("", "", ""), {"cluster": "dev", "address": "10.20.0.5"}, "urn").properties
LOGIN = {"vsphere:user": "somebody@vsphere.local", "vsphere:password": "canary-in-a-test"}


class Recorder(Mocks):
    """Answers every resource and data source, and keeps what was asked for."""

    def __init__(self) -> None:
        self.resources: list[mocks.MockResourceArgs] = []
        self.lookups: list[str] = []
        self.requests: dict[str, Any] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(args)
        made = IDENTITY if args.typ.endswith(":ClusterIdentity") else {}
        return f"{args.name}-id", {**args.inputs, "uuid": f"{args.name}-uuid", **made}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        self.lookups.append(f"{args.token.rpartition(':')[2]} {args.args['name']}")
        return {**args.args, "id": f"{args.args['name']}-id", "resourcePoolId": "root-pool-id"}


class Monitor(mocks.MockMonitor):
    """A monitor that also keeps the requests: the options of a resource are there alone."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        self.recorder.requests[f"{request.type.rpartition(':')[2]} {request.name}"] = request
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


@pytest.fixture
def recorder() -> Recorder:
    made = Recorder()
    pulumi.runtime.set_mocks(made, project="slipway", stack="dev.compute", monitor=Monitor(made))
    pulumi.runtime.set_all_config(dict(LOGIN))
    return made


def built(environment: Environment = DEV) -> Any:
    """Build the layer of an environment and return its outputs, with everything registered."""
    from infra.compute.layer import build  # noqa: PLC0415 - after the mocks are in place

    handover = build(environment, RELEASE, None)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def settle() -> Any:
        return pulumi.Output.all(*(node.uuid for node in handover.nodes))

    settle()
    return handover


def made(recorder: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """Return the inputs of all resources of a kind, by name."""
    return {args.name: args.inputs for args in recorder.resources if args.typ.rpartition(":")[2] == kind}


def test_machines_are_those_of_the_plan_with_their_sizes(recorder: Recorder) -> None:
    handover = built()
    planned = {node.name: pool for pool in plan_compute(DEV, RELEASE).pools for node in pool.nodes}
    machines = made(recorder, "VirtualMachine")
    assert {name: (inputs["numCpus"], inputs["memory"]) for name, inputs in machines.items()} == {
        name: (pool.cpus, pool.memory_mib) for name, pool in planned.items()
    }
    assert [(node.name, node.pool, node.address) for node in handover.nodes] == [
        ("dev-control-plane-1", "control-plane", "10.20.0.10"),
        ("dev-cpu-1", "cpu", "10.20.0.20"),
        ("dev-cpu-2", "cpu", "10.20.0.21"),
    ]


def test_settings_that_would_otherwise_differ_in_every_preview_are_explicit(recorder: Recorder) -> None:
    built()
    for inputs in made(recorder, "VirtualMachine").values():
        explicit = {name: inputs[name] for name in ("eptRviMode", "hvMode", "swapPlacementPolicy")}
        assert explicit == {"eptRviMode": "automatic", "hvMode": "hvAuto", "swapPlacementPolicy": "inherit"}
        assert inputs["enableDiskUuid"] is True
        assert inputs["firmware"] == "efi"
        assert (inputs["waitForGuestNetTimeout"], inputs["waitForGuestIpTimeout"]) == (0, 0)


def test_living_nodes_keep_what_they_were_booted_with_and_roll_delete_first(recorder: Recorder) -> None:
    built()
    triggers = {node.name: p.roll_trigger for p in plan_compute(DEV, RELEASE).pools for node in p.nodes}
    for name, trigger in triggers.items():
        request = recorder.requests[f"VirtualMachine {name}"]
        assert list(request.ignoreChanges) == [
            'extraConfig["guestinfo.metadata"]',
            'extraConfig["guestinfo.metadata.encoding"]',
            'extraConfig["guestinfo.userdata"]',
            'extraConfig["guestinfo.userdata.encoding"]',
            'extraConfig["guestinfo.slipway.identity"]',
            "clone.templateUuid",
        ]
        assert request.deleteBeforeReplace
        assert request.replacement_trigger.string_value == trigger


def test_every_place_of_the_document_is_looked_up_once(recorder: Recorder) -> None:
    built()
    assert sorted(recorder.lookups) == [
        "getComputeCluster cluster-01",
        "getDatacenter dc-01",
        "getDatastore datastore-01",
        "getNetwork vm-network",
        "getVirtualMachine ubuntu-24.04-kubernetes-1.36.3-1",
    ]


def test_prod_uses_what_its_document_names(recorder: Recorder) -> None:
    built(PROD)
    assert sorted(recorder.lookups) == [
        "getComputeCluster general-01",
        "getComputeCluster gpu-01",
        "getComputeCluster storage-01",
        "getDatacenter dc-prod",
        "getDatastoreCluster nvme-01",
        "getDistributedVirtualSwitch dvs-prod",
        "getHost esx-21.prod.example.internal",
        "getHost esx-22.prod.example.internal",
        "getPolicy gold",
        "getVirtualMachine templates/ubuntu-24.04-kubernetes-1.36.3-1",
    ]
    assert set(made(recorder, "ResourcePool")) == {"general-01", "gpu-01", "storage-01"}
    assert made(recorder, "DistributedPortGroup")["slipway-prod"]["vlanId"] == 2030
    machine = made(recorder, "VirtualMachine")["prod-data-2"]
    assert (machine["datastoreClusterId"], machine["storagePolicyId"]) == ("nvme-01-id", "gold-id")
    assert "datastoreId" not in machine
    assert machine["resourcePoolId"] == "storage-01-id"
    assert machine["networkInterfaces"][0]["networkId"] == "slipway-prod-id"
    assert [(disk["label"], disk["unitNumber"], disk["storagePolicyId"]) for disk in machine["disks"]] == [
        ("disk0", 0, "gold-id"),
        ("objects", 1, "gold-id"),
    ]


def test_nodes_that_shall_stay_apart_have_a_rule_in_their_cluster(recorder: Recorder) -> None:
    built(PROD)
    rules = made(recorder, "ComputeClusterVmAntiAffinityRule")
    assert {name: (rule["computeClusterId"], rule["mandatory"]) for name, rule in rules.items()} == {
        "prod-control-plane": ("general-01-id", True),
        "prod-cpu": ("general-01-id", False),
        "prod-data": ("storage-01-id", True),
    }
    assert rules["prod-control-plane"]["virtualMachineIds"] == [f"prod-control-plane-{n}-id" for n in (1, 2, 3)]


def test_protected_pools_and_nodes_can_not_go_and_their_machines_can_be_made_anew(recorder: Recorder) -> None:
    built(PROD)
    protected = {name for name, request in recorder.requests.items() if request.protect}
    assert protected == {
        *("NodePool control-plane", "NodePool data"),
        *(f"Node prod-{pool}-{number}" for pool in ("control-plane", "data") for number in (1, 2, 3)),
    }


def test_gpus_come_to_nodes_as_the_placement_says(recorder: Recorder) -> None:
    built(PROD)
    machines = made(recorder, "VirtualMachine")
    pinned = machines["prod-training-2"]
    assert pinned["hostSystemId"] == "esx-22.prod.example.internal-id"
    assert pinned["pciDeviceIds"] == ["0000:5e:00.0", "0000:af:00.0"]
    shared = machines["prod-inference-1"]
    assert shared["clone"] == {"templateUuid": "inference-gpus-uuid"}
    assert "pciDeviceIds" not in shared
    for machine in (pinned, shared):
        assert machine["memoryReservation"] == machine["memory"]
        assert machine["memoryReservationLockedToMax"] is True
        assert machine["extraConfig"]["pciPassthru.use64bitMMIO"] == "TRUE"
    assert pinned["extraConfig"]["pciPassthru.64bitMMIOSizeGB"] == "512"
    assert shared["extraConfig"]["pciPassthru.64bitMMIOSizeGB"] == "256"
    assert set(made(recorder, "DrsVmOverride")) == {"prod-training-1", "prod-training-2"}
    templates = made(recorder, "GpuTemplate")
    assert {name: template["devices"] for name, template in templates.items()} == {
        "inference-gpus": [{"kind": "vgpu", "profile": "nvidia_h100-20c"}],
        "notebooks-gpus": [{"kind": "vgpu", "profile": "grid_a100d-2-20c"}],
    }
    assert "memoryReservation" not in machines["prod-cpu-1"]


@pytest.mark.parametrize("key", sorted(LOGIN))
def test_missing_login_is_named_with_its_command(recorder: Recorder, key: str) -> None:
    pulumi.runtime.set_all_config({name: LOGIN[name] for name in LOGIN if name != key})
    with pytest.raises(MissingConfig, match=f"{key}: not set; run: pulumi config set .*{key}"):
        built()
    assert recorder.resources == []
