"""What every served resource kind can do, and the outcome that keeps half-made things in the state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.vsphere_plugin.differences import Difference, differences

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties


@dataclass(frozen=True)
class Found:
    """A resource as it is: its identifier and all its properties, outputs included."""

    id: str
    properties: Properties


class HalfMade(Exception):
    """A create or update that failed after the resource existed: recorded in the state, with the reason."""

    def __init__(self, found: Found, reason: str) -> None:
        super().__init__(reason)
        self.found = found
        self.reason = reason


class ResourceKind(ABC):
    """One kind of resource; `computed` are the outputs that a preview of a new one does not know yet."""

    token: str
    computed: tuple[str, ...] = ()

    def check_new(self, connection: Connection, inputs: Properties) -> None:
        """Raise `Refused` for what a preview refuses of a new resource; what is not known yet is not looked at."""
        del connection, inputs

    def differences(self, connection: Connection, state: Properties, inputs: Properties) -> list[Difference]:
        """Return what a change of inputs does. Raises `Refused` for a change that a preview refuses."""
        del connection
        return differences(self.token, state, inputs)

    @abstractmethod
    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Make it. Raises `Refused` when nothing was made, `HalfMade` when something stands there now."""

    @abstractmethod
    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Return it as it is, or None when it is gone; an identifier unknown to the state is an import."""

    @abstractmethod
    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Bring it to its inputs. Raises `Refused`, or `HalfMade` when a part of it was done."""

    @abstractmethod
    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Remove it; one that is gone already is no error."""
