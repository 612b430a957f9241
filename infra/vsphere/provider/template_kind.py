"""GPU templates as a kind of resource: clones of a base template that carry GPUs, for the official provider to clone.

The modules that talk to vCenter are imported at the first call that needs one: the engine waits for the provider's
start, also in runs that ask it nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.vsphere.provider import template_inputs
from infra.vsphere.provider.kinds import Change, Found, Login, ResourceKind
from infra.vsphere.provider.template_inputs import Wanted, is_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.vsphere.provider.values import Properties
    from infra.vsphere.session import VCenter


class GpuTemplate(ResourceKind):
    """A GPU template; it is known by its BIOS UUID, which the official provider clones from.

    A new one is made before the engine deletes the one that it replaces: the other way round, the engine would delete
    every machine that was cloned from the old one along with it. So the one that goes may have the new one's name, and
    is then removed by the create.
    """

    token = "slipway:index:GpuTemplate"  # noqa: S105 - a type
    computed = ("uuid", "moid", "baseUuid")

    def __init__(self) -> None:
        self._taken_over: set[str] = set()

    def problems(self, inputs: Properties) -> dict[str, str]:
        """Return what is wrong with inputs, by property path."""
        return template_inputs.problems(inputs)

    def normalized(self, inputs: Properties) -> Properties:
        """Return inputs with identifiers in lower case and paths without outer slashes."""
        return template_inputs.normalized(inputs)

    def changes(self, state: Properties, inputs: Properties) -> list[Change]:
        """Return what differs: what it was made from makes it anew, name, notes and folder change in place."""
        return template_inputs.changes(state, inputs)

    def remarks(self, login: Login, state: Properties) -> list[str]:
        """Say that the base template was built anew under its name, or is gone."""
        from infra.vsphere.provider.template_reading import standing  # noqa: PLC0415 - pyvmomi
        from infra.vsphere.session import find  # noqa: PLC0415 - pyvmomi

        base = Wanted.from_inputs(state).base_path
        with _session(login, state["name"]) as instance:
            reference = find(instance, base)
            found = None if reference is None else standing(instance, reference)
        if found is not None and found.uuid == state.get("baseUuid"):
            return []
        happened = "is gone" if found is None else "was built anew"
        remark = (
            f"GPU template {state['name']}: its base template {base} {happened} since it was cloned; nodes still get "
            "the old one; to take the new one over, run `pulumi up` with --replace and this template's URN"
        )
        return [remark]

    def check_new(self, login: Login, inputs: Properties) -> None:
        """Raise when the base is not there or a stranger has the name; a folder may still be to come."""
        from infra.vsphere.provider.template_cloning import base_of, check_not_a_stranger  # noqa: PLC0415 - pyvmomi

        if not all(is_known(inputs[name]) for name in ("name", "folder", "datacenter", "baseTemplate")):
            return
        wanted = Wanted.from_inputs(inputs)
        with _session(login, inputs["name"]) as instance:
            base_of(instance, wanted)
            check_not_a_stranger(instance, wanted)

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Clone the base with the devices, or take over what an earlier run left of that."""
        from infra.vsphere.provider.template_changes import recorded  # noqa: PLC0415 - pyvmomi
        from infra.vsphere.provider.template_cloning import made  # noqa: PLC0415 - pyvmomi

        with _session(login, inputs["name"]) as instance:
            found, taken_over = made(instance, Wanted.from_inputs(inputs), owner)
        if taken_over:
            self._taken_over.add(found.uuid)
        return recorded(found, inputs, inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Read it by BIOS UUID; an import is by inventory path."""
        from infra.vsphere.provider.template_changes import imported, present  # noqa: PLC0415 - pyvmomi

        with _session(login, state.get("name", identifier)) as instance:
            if not state:
                return imported(instance, identifier)
            return present(instance, identifier, state, inputs)

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Rename it, move it, change its notes."""
        del state
        from infra.vsphere.provider.template_changes import changed  # noqa: PLC0415 - pyvmomi

        with _session(login, inputs["name"]) as instance:
            return changed(instance, identifier, Wanted.from_inputs(inputs), inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Remove it, if it carries the mark; one that is gone already is fine.

        One that a replacement took over because nothing of it differs is the new one now, and stays.
        """
        if identifier in self._taken_over:
            self._taken_over.discard(identifier)
            return
        from infra.vsphere.provider.template_changes import remove  # noqa: PLC0415 - pyvmomi

        with _session(login, state.get("name", identifier)) as instance:
            remove(instance, identifier, state)


@contextmanager
def _session(login: Login, name: str) -> Iterator[VCenter]:
    """Log in and out for one call: templates are few, and a session that idles through a long run ends by itself."""
    from infra.vsphere.provider.faults import explained  # noqa: PLC0415 - pyvmomi
    from infra.vsphere.session import Credentials, vcenter_session  # noqa: PLC0415 - pyvmomi

    credentials = Credentials(login.server, login.user, login.password)
    with vcenter_session(credentials) as instance, explained(name, "look at what is there"):
        yield instance
