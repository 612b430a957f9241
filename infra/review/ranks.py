"""How dangers are ranked: the smaller, the sooner a person should see it. Pure."""

from __future__ import annotations

FAILED = 1  # nobody knows what would happen
PROTECTED = 2  # somebody has said that it must stay
LOST = 3  # data, a cluster or an identity, for good
SWITCHED_OFF = 4  # a tool or a node pool
CONTROL_PLANE = 5  # nodes of it are away
GPU_NODES = 6  # nodes with GPUs are away
CASCADE = 7  # one replacement that others follow from
NODES = 8  # other nodes are away
INTERRUPTED = 9  # something does not work for a while, or people have to do something


def is_grave(rank: int) -> bool:
    """Whether what has this rank can't be undone, or is not known."""
    return rank <= SWITCHED_OFF
