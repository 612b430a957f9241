"""What is changed of a chart's objects on their way into the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from infra.catalog import ROOT
from infra.charts.bundle import Bundle
from infra.components.component import Component
from infra.components.wiring import ComponentArgs, KubernetesComponent
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from infra.components.component import Manifest


def renamed(each: Manifest) -> Manifest:
    return {**each, "spec": "changed"}


def props_after(component: Component) -> dict[str, Any]:
    """Return what becomes of a Service of a component's chart."""
    wired = object.__new__(KubernetesComponent)
    wired._args = ComponentArgs(component, Bundle.of(ROOT, RELEASE), "1", ROOT, {}, {}, "", "")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": "as it was"}
    options = pulumi.ResourceOptions()
    asked = pulumi.ResourceTransformArgs(
        custom=True, type_="kubernetes:core/v1:Service", name="a", props=service, opts=options
    )
    result = wired._changed(asked)
    assert result is not None
    return dict(result.props)


@pytest.mark.parametrize(("change", "spec"), [(renamed, "changed"), (None, "as it was")])
def test_a_component_s_own_change_is_done_to_its_chart(change: Any, spec: str) -> None:
    assert props_after(Component("a", "a", chart=True, change=change))["spec"] == spec
