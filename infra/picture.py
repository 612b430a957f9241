"""The picture of the whole, made from the table of tools: layers, what is in them, what stands on what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.model.handover import LAYERS
from infra.model.tools import all_tools
from infra.render import render

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 1040  # of the picture, in pixels
_LEFT, _GAP, _MARGIN = 150, 8, 16  # pixels: column of titles, between boxes, at the edges
_BOX, _LINE = 26, 14  # pixels: height of a box, of a line of a layer's description
_CHARACTER = 6.6  # pixels: a character of a box's text, about
_BELOW = {
    "compute": ("virtual machines", "GPUs: passthrough, vGPU, MIG", "first boot: kubeadm, etcd", "placement rules"),
    "cluster": (
        "Cilium",
        "vSphere volumes",
        "certificates",
        "gateway",
        "GPU operator",
        "queues",
        "teams",
        "Dex sign-in",
    ),
}
_WHAT = {
    "compute": "machines on vSphere",
    "cluster": "Kubernetes on them",
    "platform": "what tools stand on",
    "toolchain": "CI/CD for AI",
}
# In the order in which they are shown; `ground` is what the others stand on.
_AREAS = (
    "ground", "code", "build", "test", "package", "release", "configuration", "monitoring", "data", "model", "app",
)  # fmt: skip
_CONFIGURATION = ("environments in git, this project", "configuration")


@dataclass(frozen=True)
class Box:
    """A box with a text: place and width in pixels, the area it belongs to."""

    x: float
    y: float
    width: float
    text: str
    area: str


@dataclass(frozen=True)
class Band:
    """A layer: place and height in pixels, its boxes."""

    name: str
    what: str
    y: float
    height: float
    boxes: tuple[Box, ...]


def whole_picture() -> str:
    """Return the picture as SVG, for light and dark pages."""
    bands: list[Band] = []
    y = float(_MARGIN)
    for layer in reversed(LAYERS):
        boxes, height = _placed(_contents(layer), y + _GAP)
        bands.append(Band(layer, _WHAT[layer], y, height, boxes))
        y += height + 14
    areas = sorted({box.area for band in bands for box in band.boxes if box.area}, key=_AREAS.index)
    values = {"bands": bands, "width": WIDTH, "height": y + 30, "areas": areas, "left": _LEFT, "margin": _MARGIN}
    return render("pages/whole.svg.j2", {**values, "box": _BOX})


def _contents(layer: str) -> list[tuple[str, str]]:
    """Return what is in a layer, with the area it belongs to."""
    if layer in _BELOW:
        return [(text, "") for text in _BELOW[layer]]
    found = [(tool.title, tool.area) for tool in all_tools().values() if tool.layer == layer]
    found += [_CONFIGURATION] if layer == LAYERS[-1] else []
    return sorted(found, key=lambda each: _AREAS.index(each[1]))


def _placed(contents: Iterable[tuple[str, str]], top: float) -> tuple[tuple[Box, ...], float]:
    """Return boxes in rows from left to right, and the height that they take."""
    boxes: list[Box] = []
    x, y = float(_LEFT), top
    for text, area in contents:
        width = len(text) * _CHARACTER + 20
        if x + width > WIDTH - _MARGIN - _GAP:
            x, y = float(_LEFT), y + _BOX + _GAP
        boxes.append(Box(round(x, 1), y, round(width, 1), text, area))
        x += width + _GAP
    return tuple(boxes), max(y + _BOX + _GAP - top + _GAP, 3 * _LINE + _GAP)
