"""A vSphere plugin under test: its resource kinds as objects with inputs, state and identifier."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.catalog import ROOT
from rehearsal.layout import VCENTER_ADDRESS, VCENTER_USER
from rehearsal.plugin import EXECUTABLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rehearsal.session import Rehearsal

MACHINE = "vsphere:index/virtualMachine:VirtualMachine"
FOLDER = "vsphere:index/folder:Folder"
POOL = "vsphere:index/resourcePool:ResourcePool"
CATEGORY = "vsphere:index/tagCategory:TagCategory"
TAG = "vsphere:index/tag:Tag"
PORT_GROUP = "vsphere:index/distributedPortGroup:DistributedPortGroup"
OVERRIDE = "vsphere:index/drsVmOverride:DrsVmOverride"
GPU_TEMPLATE = "slipway:index:GpuTemplate"
RULE = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"


def server_of(rehearsal: Rehearsal) -> str:
    """Return the name by which the simulated vCenter is known inside a rehearsal."""
    lines = rehearsal.layout.hosts_file.read_text(encoding="utf-8").splitlines()
    return next(line.split()[1] for line in lines if line.startswith(VCENTER_ADDRESS))


class PluginFailed(Exception):
    """A call that a plugin refused; `answer` has its words, and what was half-made."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["error"])
        self.answer = answer


@dataclass
class Resource:
    """A resource as an engine would have it in its state."""

    token: str
    name: str
    inputs: dict[str, Any]
    id: str = ""
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::slipway::{self.token}::{self.name}"


class Plugin:
    """One running plugin, configured for the rehearsal's vCenter: its vSphere plugin, or another executable."""

    def __init__(self, rehearsal: Rehearsal, executable: Path | None = None) -> None:
        executable = executable or rehearsal.plugin.folder / EXECUTABLE
        command = [sys.executable, "-m", "tests.support.plugin_driver", str(executable)]
        variables = {"PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        self.process = rehearsal.popen(command, env=variables, stdin=pipe, stdout=pipe)
        self.kind = rehearsal.plugin.kind

    def configure(self, server: str, password: str) -> None:
        inputs = {"vsphereServer": server, "user": VCENTER_USER, "password": password, "allowUnverifiedSsl": False}
        self.configure_with("vsphere", inputs)

    def configure_with(self, package: str, inputs: dict[str, Any]) -> None:
        self.call("configure", urn=f"urn:pulumi:test::slipway::pulumi:providers:{package}::vcenter", inputs=inputs)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        self.begin(name, **arguments)
        return self.answer()

    def begin(self, name: str, **arguments: Any) -> None:
        """Ask something without waiting for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"call": name, **arguments}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for the answer to what was asked last."""
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise PluginFailed(answer)
        return answer

    def invoke(self, function: str, **inputs: Any) -> dict[str, Any]:
        token = f"vsphere:index/{function}:{function}"
        outputs: dict[str, Any] = self.call("invoke", token=token, inputs=inputs)["outputs"]
        return outputs

    def check(self, resource: Resource, inputs: dict[str, Any]) -> dict[str, str]:
        failures: dict[str, str] = self.call("check", urn=resource.urn, inputs=inputs)["failures"]
        return failures

    def create(self, token: str, name: str, inputs: dict[str, Any], *, preview: bool = False) -> Resource:
        made = Resource(token, name, inputs)
        made.inputs = self.call("check", urn=made.urn, inputs=inputs)["inputs"]
        answer = self.call("create", urn=made.urn, inputs=made.inputs, preview=preview)
        made.id, made.state = answer["id"], answer["state"]
        return made

    def diff(self, resource: Resource, inputs: dict[str, Any], *, ignored: Sequence[str] = ()) -> dict[str, Any]:
        news = self.call("check", urn=resource.urn, old=resource.inputs, inputs=inputs)["inputs"]
        return self.call("diff", **self._known(resource), inputs=news, ignored=list(ignored))

    def update(self, resource: Resource, inputs: dict[str, Any]) -> None:
        news = self.call("check", urn=resource.urn, old=resource.inputs, inputs=inputs)["inputs"]
        resource.state = self.call("update", **self._known(resource), inputs=news)["state"]
        resource.inputs = news

    def refresh(self, resource: Resource) -> dict[str, Any]:
        return self.call("read", **self._known(resource))

    def import_(self, token: str, identifier: str) -> dict[str, Any]:
        return self.call("read", urn=Resource(token, "imported", {}).urn, id=identifier)

    def delete(self, resource: Resource) -> None:
        self.call("delete", **self._known(resource))

    def _known(self, resource: Resource) -> dict[str, Any]:
        return {"id": resource.id, "urn": resource.urn, "state": resource.state, "old": resource.inputs}
