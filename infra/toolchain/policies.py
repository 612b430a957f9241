"""Kyverno: looks at what is to run in the teams' namespaces, and at nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.authorities import authorities, trust_of_pods
from infra.components.component import TEAM_LABEL, Component, chart_values, fingerprint, manifest
from infra.components.registry import PULL, PULL_SECRET, handed_robot_password, login_secret

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "kyverno"
NAMESPACE = "kyverno"
POLICIES = "policies.kyverno.io/v1"
_ENOUGH_NODES = 3  # for as many pods that answer, each on a node of its own
# What its webhooks let pass once they work; it is not made.
_PROBE = manifest(
    "ValidatingPolicy",
    POLICIES,
    "probe",
    spec={
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ]
        },
        "validations": [{"expression": "true"}],
    },
)


def kyverno(environment: Environment, release: Release) -> Component:
    """Return Kyverno; its policies are those of other components."""
    del release
    trusted = authorities(environment, NAMESPACE)
    trust = trust_of_pods(environment)
    values = {
        "team_label": TEAM_LABEL,
        "replicas": replicas(environment),
        "login": PULL_SECRET,
        "variables": trust["env"],
        "volumes": trust["volumes"],
        "mounts": trust["volumeMounts"],
        "fingerprint": fingerprint({"authorities": trusted}),
        "monitored": environment.platform.monitoring is not None,
    }
    return Component(
        NAME,
        NAMESPACE,
        chart=True,
        values=chart_values(f"toolchain/{NAME}", values),
        secrets=(login_secret(environment, PULL, handed_robot_password(PULL)),),
        before=trusted,
        probe=(f"/apis/{POLICIES}/validatingpolicies", _PROBE),
    )


def replicas(environment: Environment) -> int:
    """Return how many pods answer the API server: several where each of them finds a node of its own."""
    return _ENOUGH_NODES if environment.untainted_workers() >= _ENOUGH_NODES else 1
