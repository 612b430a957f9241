"""What a pool with GPUs asks of its cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.model.environment import pool_path

if TYPE_CHECKING:
    from infra.gpu.need import Need
    from infra.model.environment import Environment

MIB_PER_GIB = 1024


@dataclass(frozen=True)
class Asked:
    """A pool with GPUs: its nodes, what each needs, and how they may stand.

    `environment` is the name of another environment of the vCenter that the pool is of, "" for the one that is planned.
    """

    name: str
    nodes: tuple[str, ...]
    cluster: str
    need: Need
    memory_mib: int
    apart: bool
    placement: str
    survives: bool
    environment: str = ""

    def __str__(self) -> str:
        """Name the pool as its document does, and the document when it is another one."""
        return pool_path(self.name) + (f" of {self.environment}" if self.environment else "")


def asked_pool(environment: Environment, name: str, need: Need, *, other: bool = False) -> Asked:
    """Return what a pool of an environment asks, each of its nodes having a need; `other`: it is a neighbour's."""
    pool = environment.node_pools[name]
    assert pool.gpu is not None  # noqa: S101 - the callers ask for pools with GPUs alone
    return Asked(
        name=name,
        nodes=tuple(environment.node_name(name, ordinal) for ordinal in range(1, pool.count + 1)),
        cluster=environment.cluster_of(pool),
        need=need,
        memory_mib=pool.memory_gib * MIB_PER_GIB,
        apart=pool.anti_affinity == "required",
        placement=pool.gpu.placement,
        survives=pool.gpu.survive_host_loss,
        environment=environment.name if other else "",
    )
