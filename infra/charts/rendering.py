"""Rendering charts without a cluster, by the Helm that Pulumi's Kubernetes plugin has inside.

The plugin's render mode (`renderYamlToDirectory`) does not serve here: `helm.v4.Chart` asks for a cluster before it
renders. The function behind `helm.v3.Chart` asks for none, and takes the cluster's version and kinds as arguments.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import automation

from infra.charts.record import components_of
from infra.errors import MissingProgram, StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.release import Release

_NO_PLUGIN = "resource plugin 'pulumi-resource-kubernetes'"  # the engine's words when it has none
_FRAME = "failed to generate YAML for specified Helm chart: failed to create chart from template: "  # the plugin's own
_PACKAGE = "pulumi-kubernetes"


@dataclass(frozen=True)
class ChartToRender:
    """An unpacked chart and the values that it is given."""

    folder: Path
    values: dict[str, Any]


def render_charts(charts: Mapping[str, ChartToRender], release: Release) -> dict[str, list[Any]]:
    """Return the Kubernetes objects of charts, by name, for a cluster of a release; its hooks are among them.

    Needs the engine on PATH. Raises `StepFailed` with Helm's words for a chart that can't be rendered, `MissingProgram`
    without Pulumi's Kubernetes plugin.
    """
    rendered: dict[str, list[Any]] = {}
    begun: list[str] = []

    def program() -> None:
        for name, chart in charts.items():
            begun.append(name)
            rendered[name] = _objects(chart, release)

    with TemporaryDirectory() as folder:
        try:
            _stack(Path(folder), program).preview(color="never")
        except automation.CommandError as error:
            raise _failure(begun[-1] if begun else "charts", str(error)) from None
    return rendered


def known_kinds(release: Release) -> list[str]:
    """Return the kinds that a release's components add to a cluster, as charts ask for them: `group/version/Kind`."""
    definitions = [each for _, component in components_of(release) for each in component.provides.definitions]
    versions = {f"{each.name.partition('.')[2]}/{each.version}" for each in definitions}
    kinds = {f"{each.name.partition('.')[2]}/{each.version}/{each.kind}" for each in definitions}
    return sorted(versions | kinds)


def _objects(chart: ChartToRender, release: Release) -> list[Any]:
    asked = {
        "path": str(chart.folder.absolute()),
        "release_name": chart.folder.name,
        "namespace": "default",
        "kube_version": release.kubernetes.version,
        "api_versions": known_kinds(release),
        "values": chart.values,
    }
    options = pulumi.InvokeOptions(version=version(_PACKAGE))
    answer = pulumi.runtime.invoke("kubernetes:helm:template", {"jsonOpts": json.dumps(asked)}, options)
    return list((answer.value or {}).get("result", []))


def _stack(folder: Path, program: automation.PulumiFn) -> automation.Stack:
    """Return a stack that is thrown away with its folder, state and all; no cluster of the person's is asked."""
    state = folder / "state"
    state.mkdir()
    variables = {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "nothing is kept",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "KUBECONFIG": "/dev/null",
    }
    options = automation.LocalWorkspaceOptions(work_dir=str(folder), env_vars=variables)
    return automation.create_stack("render", project_name="slipway-bundle", program=program, opts=options)


def _failure(name: str, said: str) -> StepFailed | MissingProgram:
    """Return what the engine's words mean."""
    helm = re.findall(r"returned an error: (.+)$", said, re.MULTILINE)
    if helm:
        return StepFailed(f"{name}: rendering it", helm[-1].removeprefix(_FRAME))
    if _NO_PLUGIN in said:
        wanted = version(_PACKAGE)
        fix = f"run where there is internet: pulumi plugin install resource kubernetes {wanted}"
        return MissingProgram(f"Pulumi's Kubernetes plugin {wanted}", fix)
    errors = re.findall(r"error: (.+)$", said, re.MULTILINE)
    return StepFailed(f"{name}: rendering it", errors[-1] if errors else said)
