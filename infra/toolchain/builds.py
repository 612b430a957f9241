"""Where builds run: a namespace with the login of the registry and the keys that sign, and the templates of pipelines.

Teams start what runs here by a push or by a model that has passed, and can look at it. They can't make runs here
themselves, so the keys are used for nothing but what the templates do. Steps with GPUs run in a team's namespace, where
its queue is; here there are none.

The namespace is a privileged one, as BuildKit mounts file systems: it is root in a user namespace of its own, which Pod
Security's levels do not tell from root of the node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.authorities import authorities
from infra.components.component import Component, FilledSecret, Manifest, manifest
from infra.components.registry import BUILDS as ROBOT
from infra.components.registry import handed_robot_password, login_secret
from infra.model.gpu_kinds import RESOURCE
from infra.model.tools import tools_of
from infra.toolchain.code import BUILDS_PASSWORD
from infra.toolchain.code_organizations import BUILDS as GIT_USER
from infra.toolchain.events import NAMESPACE as EVENTS
from infra.toolchain.events import STARTER
from infra.toolchain.pipeline_accounts import accounts_first, build_viewers, runner
from infra.toolchain.pipelines import bucket_login
from infra.toolchain.signing import key_secret
from infra.toolchain.workflow_templates import (
    GIT_SECRET,
    PUSH_SECRET,
    buildkit_configuration,
    workflow_templates,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "builds"
NAMESPACE = "builds"
_RBAC = "rbac.authorization.k8s.io/v1"


def builds(environment: Environment, release: Release) -> Component:
    """Return the namespace of builds, and the templates that runs here and in the teams' namespaces use."""
    accounts, others = accounts_first([*runner(NAMESPACE), *build_viewers(environment)])
    return Component(
        NAME,
        NAMESPACE,
        needs=("argo-workflows",),
        privileged=True,
        secrets=tuple(_secrets(environment)),
        before=(*authorities(environment, NAMESPACE), buildkit_configuration(environment), *accounts),
        after=(
            *others,
            *_starter(),
            _no_gpus(),
            *workflow_templates(environment, release),
        ),
    )


def _secrets(environment: Environment) -> Iterator[FilledSecret]:
    yield bucket_login()
    yield login_secret(environment, ROBOT, handed_robot_password(ROBOT), name=PUSH_SECRET)
    yield FilledSecret(
        GIT_SECRET, (BUILDS_PASSWORD,), lambda values: {"username": GIT_USER, "password": values[BUILDS_PASSWORD]}
    )
    if "signing" in tools_of(environment):
        yield key_secret()


def _starter() -> tuple[Manifest, ...]:
    """Return what lets Argo Events begin runs here: it makes them, and can neither read nor change them."""
    rules = [{"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["create"]}]
    role = {"kind": "Role", "name": STARTER, "apiGroup": "rbac.authorization.k8s.io"}
    subjects = [{"kind": "ServiceAccount", "name": STARTER, "namespace": EVENTS}]
    return (
        manifest("Role", _RBAC, STARTER, NAMESPACE, rules=rules),
        manifest("RoleBinding", _RBAC, STARTER, NAMESPACE, roleRef=role, subjects=subjects),
    )


def _no_gpus() -> Manifest:
    """Return what keeps GPUs to the teams' namespaces: without a queue they would go round all quotas."""
    return manifest("ResourceQuota", "v1", "no-gpus", NAMESPACE, spec={"hard": {f"requests.{RESOURCE}": "0"}})
