"""Whether what an environment names is there in its vCenter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import PersonError
from infra.vsphere.session import find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyVmomi import vim

    from infra.model.environment import Environment
    from infra.model.release import Release


@dataclass(frozen=True, order=True)
class MissingPlace:
    """Something that an environment names and its vCenter lacks: where it is named, what it is, what to do."""

    path: str
    kind: str
    name: str
    inventory_path: str
    fix: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.path}: {self.name}: there is no {self.kind} {self.inventory_path}; {self.fix}"


class PlacesMissing(PersonError):
    """Everything that is missing, in stable order."""

    def __init__(self, server: str, missing: Iterable[MissingPlace]) -> None:
        super().__init__("\n".join(f"vCenter {server}: {place}" for place in sorted(missing)))


def check_places(instance: vim.ServiceInstance, environment: Environment, release: Release) -> None:
    """Raise `PlacesMissing` unless datacenter, cluster, datastore, network and template are there.

    Costs one small request per name.
    """
    found = {place: find(instance, place.inventory_path) for place in _places(environment, release)}
    missing = [place for place, there in found.items() if there is None or _is_no_template(place, there)]
    if missing:
        raise PlacesMissing(environment.vcenter.server, missing)


def _is_no_template(place: MissingPlace, there: Any) -> bool:
    return place.kind == "template" and not getattr(getattr(there, "config", None), "template", False)


def _places(environment: Environment, release: Release) -> list[MissingPlace]:
    places = environment.vcenter
    root = f"/{places.datacenter}"
    template = release.machine_template.name
    document = f"mend the name in stacks/environments/{environment.name}.yaml, or create it"
    return [
        MissingPlace("vcenter.datacenter", "datacenter", places.datacenter, root, document),
        MissingPlace("vcenter.cluster", "cluster", places.cluster, f"{root}/host/{places.cluster}", document),
        MissingPlace(
            "vcenter.datastore",
            "datastore",
            places.datastore,
            f"{root}/datastore/{places.datastore}",
            document,
        ),
        MissingPlace("vcenter.network", "network", places.network, f"{root}/network/{places.network}", document),
        MissingPlace(
            f"release {release.version} machineTemplate.name",
            "template",
            template,
            f"{root}/vm/{template}",
            "it has to stand there, directly in the datacenter's folder of virtual machines, and be marked as template",
        ),
    ]
