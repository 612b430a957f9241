"""What the nodes of a pool need of a host, worked out from the request, the catalogue and what the cluster has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.model.gpu_boards import boards, boards_called, boards_of_types, parse_profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.gpu.free import FreeHost
    from infra.gpu.inventory import Host
    from infra.model.gpu import GpuRequest
    from infra.model.gpu_boards import Board

Kind = Literal["passthrough", "dynamic", "vgpu"]


@dataclass(frozen=True)
class Need:
    """GPUs of one node: `count` of one kind.

    For vGPUs `profile` is the name that hosts report and `type_name` what it takes of a GPU; for dynamic devices
    `label` is a hardware label ("" for any).
    """

    kind: Kind
    board: str
    count: int
    profile: str = ""
    type_name: str = ""
    label: str = ""

    def __str__(self) -> str:
        """Say it in words."""
        if self.kind == "vgpu":
            return f"{self.count} x {self.profile}"
        label = f" labelled {self.label}" if self.label else ""
        return f"{self.count} x {self.board}{label} ({self.kind})"

    @property
    def mig(self) -> bool:
        """Whether it is a MIG-backed vGPU."""
        return "-" in self.type_name

    def per_gpu(self) -> int:
        """Return how many of its vGPUs fit on one empty GPU."""
        profile = parse_profile(self.profile)
        return profile.per_gpu(boards()[self.board]) if profile else 0


class NoNeed(Exception):
    """A request that means nothing in a cluster; the text has reason and fix, with "; " between."""


def need_of(request: GpuRequest, hosts: Sequence[Host], cluster: str) -> Need:
    """Return what a request needs in a cluster, its names as the hosts have them. Raises `NoNeed`."""
    reported = sorted({name for host in hosts for name in host.profiles})
    if request.profile is not None:
        return _named_profile(request, request.profile, reported, cluster)
    board = _board_of_cluster(str(request.board), hosts, cluster)
    type_name = _type_name(request, board)
    if type_name is None:
        kind: Kind = "dynamic" if request.attachment == "dynamic" else "passthrough"
        return Need(kind, board.name, request.count, label=request.label or "")
    matching = [
        name for name in reported if (p := parse_profile(name)) and (p.types, p.type_name) == (board.types, type_name)
    ]
    wanted = board.profile_name(type_name)
    if not matching:
        raise NoNeed(f"no host of {cluster} reports profile {wanted}; {_reported(reported)}")
    name = wanted if wanted in matching else matching[0]
    return Need("vgpu", board.name, request.count, name, type_name)


def _named_profile(request: GpuRequest, name: str, reported: Sequence[str], cluster: str) -> Need:
    profile = parse_profile(name)
    candidates = boards_of_types(profile.types) if profile else []
    if profile is None or not candidates or not profile.per_gpu(candidates[0]):
        raise NoNeed(f"is no profile that the catalogue knows; {_reported(reported)}")
    if name not in reported:
        raise NoNeed(f"no host of {cluster} reports that profile; {_reported(reported)}")
    return Need("vgpu", candidates[0].name, request.count, name, profile.type_name)


def _reported(names: Sequence[str]) -> str:
    return f"profiles there: {', '.join(names)}" if names else "no host there reports any, see: ./slipway doctor"


def _board_of_cluster(name: str, hosts: Sequence[Host], cluster: str) -> Board:
    meant = {board.name for board in boards_called(name)}
    there = sorted({gpu.board for host in hosts for gpu in host.gpus if gpu.board})
    found = [each for each in there if each in meant]
    if not found:
        raise NoNeed(f"{cluster} has no {name}; boards there: {', '.join(there) or 'none'}")
    if len(found) > 1:
        raise NoNeed(f"{cluster} has several kinds of it; name one: {', '.join(found)}")
    return boards()[found[0]]


def _type_name(request: GpuRequest, board: Board) -> str | None:
    """Return what a share or MIG profile takes of a board, or None for a whole GPU."""
    if request.share is not None:
        parts = int(request.share.partition("/")[2])
        size = next((size for size, fitting in board.time_sliced.items() if fitting == parts), None)
        if size is None:
            shares = ", ".join(f"1/{fitting}" for fitting in sorted(board.time_sliced.values()))
            raise NoNeed(f"{board.name} has no profile of {request.share}; shares of it: {shares}")
        return f"{size}c"
    if request.mig is not None:
        slices, _, size_text = request.mig.removesuffix("gb").partition("g.")
        if f"{slices}-{size_text}" not in board.mig:
            known = ", ".join(f"{key.partition('-')[0]}g.{key.partition('-')[2]}gb" for key in board.mig)
            raise NoNeed(f"{board.name} has no MIG profile {request.mig}; it has {known or 'none'}")
        return f"{slices}-{size_text}c"
    return None


def slots(need: Need, host: FreeHost) -> int:
    """Return how many vGPUs or devices of a need a host could give, if nothing else came."""
    if need.kind == "vgpu":
        if need.profile not in host.profiles:
            return 0
        return sum(room_on(need, gpu.taken) for gpu in host.shared if (gpu.board, gpu.mig) == (need.board, need.mig))
    return sum(1 for gpu in host.devices if gpu.board == need.board and need.label in ("", gpu.label))


def room_on(need: Need, taken: Mapping[str, int]) -> int:
    """Return how many vGPUs of a need one GPU can still carry: none beside another size or another MIG profile."""
    if any(type_name != need.type_name for type_name, number in taken.items() if number):
        return 0
    return max(need.per_gpu() - taken.get(need.type_name, 0), 0)
