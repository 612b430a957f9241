"""What was approved is what runs: a seal is held against what would happen now, before anything is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.operate.review_layers import review_layers
from infra.review.seal import PlanRefused, check_sealed
from infra.review.seal_file import read_seal

if TYPE_CHECKING:
    from pathlib import Path

    from infra.operate.engine import LayerStack
    from infra.review.seal import Seal


class Approved:
    """A seal that a run keeps to, layer by layer; `ran` are the stacks that it has carried out."""

    def __init__(self, environment: str, seal: Seal) -> None:
        self._environment = environment
        self._seal = seal
        self._ran: list[str] = []

    @classmethod
    def of(cls, environment: str, file: Path, approved_hash: str) -> Approved:
        """Return the seal of a file. Raises `PlanRefused` for one that is broken, or is not the approved one."""
        return cls(environment, read_seal(file, approved_hash))

    def check(self, stacks: list[str]) -> None:
        """Preview stacks, and raise `PlanRefused` unless they would do what was approved."""
        reviewed = review_layers(self._environment, stacks)
        missing = [
            f"{each.layer.stack}: {each.layer.verdict}: {each.layer.reason}" for each in reviewed if each.sealed is None
        ]
        if missing:
            fix = "review it again, and have that approved"
            raise PlanRefused("\n".join([*missing, f"what can't be previewed can't be held against the seal; {fix}"]))
        check_sealed(self._seal, [each.sealed for each in reviewed if each.sealed is not None], self._ran)

    def check_next(self, stack: LayerStack) -> None:
        """Hold a layer against the seal once more, where others ran before it: it may stand on something else now."""
        if self._ran:
            self.check([stack.name])

    def has_run(self, stack: LayerStack) -> None:
        """Note that a layer has been carried out."""
        self._ran.append(stack.name)
