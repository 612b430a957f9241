"""What `doctor` says of the layers on the machines, before there are any: settings of their stacks, charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.catalog import ROOT
from infra.charts.bundle import Bundle
from infra.components.bundle_check import ChartsMissing, check_bundle
from infra.components.settings import missing_settings
from infra.diagnosis import Diagnosis
from infra.layer_plans import layer_plans
from infra.operate.stack_files import stack_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release


def diagnose_upper_layers(environment: Environment, release: Release) -> Iterator[Diagnosis]:
    """Yield whether the layers on the machines have the settings and charts that they need."""
    plans = layer_plans(environment, release)
    for layer, plan in plans.items():
        stack = f"{environment.name}.{layer}"
        lines = missing_settings(stack, plan.settings, set(stack_settings(ROOT, stack)))
        for line in lines:
            found, _, fix = line.partition("; ")
            yield Diagnosis("settings", "wrong", found, fix)
        if plan.components and not lines:
            yield Diagnosis("settings", "right", f"{stack} has all that its components need")
    bundle = Bundle.of(ROOT, release)
    try:
        check_bundle(bundle, release, [each for plan in plans.values() for each in plan.components])
    except ChartsMissing as missing:
        for line in str(missing).splitlines():
            found, _, fix = line.partition("; ")
            yield Diagnosis("charts", "wrong", found, fix)
    else:
        said = (
            "contracts stand in for them; images: not checked"
            if bundle.kind == "contract"
            else "there, as the release pins them"
        )
        yield Diagnosis("charts", "right", said)
