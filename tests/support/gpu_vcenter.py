"""A simulated vCenter on the loopback address, with GPUs, and machines that are made in it as a plan says."""

from __future__ import annotations

import io
import ssl
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim
from ruamel.yaml import YAML

from infra.catalog import ROOT
from infra.model.gpu_boards import boards
from infra.vsphere.session import VCenter
from rehearsal.certificates import write_certificates
from rehearsal.control import Control

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.gpu.fixed import Seat
    from infra.gpu.need import Need

USER, PASSWORD = "somebody@vsphere.local", "played"
TEMPLATE = {
    "name": "template", "guestId": "ubuntu64Guest", "firmware": "efi", "hardwareVersion": 20, "cpus": 2,
    "memoryMiB": 2048, "diskGiB": 1, "network": "net", "datastore": "store",
}  # fmt: skip
_PCI = vim.vm.device.VirtualPCIPassthrough


def inventory(hosts: list[dict[str, Any]], machines: list[dict[str, Any]]) -> str:
    """Return the simulator's inventory of one cluster, `gpus`, with some hosts and machines of strangers."""
    return inventory_of_clusters([{"name": "gpus", "hosts": hosts}], machines)


def inventory_of_clusters(clusters: list[dict[str, Any]], machines: list[dict[str, Any]]) -> str:
    """Return the simulator's inventory of some clusters, with machines of strangers."""
    datacenter = {
        "name": "dc",
        "clusters": clusters,
        "datastores": [{"name": "store", "capacityGiB": 100000}],
        "networks": [{"name": "net"}],
        "machines": machines,
        "templates": [TEMPLATE],
    }
    text = io.StringIO()
    YAML(typ="safe", pure=True).dump(
        {"vcenter": {"version": "8.0.3", "build": "24022515"}, "datacenters": [datacenter]}, text
    )
    return text.getvalue()


@contextmanager
def vcenter(folder: Path, text: str) -> Iterator[GpuVCenter]:
    """Start a simulated vCenter with an inventory, log in, and end it afterwards."""
    write_certificates(folder, "localhost")
    (folder / "inventory.yaml").write_text(text, encoding="utf-8")
    (folder / "password").write_text(PASSWORD, encoding="ascii")
    options = {
        "inventory": "inventory.yaml", "listen": "127.0.0.1:0", "certificate": "vcenter.pem", "key": "vcenter.key",
        "user": USER, "password-file": "password", "control": f"unix:{folder / 'c.sock'}",
    }  # fmt: skip
    command = [
        str(ROOT / ".tools/bin/vcenter-simulator"),
        *(part for k, v in options.items() for part in (f"--{k}", v)),
    ]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            assert said.startswith("ready "), process.stderr.read() if process.stderr else said
            port = int(said.split(":")[-1].partition("/")[0])
            context = ssl._create_unverified_context()  # noqa: S323 - this machine's own simulator
            instance = SmartConnect(host="127.0.0.1", port=port, user=USER, pwd=PASSWORD, sslContext=context)
            yield GpuVCenter(VCenter("ServiceInstance", instance._stub), Control(folder / "c.sock"))
            Disconnect(instance)
        finally:
            process.terminate()


class GpuVCenter:
    """A simulated vCenter and what a test does in it."""

    def __init__(self, instance: VCenter, control: Control) -> None:
        self.instance = instance
        self.control = control
        index: Any = instance.content.searchIndex
        self._find = index.FindByInventoryPath
        self._folder = self._find("/dc/vm").CreateFolder("ours")

    def make(self, name: str, need: Need, memory_mib: int, seat: Seat | None) -> Any:
        """Make a machine with the GPUs of a need, off; with a seat on its host."""
        cluster = self._find("/dc/host/gpus")
        host = next((each for each in cluster.host if seat and each.name == seat.host), None)
        backings = self._backings(need, seat, cluster, host)
        additions = [
            vim.vm.device.VirtualDeviceSpec(operation="add", device=_PCI(key=-200 - n, backing=backing))
            for n, backing in enumerate(backings)
        ]
        mmio = boards()[need.board].mmio_gib * need.count
        settings = {"pciPassthru.use64bitMMIO": "TRUE", "pciPassthru.64bitMMIOSizeGB": str(mmio)}
        configuration = vim.vm.ConfigSpec(
            memoryMB=memory_mib,
            memoryReservationLockedToMax=True,
            extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in settings.items()],
            deviceChange=additions,
        )
        location = vim.vm.RelocateSpec(
            pool=cluster.resourcePool, datastore=self._find("/dc/datastore/store"), host=host
        )
        spec = vim.vm.CloneSpec(location=location, powerOn=False, template=False, config=configuration)
        task = self._find("/dc/vm/template").CloneVM_Task(self._folder, name, spec)
        WaitForTask(task, si=self.instance)
        return task.info.result

    def power_on(self, machine: Any) -> None:
        """Power a machine on. Raises vSphere's fault."""
        WaitForTask(machine.PowerOnVM_Task(None), si=self.instance)

    def random_order(self, seed: int) -> None:
        """Let vCenter choose at random among the hosts that can take a machine."""
        self.control._send("PUT", "/placement", {"order": "random", "seed": seed})

    def _backings(self, need: Need, seat: Seat | None, cluster: Any, host: Any) -> list[Any]:
        if need.kind == "vgpu":
            return [_PCI.VmiopBackingInfo(vgpu=need.profile) for _ in range(need.count)]
        if seat is None:
            device = int(boards()[need.board].devices[0][0], 16)
            allowed = [_PCI.AllowedDevice(vendorId=0x10DE, deviceId=device)]
            return [
                _PCI.DynamicBackingInfo(deviceName="", allowedDevice=allowed, customLabel=need.label)
                for _ in range(need.count)
            ]
        target = cluster.environmentBrowser.QueryConfigTarget(host)
        known = {info.pciDevice.id: info for info in target.pciPassthrough}
        return [
            _PCI.DeviceBackingInfo(
                deviceName=known[address].pciDevice.deviceName,
                id=address,
                deviceId=f"{known[address].pciDevice.deviceId & 0xFFFF:x}",
                vendorId=known[address].pciDevice.vendorId,
                systemId=known[address].systemId,
            )
            for address in seat.devices
        ]
