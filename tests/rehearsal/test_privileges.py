"""The privileges that `slipway doctor` asks for are those of the calls that are really made."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.vsphere.privileges import asks_nothing, known_calls, needed_privileges
from rehearsal.session import rehearsing
from tests.support.checkout import Checkout
from tests.support.environments import DEV, PROD, STAGING

if TYPE_CHECKING:
    from rehearsal.session import Rehearsal

REST = re.compile(r"^([A-Z]+) /rest/com/vmware/cis/([a-z/-]+?)(/id:\*)?$")


def as_in_the_table(call: str) -> str:
    """Return a recorded call as the table writes it: SOAP methods by name, REST calls as verb and path."""
    return REST.sub(r"\1 \2", call)


def a_whole_life(rehearsal: Rehearsal, checkout: Checkout, environment: str) -> set[str]:
    """Return the calls of an environment that comes, changes in every way that makes other calls, and goes."""

    def slipway(*arguments: str) -> None:
        done = rehearsal.slipway(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    rehearsal.control.reset_calls()
    slipway("up", environment, "compute", "--yes")
    slipway("refresh", environment, "compute")
    checkout.replace(
        ("costCentre: CC-", "costCentre: DD-"),
        ("    memoryGiB: ", "    memoryGiB: 1"),
        ("    diskGiB: ", "    diskGiB: 1"),
        environment=environment,
    )
    slipway("up", environment, "compute", "--yes")
    slipway("destroy", environment, "--yes", "--including-protected")
    return {as_in_the_table(call) for call in rehearsal.control.calls()}


@pytest.fixture(scope="module")
def recorded() -> set[str]:
    calls: set[str] = set()
    for environment in ("dev", "prod"):
        folder = Path(tempfile.mkdtemp(prefix="slipway-"))
        checkout = Checkout(folder)
        with rehearsing(environment, root=folder) as rehearsal:
            calls |= a_whole_life(rehearsal, checkout, environment)
        shutil.rmtree(folder)
    return calls


@pytest.mark.rehearsal
@pytest.mark.long
def test_every_call_that_is_made_has_its_privileges(recorded: set[str]) -> None:
    assert {call for call in recorded if call not in known_calls() and not asks_nothing(call)} == set()


@pytest.mark.rehearsal
@pytest.mark.long
def test_no_privilege_is_asked_for_a_call_that_nobody_makes(recorded: set[str]) -> None:
    assert known_calls() - recorded == RARE


# Made only when something is renamed by a person, when guest tools don't answer, when a run was killed, or by the
# official plugin.
RARE = {
    "MarkAsTemplate",
    "PATCH tagging/category",
    "PATCH tagging/tag",
    "PowerOffVM_Task",
    "ReconfigureDVPortgroup_Task",
}


def names(environment: str) -> set[str]:
    environments = {"dev": DEV, "staging": STAGING, "prod": PROD}
    return {privilege.name for privilege in needed_privileges(environments[environment])}


def test_an_environment_asks_for_no_more_than_it_uses() -> None:
    assert names("prod") - names("dev") == {
        "DVPortgroup.Create",
        "DVPortgroup.Delete",
        "DVPortgroup.Modify",
        "Host.Inventory.EditCluster",
        "VirtualMachine.Provisioning.CloneTemplate",
        "VirtualMachine.Provisioning.MarkAsTemplate",
    }
    assert names("staging") - names("dev") == {
        "Host.Inventory.EditCluster",
        "VirtualMachine.Provisioning.CloneTemplate",
        "VirtualMachine.Provisioning.MarkAsTemplate",
    }
