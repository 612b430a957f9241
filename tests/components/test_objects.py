"""Every object that Slipway writes itself, of all layers: held against the real definition of its kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.layer_plans import layer_plans
from infra.model.links import links_of, parties
from infra.model.tools import all_tools, tools_of
from rehearsal.contract.reference import VARIABLE, reference_folder
from tests.conftest import ELSEWHERE
from tests.support.crds import problems
from tests.support.environments import CATALOG

if TYPE_CHECKING:
    from infra.model.environment import Environment

ENVIRONMENTS = [CATALOG.load(name)[0] for name in ("dev", "prod")]
RELEASE = CATALOG.load("dev")[1]
PLANS = {
    f"{environment.name}.{layer}": plan
    for environment in ENVIRONMENTS
    for layer, plan in layer_plans(environment, RELEASE).items()
}


@pytest.mark.parametrize("stack", PLANS)
def test_our_objects_are_what_the_real_definitions_take(stack: str) -> None:
    if reference_folder("crds") is None:
        pytest.skip(f"{ELSEWHERE}{VARIABLE} names no folder with real definitions")
    wrong = []
    for component in PLANS[stack].components:
        for each in (*component.before, *component.after):
            name = f"{component.name}: {each['kind']} {each['metadata']['name']}"
            wrong += [f"{name}: {problem}" for problem in problems(json.loads(json.dumps(each))) or []]
    assert wrong == []


@pytest.mark.parametrize("stack", PLANS)
def test_every_component_stands_after_those_it_needs_and_is_in_the_release(stack: str) -> None:
    found: list[str] = []
    for each in PLANS[stack].components:
        assert set(each.needs) <= set(found), each.name
        assert not each.chart or each.name in RELEASE.charts
        assert not each.manifests or each.name in RELEASE.manifests
        found.append(each.name)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
def test_every_tool_runs_where_the_table_says(environment: Environment) -> None:
    components = {each.name: each for plan in layer_plans(environment, RELEASE).values() for each in plan.components}
    for name, tool in tools_of(environment).items():
        assert components[name].namespace == tool.namespace
        assert components[name].chart == tool.chart


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
def test_every_link_names_a_secret_that_its_caller_has(environment: Environment) -> None:
    secrets: dict[str, set[str]] = {}
    for plan in layer_plans(environment, RELEASE).values():
        for each in plan.components:
            for secret in each.secrets:
                secrets.setdefault(secret.namespace or each.namespace, set()).add(secret.name)
            secrets.setdefault(each.namespace, set()).update(each.generated)
    missing = [
        f"{link.caller} to {link.called}: {link.secret}"
        for link in links_of(environment)
        if link.secret and link.caller in all_tools()
        if link.secret not in secrets.get(parties()[link.caller].namespace, set())
    ]
    assert missing == []


def test_every_end_of_a_link_is_known() -> None:
    known = parties()
    assert [link for link in links_of(ENVIRONMENTS[0]) if not {link.caller, link.called} <= set(known)] == []


@pytest.mark.parametrize("stack", PLANS)
def test_every_kind_that_we_write_is_brought_by_a_component_of_the_release(stack: str) -> None:
    provided = [each.provides for each in RELEASE.charts.values()]
    provided += [each.provides for each in RELEASE.manifests.values()]
    brought = {
        (f"{each.name.partition('.')[2]}/{each.version}", each.kind)
        for provides in provided
        for each in provides.definitions
    }
    written = {
        (each["apiVersion"], each["kind"])
        for component in PLANS[stack].components
        for each in (*component.before, *component.after)
    }
    foreign = {pair for pair in written if "." in pair[0].partition("/")[0] and not _is_built_in(pair[0])}
    assert sorted(foreign - brought) == []


def _is_built_in(version: str) -> bool:
    """Whether a group is Kubernetes' own; those of its special interest groups have definitions, as the gateway's."""
    group = version.partition("/")[0]
    own = ("rbac.authorization", "networking", "storage", "scheduling", "admissionregistration", "apiextensions")
    return group in {f"{each}.k8s.io" for each in own}
