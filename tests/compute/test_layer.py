"""What the compute layer registers, seen through Pulumi's mocks: the options that keep a living node alive."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.runtime import Mocks, mocks

from infra.catalog import Catalog
from infra.compute.plan import plan_compute
from infra.errors import MissingConfig

MACHINE = "vsphere:index/virtualMachine:VirtualMachine"
LOGIN = {"vsphere:user": "somebody@vsphere.local", "vsphere:password": "canary-in-a-test"}


class Recorder(Mocks):
    """Answers every resource and data source, and keeps what was asked for."""

    def __init__(self) -> None:
        self.resources: list[mocks.MockResourceArgs] = []
        self.lookups: list[str] = []
        self.requests: dict[str, Any] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(args)
        return f"{args.name}-id", {**args.inputs, "uuid": f"{args.name}-uuid"}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        self.lookups.append(f"{args.token.rpartition(':')[2]} {args.args['name']}")
        return {**args.args, "id": f"{args.args['name']}-id", "resourcePoolId": "root-pool-id"}


class Monitor(mocks.MockMonitor):
    """A monitor that also keeps the requests: the options of a resource are there alone."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.type == MACHINE:
            self.recorder.requests[request.name] = request
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


@pytest.fixture
def recorder() -> Recorder:
    made = Recorder()
    pulumi.runtime.set_mocks(made, project="slipway", stack="dev.compute", monitor=Monitor(made))
    pulumi.runtime.set_all_config(dict(LOGIN))
    return made


def built() -> Any:
    """Build the layer of dev and return its outputs, with everything registered."""
    from infra.compute.layer import build  # noqa: PLC0415 - after the mocks are in place

    environment, release = Catalog().load("dev")
    handover = build(environment, release, None)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def settle() -> Any:
        return pulumi.Output.all(*(node.uuid for node in handover.nodes))

    settle()
    return handover


def test_machines_are_those_of_the_plan_with_their_sizes(recorder: Recorder) -> None:
    handover = built()
    environment, release = Catalog().load("dev")
    planned = {node.name: pool for pool in plan_compute(environment, release).pools for node in pool.nodes}
    machines = {args.name: args.inputs for args in recorder.resources if args.typ == MACHINE}
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
    for args in recorder.resources:
        if args.typ == MACHINE:
            explicit = {name: args.inputs[name] for name in ("eptRviMode", "hvMode", "swapPlacementPolicy")}
            assert explicit == {"eptRviMode": "automatic", "hvMode": "hvAuto", "swapPlacementPolicy": "inherit"}
            assert args.inputs["enableDiskUuid"] is True
            assert args.inputs["firmware"] == "efi"
            assert (args.inputs["waitForGuestNetTimeout"], args.inputs["waitForGuestIpTimeout"]) == (0, 0)


def test_living_nodes_keep_what_they_were_booted_with_and_roll_delete_first(recorder: Recorder) -> None:
    built()
    environment, release = Catalog().load("dev")
    triggers = {node.name: p.roll_trigger for p in plan_compute(environment, release).pools for node in p.nodes}
    for name, request in recorder.requests.items():
        assert list(request.ignoreChanges) == [
            'extraConfig["guestinfo.metadata"]',
            'extraConfig["guestinfo.metadata.encoding"]',
            'extraConfig["guestinfo.userdata"]',
            'extraConfig["guestinfo.userdata.encoding"]',
            "clone.templateUuid",
        ]
        assert request.deleteBeforeReplace
        assert request.replacement_trigger.string_value == triggers[name]
    assert set(recorder.requests) == set(triggers)


def test_every_place_of_the_document_is_looked_up_once(recorder: Recorder) -> None:
    built()
    assert sorted(recorder.lookups) == [
        "getComputeCluster cluster-01",
        "getDatacenter dc-01",
        "getDatastore datastore-01",
        "getNetwork vm-network",
        "getVirtualMachine ubuntu-24.04-kubernetes-2026.11.0",
    ]


@pytest.mark.parametrize("key", sorted(LOGIN))
def test_missing_login_is_named_with_its_command(recorder: Recorder, key: str) -> None:
    pulumi.runtime.set_all_config({name: LOGIN[name] for name in LOGIN if name != key})
    with pytest.raises(MissingConfig, match=f"{key}: not set; run: pulumi config set .*{key}"):
        built()
    assert recorder.resources == []
