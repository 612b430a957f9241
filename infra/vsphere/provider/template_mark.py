"""The mark that a GPU template carries: what it was made from, in a key of its extra configuration. Plain data only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.vsphere.provider.template_inputs import PLACEMENT

if TYPE_CHECKING:
    from infra.vsphere.provider.template_inputs import Wanted
    from infra.vsphere.provider.values import Properties

KEY = "slipway.gpuTemplate"


@dataclass(frozen=True)
class Mark:
    """What a GPU template was made from.

    `instance_uuid` is the template's own identifier in its vCenter: a clone inherits the mark and has another one, so
    the mark of a clone does not fit. `owner` is the URN of the resource that it was made for.
    """

    instance_uuid: str
    owner: str
    base: str
    base_uuid: str
    devices: list[Properties]
    placement: dict[str, str]

    @classmethod
    def of(cls, wanted: Wanted, owner: str, base_uuid: str, instance_uuid: str) -> Mark:
        """Return the mark of a template that is going to be made."""
        return cls(instance_uuid, owner, wanted.base, base_uuid, wanted.devices, wanted.placement)

    @classmethod
    def parsed(cls, text: str) -> Mark | None:
        """Return the mark that a text holds, or None for any other text."""
        try:
            values = json.loads(text)
            placement = {name: values[name] for name in PLACEMENT if name in values}
            return cls(
                values["instanceUuid"],
                values["owner"],
                values["base"],
                values["baseUuid"],
                values["devices"],
                placement,
            )
        except (ValueError, KeyError, TypeError):
            return None

    def text(self) -> str:
        """Return the mark as JSON."""
        values = {
            "instanceUuid": self.instance_uuid,
            "owner": self.owner,
            "base": self.base,
            "baseUuid": self.base_uuid,
            "devices": self.devices,
            **self.placement,
        }
        return json.dumps(values, sort_keys=True)

    def fits(self, wanted: Wanted, base_uuid: str) -> bool:
        """Whether a template with this mark was made from what is asked for, out of the base that is there now."""
        return (self.base, self.base_uuid) == (wanted.base, base_uuid) and (self.devices, self.placement) == (
            wanted.devices,
            wanted.placement,
        )
