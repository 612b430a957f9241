"""A GPU node of dev, from a power-on that fails to a new profile and to a host that went after the plan was made."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal.session import rehearsing
from tests.support.checkout import Checkout
from tests.support.commands import slipway
from tests.support.state import assert_all_agree, machines_of, recorded_machines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal

pytestmark = pytest.mark.rehearsal
NODE = "dev-gpu-1"


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    """A scratch checkout whose dev has its GPUs."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    yield Checkout(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    with rehearsing("dev", root=checkout.root) as started:
        yield started


def profile_of(rehearsal: Rehearsal) -> list[str]:
    """Return the vGPU profiles of the node's machine, as the vSphere API tells them."""
    done = rehearsal.run([sys.executable, "-m", "rehearsal.observe", "dev"])
    (found,) = [each for each in json.loads(done.stdout) if each["name"] == NODE]
    return list(found["gpus"])


def test_gpu_nodes(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    a_failed_power_on_is_recorded_and_the_next_up_goes_on_from_it(rehearsal)
    a_stale_placement_is_refused_before_anything_is_touched(checkout, rehearsal)
    a_changed_profile_rolls_the_pool_and_the_preview_says_so_once(rehearsal)
    what_was_planned_and_is_gone_is_refused_with_the_command_that_plans_anew(rehearsal)


def a_failed_power_on_is_recorded_and_the_next_up_goes_on_from_it(rehearsal: Rehearsal) -> None:
    fault = "The amount of graphics resource available in the parent resource pool is insufficient for the operation."
    rehearsal.control.fail("PowerOnVM_Task", NODE, "InsufficientGraphicsResourcesFault", fault)
    assert fault in slipway(rehearsal, "up", "dev", "compute", "--yes", code=1)
    first = recorded_machines(rehearsal)[NODE]
    assert (machines_of(rehearsal)[NODE].uuid, machines_of(rehearsal)[NODE].power) == (first, "poweredOff")
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    assert recorded_machines(rehearsal)[NODE] == first
    assert_all_agree(rehearsal)
    assert profile_of(rehearsal) == ["1 x nvidia_l4-6c"]
    slipway(rehearsal, "preview", "dev", "compute", "--expect-no-changes")


def a_stale_placement_is_refused_before_anything_is_touched(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal)
    checkout.replace(("share: 1/4", "share: 1/2"), ("l4-1of4: 1", "l4-1of2: 1"))
    said = slipway(rehearsal, "up", "dev", "compute", "--yes", code=2)
    assert said == (
        "stacks/placements/dev.yaml: was made for another request than the document's; "
        "plan it: ./slipway fit dev --write\n"
    )
    assert machines_of(rehearsal) == before


def a_changed_profile_rolls_the_pool_and_the_preview_says_so_once(rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal)
    assert "wrote stacks/placements/dev.yaml" in slipway(rehearsal, "fit", "dev", "--write")
    preview = slipway(rehearsal, "preview", "dev", "compute")
    said = [line for line in preview.splitlines() if line.startswith("dev.compute: ")]
    assert said == ["dev.compute: made anew, in this order: dev-gpu-1"]
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    after = machines_of(rehearsal)
    assert {name for name in after if after[name].uuid != before[name].uuid} == {NODE}
    assert profile_of(rehearsal) == ["1 x nvidia_l4-12c"]
    assert_all_agree(rehearsal)
    slipway(rehearsal, "preview", "dev", "compute", "--expect-no-changes")


def what_was_planned_and_is_gone_is_refused_with_the_command_that_plans_anew(rehearsal: Rehearsal) -> None:
    rehearsal.control.put_into_maintenance("esx-04.example.internal")
    said = slipway(rehearsal, "up", "dev", "compute", "--yes", code=2)
    assert said.splitlines()[-1].endswith("plan anew: ./slipway inventory dev && ./slipway fit dev --write")
    assert "cluster-01 has room for 0 of them" in said
