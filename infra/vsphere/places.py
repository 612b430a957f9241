"""Whether what an environment names is there in its vCenter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from infra.errors import PersonError
from infra.vsphere.policies import missing_policy
from infra.vsphere.session import find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.environment import Environment
    from infra.vsphere.session import VCenter

_KINDS: dict[str, type] = {
    "datacenter": vim.Datacenter,
    "cluster": vim.ClusterComputeResource,
    "datastore": vim.Datastore,
    "datastore cluster": vim.StoragePod,
    "port group": vim.Network,
    "distributed switch": vim.DistributedVirtualSwitch,
    "template": vim.VirtualMachine,
}


@dataclass(frozen=True, order=True)
class Place:
    """Something that an environment names in its vCenter: where it is named, what it is, where it stands."""

    path: str
    kind: str
    name: str
    inventory_path: str


class PlacesMissing(PersonError):
    """Everything that is missing, in stable order."""

    def __init__(self, server: str, missing: Iterable[str]) -> None:
        super().__init__("\n".join(f"vCenter {server}: {line}" for line in missing))


def check_places(instance: VCenter, environment: Environment) -> None:
    """Raise `PlacesMissing` unless everything that the document names is there and of its kind.

    Costs one small request per name.
    """
    missing = missing_places(instance, environment)
    if missing:
        raise PlacesMissing(environment.vcenter.server, missing)


def missing_places(instance: VCenter, environment: Environment) -> list[str]:
    """Return a line for every place, and for the storage policy, that the document names and vCenter lacks, by path."""
    lines = []
    for place in places_of(environment):
        found = find(instance, place.inventory_path)
        if found is None:
            reason = f"there is no {place.kind} {place.inventory_path}"
        elif not isinstance(found, _KINDS[place.kind]):
            reason = f"{place.inventory_path} is no {place.kind}"
        elif place.kind == "template" and not _is_template(found):
            reason = f"{place.inventory_path} is not marked as a template"
        else:
            continue
        lines.append(f"{place.path}: {place.name}: {reason}; {_fix(environment, place)}")
    policies = environment.storage_policies()
    problems = {
        policy: missing_policy(instance, environment.vcenter.server, policy) for policy in sorted({*policies.values()})
    }
    lines += [f"{path}: {policy}: {problems[policy]}" for path, policy in policies.items() if problems[policy]]
    return sorted(lines)


def _is_template(machine: Any) -> bool:
    return bool(getattr(machine.config, "template", False))


def _fix(environment: Environment, place: Place) -> str:
    if place.kind == "template":
        return "build it as docs/machine-template.md says, or mend the path in the document"
    return f"mend the name in stacks/environments/{environment.name}.yaml, or create it"


def places_of(environment: Environment) -> list[Place]:
    """Return everything that has to exist before the environment is made, by path."""
    named = environment.vcenter
    root = f"/{named.datacenter}"
    found = [
        Place("vcenter.datacenter", "datacenter", named.datacenter, root),
        Place("vcenter.template", "template", named.template, f"{root}/vm/{named.template}"),
        *(
            Place(f"vcenter.clusters[{index}]", "cluster", cluster, f"{root}/host/{cluster}")
            for index, cluster in enumerate(named.clusters)
        ),
    ]
    storage = named.storage
    if storage.datastore_cluster is not None:
        name = storage.datastore_cluster
        found.append(Place("vcenter.storage.datastoreCluster", "datastore cluster", name, f"{root}/datastore/{name}"))
    elif storage.datastore is not None:
        name = storage.datastore
        found.append(Place("vcenter.storage.datastore", "datastore", name, f"{root}/datastore/{name}"))
    created = named.create_port_group
    if created is None:
        found.append(Place("vcenter.network", "port group", named.network, f"{root}/network/{named.network}"))
    else:
        name = created.distributed_switch
        path = "vcenter.createPortGroup.distributedSwitch"
        found.append(Place(path, "distributed switch", name, f"{root}/network/{name}"))
    return sorted(found)
