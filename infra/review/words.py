"""How things are called in a report: kinds, names, places, numbers of them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.review.model import ResourceChange

OPERATIONS = {
    "create": "new",
    "update": "changed",
    "replace": "replaced",
    "delete": "removed",
    "forget": "forgotten",
    "import": "taken over",
    "other": "changed in a way that is not known here",
}
SITE, ITSELF = "site", "the layer itself"
_KUBERNETES = "kubernetes:"
_PROVIDER = "pulumi:providers:"
_CAPITALS = {"Gpu": "GPU", "Gpus": "GPUs", "Drs": "DRS", "Vm": "VM", "Api": "API"}  # what stays as it is written
_PARTS = re.compile(r"[A-Z][a-z0-9]*|[a-z0-9]+")
_NUMBERED = re.compile(r"(.*-)(0|[1-9][0-9]{0,8})( \(.*\))?", re.DOTALL)
_RUN = 3  # numbered names that are told as one
_NODE = "$slipway:compute:Node$"
_OF_SITE = "::slipway:compute:Site$"


def kind_of(type_: str) -> str:
    """Return what people call a kind: `Deployment` in Kubernetes, else words, as `virtual machine`."""
    if type_.startswith(_PROVIDER):
        return "connection"
    last = type_.rpartition(":")[2]
    if type_.startswith(_KUBERNETES):
        return last
    return " ".join(_CAPITALS.get(part, part.lower()) for part in _PARTS.findall(last)) or type_


def plural(kind: str) -> str:
    """Return the plural of a kind."""
    if kind.endswith(("ss", "x", "ch", "sh")):
        return f"{kind}es"
    if kind.endswith("s"):
        return kind
    if kind.endswith("y") and not kind.endswith(("ay", "ey", "oy")):
        return f"{kind[:-1]}ies"
    return f"{kind}s"


def number_of(number: int, kind: str) -> str:
    """Return a number of things of a kind in words: `1 Deployment`, `3 policies`."""
    return f"1 {kind}" if number == 1 else f"{number:,} {plural(kind)}"


def things(number: int) -> str:
    """Return a number of things in words."""
    return "1 thing" if number == 1 else f"{number:,} things"


def short_name(change: ResourceChange) -> str:
    """Return a resource's own name, as `harbor/harbor-core`: without what tells it apart from others in the engine."""
    prefix, _, rest = change.name.partition(":")
    return rest if rest and prefix and change.type.startswith(_KUBERNETES) else change.name


def place_of(environment: str, change: ResourceChange) -> str:
    """Return what a resource belongs to: a tool by its name, `node pool cpu`, the site, or the layer itself."""
    if _NODE in change.urn:
        return f"node pool {pool_of(environment, change.component or change.name)}"
    if "slipway:compute:NodePool$" in change.urn:
        return f"node pool {change.component}"
    if _OF_SITE in change.urn:
        return SITE
    return change.component or ITSELF


def pool_of(environment: str, node: str) -> str:
    """Return the pool that a node is of, from its name: `<environment>-<pool>-<number>`."""
    return node.removeprefix(f"{environment}-").rpartition("-")[0] or node


def neutral(environment: str, name: str) -> str:
    """Return a name without the environment's at its beginning, so that names of several can be compared."""
    if name == environment:
        return "*"
    return f"*-{name[len(environment) + 1 :]}" if name.startswith(f"{environment}-") else name


def in_words(names: Sequence[str]) -> str:
    """Return names as a list that is read: `dev, staging and prod`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def some(names: Sequence[str], most: int = 8) -> str:
    """Return names as a list that is read; of many the first ones, and how many there are besides."""
    if len(names) <= most:
        return in_words(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def runs(names: Sequence[str]) -> list[tuple[str, int]]:
    """Return names with those that are numbered one after the other as one: `cpu-1 to cpu-4`, and how many that is.

    What stands in brackets behind a name has to be the same.
    """
    found: list[tuple[str, int]] = []
    begun: list[tuple[str, int, str]] = []  # the run that is being read: stem, number, what stands behind
    for name in (*names, ""):
        match = _NUMBERED.fullmatch(name)
        here = (match[1], int(match[2]), match[3] or "") if match else None
        if here and begun and here == (begun[-1][0], begun[-1][1] + 1, begun[-1][2]):
            begun.append(here)
            continue
        found += _run(begun)
        begun = [here] if here else []
        if not here and name:
            found.append((name, 1))
    return found


def _run(begun: Sequence[tuple[str, int, str]]) -> list[tuple[str, int]]:
    if len(begun) < _RUN:
        return [(f"{stem}{number}{behind}", 1) for stem, number, behind in begun]
    (stem, first, behind), (_, last, _) = begun[0], begun[-1]
    return [(f"{stem}{first} to {stem}{last}{behind}", len(begun))]


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what names are sorted by so that `cpu-10` comes after `cpu-2`."""
    parts = re.split(r"(\d+)", name)
    return tuple((0, int(part), part) if index % 2 else (1, 0, part) for index, part in enumerate(parts))
