"""What a GPU template is asked to be: its inputs checked, put in one form, and compared. Plain data only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from infra.vsphere.provider.kinds import Change
from infra.vsphere.provider.values import UNKNOWN, Properties

REQUIRED = ("name", "folder", "datacenter", "baseTemplate", "resourcePoolId", "devices")
OPTIONAL = ("datastoreId", "datastoreClusterId", "notes")
INPUTS = (*REQUIRED, *OPTIONAL)
PLACEMENT = ("resourcePoolId", "datastoreId", "datastoreClusterId")
MADE_FROM = ("datacenter", "baseTemplate", "devices", *PLACEMENT)  # another one of these is another template
LONGEST_NAME = 80  # of anything in vCenter's inventory
MOST_DEVICES = 16  # PCI passthrough devices of a virtual machine

_DEVICE_FIELDS = {"vgpu": ({"profile"}, set[str]()), "dynamic": ({"vendorId", "deviceId"}, {"label"})}
_PCI_ID = re.compile("[0-9a-f]{4}", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """A GPU template that is asked for; paths are below the datacenter's folder of virtual machines."""

    name: str
    folder: str
    datacenter: str
    base: str
    devices: list[Properties]
    placement: dict[str, str]
    notes: str | None

    @classmethod
    def from_inputs(cls, inputs: Properties) -> Wanted:
        """Take inputs that have no problems and are all known."""
        return cls(
            name=inputs["name"],
            folder=inputs["folder"],
            datacenter=inputs["datacenter"],
            base=inputs["baseTemplate"],
            devices=inputs["devices"],
            placement={name: inputs[name] for name in PLACEMENT if name in inputs},
            notes=inputs.get("notes"),
        )

    @property
    def path(self) -> str:
        """The template's inventory path."""
        return f"{self.folder_path}/{self.name}"

    @property
    def folder_path(self) -> str:
        """The inventory path of the template's folder."""
        return f"/{self.datacenter}/vm/{self.folder}".rstrip("/")

    @property
    def base_path(self) -> str:
        """The inventory path of the base template."""
        return f"/{self.datacenter}/vm/{self.base}"


def is_known(value: Any) -> bool:
    """Whether nothing in a value has to wait for the update."""
    if isinstance(value, dict):
        return all(is_known(part) for part in value.values())
    if isinstance(value, list):
        return all(is_known(part) for part in value)
    return bool(value != UNKNOWN)


def problems(inputs: Properties) -> dict[str, str]:
    """Return what is wrong with inputs, by property path; what is not known yet is not looked at."""
    found = dict.fromkeys(sorted(set(inputs) - set(INPUTS)), "there is no such property")
    found |= {name: "is missing" for name in REQUIRED if name not in inputs}
    for name in sorted(set(INPUTS) & set(inputs) - {"devices"}):
        if not isinstance(inputs[name], str):
            found[name] = f"{inputs[name]!r} is not a text"
        elif not inputs[name] and name not in ("folder", "notes"):
            found[name] = "is empty"
    wanted = inputs.get("name")
    if isinstance(wanted, str) and (set(wanted) & set(r"/\%") or len(wanted) > LONGEST_NAME):
        found["name"] = rf"{wanted!r} has more than {LONGEST_NAME} characters, or one of / \ % in it"
    if "datastoreId" in inputs and "datastoreClusterId" in inputs:
        found["datastoreClusterId"] = "stands beside datastoreId; give one of them, or none for the base's datastore"
    return found | _device_problems(inputs.get("devices", UNKNOWN))


def normalized(inputs: Properties) -> Properties:
    """Return inputs with device identifiers in lower case and paths without slashes at their ends."""
    found = dict(inputs)
    for name in ("folder", "baseTemplate"):
        if is_known(found.get(name)):
            found[name] = found[name].strip("/")
    if isinstance(found["devices"], list):
        found["devices"] = [_normalized_device(device) for device in found["devices"]]
    return found


def changes(state: Properties, inputs: Properties) -> list[Change]:
    """Return what differs between a recorded template and its inputs, by path.

    Notes that are left out are the base's and differ from nothing.
    """
    found: list[Change] = []
    for name in INPUTS:
        if name == "notes" and name not in inputs:
            continue
        replaces = name in MADE_FROM
        found += [
            Change(path, _kind(old, new), replaces)
            for path, old, new in _differences(name, state.get(name), inputs.get(name))
        ]
    return found


def device_text(device: Properties) -> str:
    """Return a device in a few words."""
    if device.get("kind") == "vgpu":
        return f"vGPU {device['profile']}"
    if device.get("kind") == "dynamic":
        label = f" labelled {device['label']}" if device.get("label") else ""
        return f"PCI device {device['vendorId']}:{device['deviceId']}{label}"
    return f"PCI device {device.get('address', '?')} of one host"


def _device_problems(devices: Any) -> dict[str, str]:
    if devices == UNKNOWN:
        return {}
    if not isinstance(devices, list):
        return {"devices": "is not a list"}
    if not 1 <= len(devices) <= MOST_DEVICES:
        return {"devices": f"has {len(devices)} devices; a virtual machine takes 1 to {MOST_DEVICES}"}
    found: dict[str, str] = {}
    for index, device in enumerate(devices):
        found |= {f"devices[{index}]{part}": reason for part, reason in _problems_of_one(device).items()}
    return found


def _problems_of_one(device: Any) -> dict[str, str]:
    if not is_known(device):
        return {}
    if not isinstance(device, dict):
        return {"": "is not an object"}
    if device.get("kind") not in _DEVICE_FIELDS:
        return {".kind": f"{device.get('kind')!r} is none of {', '.join(_DEVICE_FIELDS)}"}
    needed, optional = _DEVICE_FIELDS[device["kind"]]
    found = {f".{name}": "is missing" for name in sorted(needed - set(device))}
    found |= {f".{name}": "there is no such property" for name in sorted(set(device) - needed - optional - {"kind"})}
    for name in sorted((needed | optional) & set(device)):
        value = device[name]
        if not isinstance(value, str) or not value:
            found[f".{name}"] = f"{value!r} is not a text"
        elif name.endswith("Id") and not _PCI_ID.fullmatch(value):
            found[f".{name}"] = f"{value!r} is not four hexadecimal digits, such as 10de"
    return found


def _normalized_device(device: Any) -> Any:
    if not is_known(device):
        return device
    return {name: value.lower() if name.endswith("Id") else value for name, value in device.items()}


def _differences(path: str, old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """Return the paths at which two values differ, with what stands there in each."""
    if isinstance(old, list) and isinstance(new, list):
        pairs = [(f"{path}[{i}]", _at(old, i), _at(new, i)) for i in range(max(len(old), len(new)))]
    elif isinstance(old, dict) and isinstance(new, dict):
        pairs = [(f"{path}.{name}", old.get(name), new.get(name)) for name in sorted({*old, *new})]
    else:
        return [] if old == new else [(path, old, new)]
    return [found for pair in pairs for found in _differences(*pair)]


def _at(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _kind(old: Any, new: Any) -> Any:
    if new is None:
        return "delete"
    return "add" if old is None else "update"
