"""What the kinds of resources have in common that are made of chance, once, and stand in the state alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from infra.errors import PersonError
from infra.vsphere.provider.kinds import Change, Found, Login, ResourceKind
from infra.vsphere.provider.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.vsphere.provider.values import Properties


class NotMadeHere(PersonError):
    """An import of what can't be read from anywhere: it is in the state or lost."""

    def __init__(self, identifier: str, token: str) -> None:
        reason = f"a {token} can't be imported: what it holds is in no place that could be asked"
        super().__init__(f"{identifier}: {reason}; restore the stack's state from its backup, or let a new one be made")


class MadeKind(ResourceKind):
    """A kind whose outputs stay what they are until an input changes; then all of them are made anew, in place.

    `defaults` are its inputs, each with what it is when it is left out. One of them is `version`, a text or a number
    that means nothing: another one is how people ask for a new value.
    """

    defaults: ClassVar[Mapping[str, str | int]]
    uses_vcenter = False

    def problems(self, inputs: Properties) -> dict[str, str]:
        """Return what is wrong with inputs, by property path."""
        found = dict.fromkeys(sorted(set(inputs) - set(self.defaults)), "there is no such property")
        version = inputs.get("version", "")
        if isinstance(version, bool) or not isinstance(version, str | int | float):
            found["version"] = "is neither a text nor a number"
        return found | {name: reason for name, reason in self.wrong(inputs).items() if inputs[name] != UNKNOWN}

    def wrong(self, inputs: Properties) -> dict[str, str]:
        """Return what is wrong with the inputs that are the kind's own."""
        del inputs
        return {}

    def normalized(self, inputs: Properties) -> Properties:
        """Return all inputs, those left out as their defaults; a version is a text, so that 2 and "2" are one."""
        found = {**self.defaults, **inputs}
        return {**found, "version": str(found["version"])}

    def changes(self, state: Properties, inputs: Properties) -> list[Change]:
        """Return what differs. Nothing makes another resource: whoever uses it sees a new value, not a new thing.

        Without a version nothing is asked for: who takes the line out of a document wants no other secret.
        """
        asked = [name for name in self.defaults if name != "version" or inputs[name]]
        return [Change(name, "update") for name in asked if state.get(name) != inputs[name]]

    def check_new(self, login: Login, inputs: Properties) -> None:
        """Nothing can be refused: it is made of nothing but chance."""

    @abstractmethod
    def made(self, inputs: Properties) -> Properties:
        """Return new outputs."""

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Make it. Its identifier is its name: one made of the value would say something of it."""
        del login
        return Found(owner.rpartition("::")[2], {**inputs, **self.made(inputs)}, inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return what is recorded: it stands nowhere else. Raises `NotMadeHere` without a record."""
        del login
        if not state:
            raise NotMadeHere(identifier, self.token)
        return Found(identifier, state, inputs)

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Make it anew."""
        del login, state
        return Found(identifier, {**inputs, **self.made(inputs)}, inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Nothing is anywhere but in the state."""
