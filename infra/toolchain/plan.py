"""What the toolchain layer makes of an environment's document: its components in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.tooling import plan_tools
from infra.toolchain.applications import applications
from infra.toolchain.builds import builds
from infra.toolchain.code import gitea
from infra.toolchain.data import lakefs
from infra.toolchain.delivery import argo_cd, argo_rollouts
from infra.toolchain.events import argo_events
from infra.toolchain.experiments import mlflow
from infra.toolchain.notebooks import jupyterhub
from infra.toolchain.pipelines import argo_workflows
from infra.toolchain.policies import kyverno
from infra.toolchain.serving import serving, serving_kinds
from infra.toolchain.signing import signing
from infra.toolchain.training import kubeflow_trainer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.components.plan import LayerPlan
    from infra.components.tooling import Maker
    from infra.model.environment import Environment
    from infra.model.release import Release

LAYER = "toolchain"
MAKERS: Mapping[str, Maker] = {
    "gitea": gitea,
    "argo-workflows": argo_workflows,
    "argo-events": argo_events,
    "builds": builds,
    "kyverno": kyverno,
    "signing": signing,
    "argo-cd": argo_cd,
    "argo-rollouts": argo_rollouts,
    "applications": applications,
    "lakefs": lakefs,
    "mlflow": mlflow,
    "kubeflow-trainer": kubeflow_trainer,
    "jupyterhub": jupyterhub,
    "kserve-crd": serving_kinds,
    "kserve": serving,
}


def plan_toolchain(environment: Environment, release: Release) -> LayerPlan:
    """Return the toolchain layer of an environment."""
    return plan_tools(environment, release, LAYER, MAKERS)
