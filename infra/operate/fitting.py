"""Whether an environment fits its vCenter, asked before anything is touched."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from infra.catalog import ROOT, Catalog
from infra.diagnosis import what_does_not_fit
from infra.errors import PersonError
from infra.gpu.lock import lock_path, valid_lock
from infra.gpu.planner import plan_gpus
from infra.operate.neighbours import promised_to_others
from infra.vsphere.examination import examine
from infra.vsphere.gpu_inventory import read_gpu_inventory
from infra.vsphere.places import PlacesMissing
from infra.vsphere.session import vcenter_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.diagnosis import Diagnosis
    from infra.gpu.fixed import Seat
    from infra.gpu.inventory import Inventory
    from infra.gpu.lock import PlacementLock
    from infra.gpu.neighbours import Neighbour
    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.engine import LayerStack
    from infra.vsphere.session import Credentials


class DoesNotFit(PersonError):
    """An environment that its vCenter has no room for."""

    def __init__(self, server: str, found: Iterable[Diagnosis]) -> None:
        super().__init__("\n".join(f"vCenter {server}: {each.check}: {each.found}; {each.fix}" for each in found))


class PlacementOutdated(PersonError):
    """A placement that vCenter does not have any more as it was planned."""

    def __init__(self, environment: str, reasons: Iterable[str]) -> None:
        fix = f"plan anew: ./slipway inventory {environment} && ./slipway fit {environment} --write"
        source = f"stacks/placements/{environment}.yaml"
        super().__init__("\n".join(f"{source}: {reason}; {fix}" for reason in reasons))


def _check_placement(
    environment: Environment, lock: PlacementLock, inventory: Inventory, neighbours: Sequence[Neighbour]
) -> None:
    """Raise `PlacementOutdated` unless everything of a placement can be had in vCenter as it is now."""
    plan = plan_gpus(environment, inventory, lock.seats, neighbours)
    reasons = [f"{each.path}: {each.value}: {each.reason}" for each in plan.unfit]
    if not reasons:
        for node, seat in sorted(lock.seats.items()):
            if plan.seats.get(node) != seat:
                promised = _promised(neighbours, seat)
                by = f": {promised} has been promised them" if promised else ""
                reasons.append(f"{node}: {', '.join(seat.devices)} of {seat.host} can't be had any more{by}")
    if reasons:
        raise PlacementOutdated(environment.name, reasons)


def _promised(neighbours: Sequence[Neighbour], seat: Seat) -> str:
    """Return the environments that have been promised a device of a seat, too."""
    found = [
        neighbour.environment
        for neighbour in neighbours
        for other in neighbour.seats.values()
        if other.host == seat.host and set(other.devices) & set(seat.devices)
    ]
    return ", ".join(dict.fromkeys(found))


def check_fit(stack: LayerStack, environment: Environment, release: Release) -> Credentials:
    """Return the login of a vCenter in which an environment fits.

    Raises what is wrong with vCenter, login or places, and `DoesNotFit` with everything that does not fit.
    """
    lock = valid_lock(lock_path(ROOT, environment.name), environment)
    credentials = stack.credentials(environment)
    with vcenter_session(credentials) as vcenter:
        facts = examine(vcenter, environment, credentials.user)
        inventory = read_gpu_inventory(vcenter, environment.vcenter.server)[0] if lock else None
    if facts.missing:
        raise PlacesMissing(environment.vcenter.server, facts.missing)
    if lock is not None and inventory is not None:
        neighbours, notes = promised_to_others(Catalog(), environment.name)
        for note in notes:
            print(note, file=sys.stderr)
        _check_placement(environment, lock, inventory, neighbours)
    wrong = what_does_not_fit(environment, release, facts)
    if wrong:
        raise DoesNotFit(environment.vcenter.server, wrong)
    return credentials
