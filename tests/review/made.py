"""Parts of reviews that look like real ones: resources as the layers name them."""

from __future__ import annotations

from infra.review.machines import MACHINE
from infra.review.model import LayerReview, PropertyChange, ResourceChange, Staleness

STATE = Staleness(
    state="9f2c41d07be6a835",
    engine="v3.259.0",
    plugins=(("pulumi-vsphere", "4.18.2"), ("pulumi-kubernetes", "4.34.2")),
    revision="3f1d0c9a77e2b4f8c6a5d1e0b9387f6254c1d0aa",
    inventory_age_days=2,
)
GPU_TEMPLATE = "slipway:index:GpuTemplate"
COUNTS = {"compute": 61, "cluster": 214, "platform": 187, "toolchain": 240}  # resources, about as many as prod has


def changed(path: str, old: str, new: str, *, replaces: bool = False) -> PropertyChange:
    return PropertyChange(path, old, new, replaces)


def node(environment: str, name: str, operation: str, *properties: PropertyChange) -> ResourceChange:
    types = f"slipway:compute:NodePool$slipway:compute:Node${MACHINE}"
    urn = f"urn:pulumi:{environment}.compute::slipway::{types}::{name}"
    return ResourceChange(urn, MACHINE, name, name, operation, properties)  # type: ignore[arg-type]


def of_pool(
    environment: str, pool: str, type_: str, name: str, operation: str, *properties: PropertyChange
) -> ResourceChange:
    urn = f"urn:pulumi:{environment}.compute::slipway::slipway:compute:NodePool${type_}::{name}"
    return ResourceChange(urn, type_, name, pool, operation, properties)  # type: ignore[arg-type]


def thing(
    stack: str, component: str, type_: str, place: str, operation: str, *properties: PropertyChange, chart: bool = False
) -> ResourceChange:
    """Return an object of Kubernetes; one of a chart is named after it."""
    kind = type_.rpartition(":")[2]
    name = f"{component}:{place}" if chart else f"{kind}:{place}"
    above = "slipway:cluster:Component$kubernetes:helm.sh/v4:Chart" if chart else "slipway:cluster:Component"
    urn = f"urn:pulumi:{stack}::slipway::{above}$kubernetes:{type_}::{name}"
    return ResourceChange(urn, f"kubernetes:{type_}", name, component, operation, properties)  # type: ignore[arg-type]


def own(stack: str, type_: str, name: str, operation: str, *properties: PropertyChange) -> ResourceChange:
    """Return a resource of the layer itself."""
    return ResourceChange(f"urn:pulumi:{stack}::slipway::{type_}::{name}", type_, name, "", operation, properties)  # type: ignore[arg-type]


def layer(stack: str, *changes: ResourceChange, removed: tuple[str, ...] = (), noise: int = 0) -> LayerReview:
    environment, _, name = stack.partition(".")
    return LayerReview(
        environment,
        name,
        "changes" if changes else "no change",
        changes=changes,
        unchanged=max(COUNTS[name] - len(changes), 0),
        noise=(("settings of a provider that reach nothing by themselves", noise),) if noise else (),
        staleness=STATE,
        removed=removed,
    )


def quiet(environment: str, *names: str) -> tuple[LayerReview, ...]:
    """Return layers in which nothing changes."""
    return tuple(layer(f"{environment}.{name}") for name in names)
