"""GPU templates of the `slipway` provider: what killed runs leave behind, and what is never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.plugin import GPU_TEMPLATE, Plugin, PluginFailed, Resource
from tests.support.plugin_template import (
    DYNAMIC,
    ONE_LINE,
    OTHER_VGPU,
    PATH,
    VGPU,
    changing_calls,
    inputs,
    made,
    seen,
    started,
)
from tests.support.plugin_vcenter import behind_the_back

if TYPE_CHECKING:
    from tests.support.plugin_site import Site

pytestmark = pytest.mark.rehearsal


def test_template_whose_record_was_lost_is_taken_over(site: Site, provider: Plugin) -> None:
    found = made(site, provider)
    site.rehearsal.control.reset_calls()
    assert made(site, provider, notes="new").id == found.id
    assert changing_calls(site) == {"ReconfigVM_Task"}
    assert seen(site)["notes"] == "new"


@pytest.mark.parametrize("action", ["as_machine", "take_devices"])
def test_half_made_template_is_finished_or_made_anew(site: Site, provider: Plugin, action: str) -> None:
    found = made(site, provider)
    behind_the_back(site.rehearsal, action, PATH)
    again = made(site, provider)
    there = seen(site)
    assert (there["template"], there["devices"]) == (True, [VGPU, VGPU])
    assert (again.id == found.id) == (action == "as_machine")


def test_clone_that_runs_on_after_a_killed_run_is_waited_for_and_taken_over(site: Site) -> None:
    control = site.rehearsal.control
    hold = control.hold("CloneVM_Task", "gpu", "running")
    first = started(site)
    planned = Resource(GPU_TEMPLATE, "gpu", inputs(site))
    first.begin("ended", how="kill", after=2.0, other="create", urn=planned.urn, inputs=planned.inputs)
    control.wait_until_held(hold, 30)
    with pytest.raises(PluginFailed):
        first.answer()
    second = started(site)
    second.begin("create", urn=planned.urn, inputs=planned.inputs)
    control.release_all()
    answer = second.answer()
    assert answer["id"] == seen(site)["uuid"]
    assert [machine.path for machine in control.machines() if machine.name == "gpu"] == [PATH]
    first.end()
    second.end()


def test_name_that_a_stranger_has_is_refused_and_the_stranger_stays(site: Site, provider: Plugin) -> None:
    behind_the_back(site.rehearsal, "clone", "/dc-01/vm/ubuntu", "/dc-01/vm/suite", "gpu", "machine")
    before = seen(site)
    for preview in (True, False):
        with pytest.raises(PluginFailed, match=f"{PATH} is there and was not made by Slipway") as refused:
            provider.create(GPU_TEMPLATE, "gpu", inputs(site), preview=preview)
        assert ONE_LINE.fullmatch(str(refused.value))
    assert seen(site) == before


def test_copy_of_a_template_is_a_stranger_though_it_inherited_the_mark(site: Site, provider: Plugin) -> None:
    made(site, provider, name="first")
    behind_the_back(site.rehearsal, "clone", "/dc-01/vm/suite/first", "/dc-01/vm/suite", "gpu", "template")
    assert seen(site)["mark"] == seen(site, "/dc-01/vm/suite/first")["mark"]
    with pytest.raises(PluginFailed, match="was not made by Slipway"):
        made(site, provider)


def test_template_of_that_name_made_from_other_things_for_the_same_resource_is_made_anew(
    site: Site, provider: Plugin
) -> None:
    before = made(site, provider, devices=[OTHER_VGPU])
    after = made(site, provider)
    assert after.id != before.id
    assert seen(site)["devices"] == [VGPU, VGPU]
    provider.delete(before)  # as the engine does after a replacement
    assert seen(site)["uuid"] == after.id


def test_template_of_that_name_for_another_resource_is_left_alone(site: Site, provider: Plugin) -> None:
    made(site, provider)
    before = seen(site)
    with pytest.raises(PluginFailed, match="was made for another resource, urn:pulumi:test::slipway::") as refused:
        provider.create(GPU_TEMPLATE, "another", inputs(site))
    assert ONE_LINE.fullmatch(str(refused.value))
    assert seen(site) == before


def test_template_that_a_replacement_took_over_is_not_deleted_after_it(site: Site, provider: Plugin) -> None:
    before = made(site, provider)
    after = made(site, provider)
    provider.delete(before)
    assert seen(site)["uuid"] == after.id
    provider.delete(after)
    assert seen(site) is None


def test_template_that_was_turned_into_a_running_machine_is_left_alone(site: Site, provider: Plugin) -> None:
    found = made(site, provider, devices=[DYNAMIC])
    behind_the_back(site.rehearsal, "take_devices", PATH)  # so that it can start anywhere
    behind_the_back(site.rehearsal, "as_machine", PATH)
    behind_the_back(site.rehearsal, "power_on", PATH)
    try:
        with pytest.raises(PluginFailed, match="was turned into a machine and runs"):
            made(site, provider, devices=[DYNAMIC])
        with pytest.raises(PluginFailed, match="was turned into a machine and runs"):
            provider.delete(found)
    finally:
        behind_the_back(site.rehearsal, "power_off", PATH)


def test_cancelled_create_ends_at_once_and_the_next_one_takes_over(site: Site, provider: Plugin) -> None:
    control = site.rehearsal.control
    control.hold("CloneVM_Task", "gpu", "running")
    interrupted = started(site)
    planned = Resource(GPU_TEMPLATE, "gpu", inputs(site))
    with pytest.raises(PluginFailed) as refused:
        interrupted.call("ended", how="cancel", after=1.0, other="create", urn=planned.urn, inputs=planned.inputs)
    assert str(refused.value) == "gpu: interrupted; run again: what vCenter still makes of it is taken over"
    interrupted.end()
    control.release_all()
    assert made(site, provider).id == seen(site)["uuid"]


def test_cancelled_plugin_ends_by_itself(site: Site) -> None:
    plugin = started(site)
    assert plugin.call("cancel")["seconds"] < 2
    plugin.end()
