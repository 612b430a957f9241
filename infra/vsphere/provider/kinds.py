"""What every kind of resource of the provider can do, in plain values. All may block: the provider uses threads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

ChangeKind = Literal["add", "update", "delete"]


@dataclass(frozen=True)
class Login:
    """How the provider logs in to vCenter."""

    server: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Change:
    """A property that differs: its path, what happened to it, and whether it makes the resource anew."""

    path: str
    kind: ChangeKind
    replaces: bool = False


@dataclass(frozen=True)
class Found:
    """A resource as it is: its identifier, all its properties, and the inputs that would make it so."""

    id: str
    properties: Properties
    inputs: Properties


class ResourceKind(ABC):
    """One kind of resource.

    `computed` are the outputs that a preview of a new one does not know yet, `renewed` those that every update makes
    anew, `secret` those that are never shown. One that `uses_vcenter` needs the provider's login.

    What people can mend is raised as `PersonError`, in one line.
    """

    token: str  # the type, as the engine names it
    computed: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    uses_vcenter: bool = True

    @abstractmethod
    def problems(self, inputs: Properties) -> dict[str, str]:
        """Return what is wrong with inputs, by property path; what is not known yet is not looked at."""

    def normalized(self, inputs: Properties) -> Properties:
        """Return inputs that have no problems in the one way in which they are recorded."""
        return inputs

    @abstractmethod
    def changes(self, state: Properties, inputs: Properties) -> list[Change]:
        """Return what differs between a recorded resource and its inputs. Asks vCenter nothing."""

    def remarks(self, login: Login, state: Properties) -> list[str]:
        """Return what a person should know of a recorded resource and no change shows."""
        del login, state
        return []

    @abstractmethod
    def check_new(self, login: Login, inputs: Properties) -> None:
        """Raise for what a preview can refuse of a new resource already. Changes nothing."""

    @abstractmethod
    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Make it, or take over what an earlier run left of it: the engine may have lost its record.

        `owner` is the resource's URN. Also called while the one that it replaces still stands.
        """

    @abstractmethod
    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return it as it is, or None when it is gone. An empty state is an import."""

    @abstractmethod
    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Bring it to its inputs, where `changes` does not ask for a new one."""

    @abstractmethod
    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Remove it; one that is gone already is fine."""
