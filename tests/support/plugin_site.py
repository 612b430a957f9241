"""What the conformance suite stands on: a rehearsal with its own inventory, a plugin, and a place for machines."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.catalog import ROOT
from rehearsal.session import rehearsing
from tests.support.plugin import CATEGORY, FOLDER, MACHINE, POOL, TAG, Plugin, Resource, server_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

TEMPLATE = "ubuntu"
_GLOBAL = ("getDatacenter", "getPolicy")
_LOOKED_UP = {
    "DATASTORE": ("getDatastore", "datastore-01"),
    "OTHER_DATASTORE": ("getDatastore", "datastore-02"),
    "STORAGE_CLUSTER": ("getDatastoreCluster", "pod-01"),
    "OTHER_STORAGE_CLUSTER": ("getDatastoreCluster", "pod-02"),
    "NETWORK": ("getNetwork", "vm-network"),
    "PORT_GROUP": ("getNetwork", "machines"),
    "CLUSTER": ("getComputeCluster", "cluster-01"),
    "OTHER_CLUSTER": ("getComputeCluster", "cluster-02"),
    "HOST": ("getHost", "esx-01.dev.example.internal"),
    "OTHER_HOST": ("getHost", "esx-02.dev.example.internal"),
    "HOST_WITHOUT_GPUS": ("getHost", "esx-03.dev.example.internal"),
    "SWITCH": ("getDistributedVirtualSwitch", "dvs-01"),
    "OTHER_SWITCH": ("getDistributedVirtualSwitch", "dvs-02"),
    "TEMPLATE": ("getVirtualMachine", TEMPLATE),
    "OTHER_TEMPLATE": ("getVirtualMachine", "templates/linux/ubuntu-golden"),
    "POLICY_GOLD": ("getPolicy", "gold"),
    "POLICY_SILVER": ("getPolicy", "silver"),
}
_INVENTORIES = ROOT / "tests" / "rehearsal"
_INVENTORY = "conformance_inventory.yaml"
GPU_INVENTORY = "conformance_gpu_inventory.yaml"


@dataclass(frozen=True)
class Site:
    """A plugin and what the suite's machines stand on; `known` are identifiers behind names of the tables."""

    plugin: Plugin
    rehearsal: Rehearsal
    datacenter: str
    folder: Resource
    template: dict[str, Any]
    known: dict[str, str]

    @property
    def base(self) -> dict[str, Any]:
        """Inputs of the suite's machine."""
        found: dict[str, Any] = self.filled(self.template)
        return found

    def identifier(self, name: str) -> str:
        """Return the identifier behind a name of the tables."""
        if name not in self.known:
            function, wanted = _LOOKED_UP[name]
            self.known[name] = self.look_up(function, wanted)["id"]
        return self.known[name]

    def look_up(self, function: str, name: str) -> dict[str, Any]:
        """Return what a data source says of a name in the suite's datacenter."""
        place = {} if function in _GLOBAL else {"datacenterId": self.datacenter}
        return self.plugin.invoke(function, name=name, **place)

    def machine(self, **changes: Any) -> Resource:
        """Create the suite's machine with some inputs changed."""
        return self.plugin.create(MACHINE, changes.get("name", "machine"), self.changed(changes))

    def changed(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Return the base machine's inputs with changes; None takes an input away."""
        wanted = {**self.template, **changes}
        return {name: self.filled(value) for name, value in wanted.items() if value is not None}

    def filled(self, value: Any) -> Any:
        """Put identifiers in the place of their names."""
        if isinstance(value, dict):
            return {key: self.filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part) for part in value]
        known = isinstance(value, str) and (value in self.known or value in _LOOKED_UP)
        return self.identifier(value) if known else value

    def assert_quiet(self, made: Resource, wanted: dict[str, Any]) -> None:
        """Assert that neither the recorded state nor a refreshed one differs from the inputs."""
        assert not self.plugin.diff(made, wanted)["changes"], "a second run is not quiet"
        refreshed = self.plugin.refresh(made)
        assert refreshed["id"] == made.id
        again = Resource(made.token, made.name, made.inputs, made.id, refreshed["state"])
        assert not self.plugin.diff(again, wanted)["changes"], "a run after a refresh is not quiet"


@contextmanager
def conformance_site(checkout: Checkout, inventory: str = _INVENTORY) -> Iterator[Site]:
    """Start a rehearsal of the checkout with the suite's inventory, or another one of it, and yield the site in it."""
    committed = (checkout.root / "rehearsal" / "inventories").glob("*.yaml")
    replaced = [file for file in committed if "dc-01" in file.read_text(encoding="utf-8")]
    assert replaced, "no committed inventory names dc-01"
    for file in replaced:
        shutil.copy(_INVENTORIES / inventory, file)
    with rehearsing("dev", root=checkout.root) as rehearsal:
        plugin = Plugin(rehearsal)
        plugin.configure(server_of(rehearsal), rehearsal.layout.password_file.read_text(encoding="ascii"))
        yield _site(plugin, rehearsal)
        plugin.end()


def _site(plugin: Plugin, rehearsal: Rehearsal) -> Site:
    datacenter = plugin.invoke("getDatacenter", name="dc-01")["id"]
    place = {"datacenterId": datacenter}
    folder = plugin.create(FOLDER, "folder", {"path": "suite", "type": "vm", **place})
    plugin.create(FOLDER, "other", {"path": "other-folder", "type": "vm", **place})
    cluster = plugin.invoke("getComputeCluster", name="cluster-01", **place)
    pool = plugin.create(POOL, "pool", {"name": "suite", "parentResourcePoolId": cluster["resourcePoolId"]})
    category = plugin.create(
        CATEGORY, "category", {"name": "suite", "cardinality": "MULTIPLE", "associableTypes": ["VirtualMachine"]}
    )
    tags = {
        name: plugin.create(TAG, name, {"name": name, "categoryId": category.id}).id for name in ("TAG", "OTHER_TAG")
    }
    return Site(plugin, rehearsal, datacenter, folder, _base(pool.id), tags)


def _base(pool: str) -> dict[str, Any]:
    return {
        "name": "base",
        "annotation": "first",
        "folder": "suite",
        "resourcePoolId": pool,
        "datastoreId": "DATASTORE",
        "numCpus": 2,
        "memory": 2048,
        "guestId": "ubuntu64Guest",
        "firmware": "efi",
        "hardwareVersion": 20,
        "enableDiskUuid": True,
        "eptRviMode": "automatic",
        "hvMode": "hvAuto",
        "swapPlacementPolicy": "inherit",
        "syncTimeWithHost": True,
        "waitForGuestNetTimeout": 0,
        "waitForGuestIpTimeout": 0,
        "clone": {"templateUuid": "TEMPLATE"},
        "disks": [{"label": "disk0", "size": 20, "thinProvisioned": True}],
        "networkInterfaces": [{"networkId": "NETWORK", "adapterType": "vmxnet3"}],
        "extraConfig": {"guestinfo.userdata": "Zmlyc3Q=", "guestinfo.userdata.encoding": "base64"},
        "tags": ["TAG"],
    }
