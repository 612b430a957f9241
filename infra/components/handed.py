"""What a layer needs of the one below that this does not hand over yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import PersonError

if TYPE_CHECKING:
    from collections.abc import Iterable


class NotHandedOver(PersonError):
    """Names that the layer below hands over only once it has been brought up as the document says now."""

    def __init__(self, stack: str, names: Iterable[str]) -> None:
        environment = stack.rpartition(".")[0]
        said = f"the layer below does not hand over {', '.join(names)} yet"
        super().__init__(f"{stack}: {said}; bring that up first: ./slipway up {environment}")
