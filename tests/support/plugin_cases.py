"""One line of a conformance table, carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.plugin import PluginFailed

if TYPE_CHECKING:
    from tests.support.plugin import Resource
    from tests.support.plugin_site import Site

POWER_CALLS = ("ShutdownGuest", "PowerOffVM_Task")


def check_case(site: Site, case: dict[str, Any], inputs: dict[str, Any] | None = None) -> None:
    """Change the suite's machine as a case of a table says, hold what happens against it, and delete the machine.

    `inputs` are what the machine has other than the suite's; a change replaces some, and None takes one away.
    """
    wanted = site.changed({**(inputs or {}), **case["change"]})
    made = site.machine(**(inputs or {}))
    try:
        if case["operation"] == "refused":
            with pytest.raises(PluginFailed) as refused:
                site.plugin.diff(made, wanted)
            assert case["message"] in str(refused.value)
            return
        found = site.plugin.diff(made, wanted)
        operation = "replace" if found["replaces"] else "update" if found["changes"] else "same"
        assert operation == case["operation"]
        if operation == "update":
            assert any(path == case["property"] or path.startswith(f"{case['property']}[") for path in found["paths"])
            _check_update(site, case, made, wanted)
        if operation == "replace":
            assert found["replaces"] == [case["replaces"]]
            assert found["delete_before_replace"]
    finally:
        site.plugin.delete(made)


def _check_update(site: Site, case: dict[str, Any], made: Resource, wanted: dict[str, Any]) -> None:
    if "fails" in case:
        with pytest.raises(PluginFailed) as failed:
            site.plugin.update(made, wanted)
        assert case["fails"] in str(failed.value)
        return
    assert updated_with_restart(site, made, wanted) == case["restart"]
    site.assert_quiet(made, wanted)


def updated_with_restart(site: Site, made: Resource, wanted: dict[str, Any]) -> bool:
    """Carry an update out and tell whether the machine was switched off on the way; it has to run at the end."""
    site.rehearsal.control.reset_calls()
    site.plugin.update(made, wanted)
    calls = site.rehearsal.control.calls()
    running = {found.uuid: found.power for found in site.rehearsal.control.machines()}
    assert running[made.id] == "poweredOn"
    return any(calls.get(call, 0) for call in POWER_CALLS)
