"""What is told to Prometheus, where a document asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.model.environment import Environment

MONITORING = "kube-prometheus-stack"  # the component that brings the kinds ServiceMonitor and PodMonitor


def is_monitored(environment: Environment) -> bool:
    """Whether there is a Prometheus that looks for monitors."""
    return environment.platform.monitoring is not None


def monitors_needed(environment: Environment) -> tuple[str, ...]:
    """Return what has to be there before a component of this layer that has monitors; nothing without monitoring."""
    return (MONITORING,) if is_monitored(environment) else ()
