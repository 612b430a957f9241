"""The Pulumi program: stack name -> environment and layer -> build it -> export its hand-over."""

from __future__ import annotations

from importlib import import_module
from typing import Any, get_args

import pulumi

from infra.catalog import ROOT, Catalog
from infra.errors import UnknownStack
from infra.for_real import check_in_this_rehearsal, check_passphrase, check_release
from infra.model.handover import HANDOVER, LAYERS, Layer
from infra.rotations import check_rotations


def run() -> None:
    """Build the layer that the selected stack names, and export its hand-over.

    Raises `UnknownStack` for a stack that is not `<environment>.<layer>`, and `DocumentsRefused` before any resource
    is registered, also for a release that is not pinned.
    """
    environment_name, layer = split_stack(pulumi.get_stack())
    catalog = Catalog()
    environment, release = catalog.load(environment_name)
    check_release(ROOT, release)
    check_rotations(catalog, environment, release)
    check_passphrase(pulumi.get_stack())
    check_in_this_rehearsal(environment_name)
    build = import_module(f"infra.{layer}.layer").build
    handover = build(environment, release, _below(environment_name, layer))
    pulumi.export(HANDOVER, handover.outputs())


def _below(environment: str, layer: Layer) -> pulumi.Output[dict[str, Any]] | None:
    """Return what the layer below hands over; nothing lies below the lowest."""
    lower = lower_layer(layer)
    if lower is None:
        return None
    stack = f"{environment}.{lower}"
    reference = pulumi.StackReference(
        f"{environment}.{lower}", f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    )
    return reference.require_output(HANDOVER)


def lower_layer(layer: Layer) -> Layer | None:
    """Return the layer that one stands on, or None for the lowest."""
    index = LAYERS.index(layer)
    return LAYERS[index - 1] if index else None


def split_stack(stack: str) -> tuple[str, Layer]:
    """Return environment name and layer of a stack name. Raises `UnknownStack`."""
    environment, _, layer_name = stack.rpartition(".")
    for layer in get_args(Layer):
        if environment and layer == layer_name:
            return environment, layer
    raise UnknownStack(stack, LAYERS)
