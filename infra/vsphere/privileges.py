"""The privileges that Slipway and the vSphere plugin need, worked out from the calls that they make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyVmomi import vim  # noqa: F401 - defines the methods that are asked below
from pyVmomi.VmomiSupport import GetWsdlMethod

from infra.plain_yaml import read_yaml

if TYPE_CHECKING:
    from infra.model.environment import Environment

Place = Literal["root", "datacenter", "cluster", "storage", "network"]
_READS = "System."  # every role can read


@dataclass(frozen=True, order=True)
class Privilege:
    """A vSphere privilege and the kind of object that it has to be granted on."""

    place: Place
    name: str


def needed_privileges(environment: Environment) -> list[Privilege]:
    """Return the privileges that an environment needs, sorted by object and name."""
    reasons = {"always", *_reasons(environment)}
    entries = [(call, entry) for protocol in ("soap", "rest") for call, entry in _table()[protocol].items()]
    names = {
        name
        for call, entry in entries
        if entry["for"] in reasons
        for name in entry.get("privileges") or [_own_privilege(call)]
    }
    if "gpus" in reasons:
        names.update(name for _, entry in entries for name in entry.get("withGpus", ()))
    return sorted(Privilege(_place(name), name) for name in names)


def known_calls() -> set[str]:
    """Return the names of all calls in the table: SOAP methods, and REST calls as `<verb> <path>`."""
    return {*_table()["soap"], *_table()["rest"]}


def own_privilege(call: str) -> str | None:
    """Return the privilege that vSphere's own definition of a SOAP method names; None where it depends on arguments."""
    name = GetWsdlMethod("urn:vim25", call).info.privId
    return None if name is None else str(name)


def asks_nothing(call: str) -> bool:
    """Whether a call needs no privilege beyond the right to read."""
    if call in _table()["free"] or call.startswith("GET "):
        return True
    try:
        return (own_privilege(call) or "").startswith(_READS)
    except KeyError:
        return False


def _own_privilege(call: str) -> str:
    name = own_privilege(call)
    if name is None:
        raise LookupError(f"privileges.yaml: {call}: depends on its arguments, name its privileges")
    return name


def _reasons(environment: Environment) -> list[str]:
    places = environment.vcenter
    machines = environment.machines().values()
    apart = any(machine.anti_affinity != "none" and machine.count > 1 for machine in machines)
    found = {
        "gpus": environment.has_gpus,
        "portGroup": places.create_port_group is not None,
        "clusterRules": apart or environment.has_gpus,
        "storagePolicy": bool(environment.storage_policies()),
        "datastoreCluster": places.storage.datastore_cluster is not None,
    }
    return [reason for reason, applies in found.items() if applies]


def _place(privilege: str) -> Place:
    return next(place for beginning, place in _table()["objects"].items() if privilege.startswith(beginning))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = read_yaml(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return table
