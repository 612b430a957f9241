"""What every tool is made of, as whole texts, and what its objects have alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.components.component import SYSTEM_NAMESPACE
from infra.layer_plans import layer_plans
from infra.model.tools import all_tools
from infra.platform.plan import MAKERS as PLATFORM
from infra.toolchain.plan import MAKERS as TOOLCHAIN
from tests.support.environments import CATALOG, changed
from tests.support.plans import as_text, documents_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.components.component import Component

DEV, RELEASE = CATALOG.load("dev")
ENVIRONMENTS = {"dev": DEV, "small": changed(DEV, {"platform.registry.kind": "zot"}), "prod": CATALOG.load("prod")[0]}
FOUND: dict[str, tuple[str, Component]] = {
    f"{name}/{component.name}": (layer, component)
    for name, environment in ENVIRONMENTS.items()
    for layer, plan in layer_plans(environment, RELEASE).items()
    if layer != "cluster"
    for component in plan.components
    if name != "small" or component.name in ("zot", "signing", "builds")
}


@pytest.mark.parametrize("name", FOUND)
def test_everything_that_is_written(name: str, golden: Callable[[str, str], None]) -> None:
    layer, component = FOUND[name]
    golden(f"{layer}/{name}.yaml", as_text(documents_of(component)))


def test_every_tool_of_the_table_is_made() -> None:
    layers = {name: tool.layer for name, tool in all_tools().items()}
    assert {**dict.fromkeys(PLATFORM, "platform"), **dict.fromkeys(TOOLCHAIN, "toolchain")} == layers


@pytest.mark.parametrize("name", FOUND)
def test_a_tool_refuses_all_talk_that_no_link_allows(name: str) -> None:
    _, component = FOUND[name]
    own = [each for each in component.before if each["metadata"].get("namespace") == component.namespace]
    policies = [each for each in own if each["kind"] == "CiliumNetworkPolicy"]
    assert component.namespace == SYSTEM_NAMESPACE or len(policies) == 1
    assert all(each["spec"]["endpointSelector"] == {} for each in policies)
    assert all(each["spec"]["ingress"] and each["spec"]["egress"] for each in policies)
