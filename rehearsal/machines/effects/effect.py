"""What every played effect is given, and what it has to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.machines.api import Api
    from rehearsal.machines.description import Hardware


@dataclass(frozen=True)
class Container:
    """Where an effect runs: its pod, the machine's hardware, and the API with the rights of the pod's own account."""

    pod: dict[str, Any]
    hardware: Hardware
    api: Api | None = None

    @property
    def node(self) -> str:
        """The name of the node that it runs on."""
        return str(self.pod["spec"]["nodeName"])

    @property
    def namespace(self) -> str:
        """The namespace of its pod."""
        return str(self.pod["metadata"]["namespace"])

    @property
    def kubernetes(self) -> Api:
        """The API. Raises `RuntimeError` for an effect that does not ask it."""
        if self.api is None:
            raise RuntimeError("effects.yaml does not say that this effect asks the API")
        return self.api


class Effect(ABC):
    """One effect that a container plays. It is looked at again and again while its pod runs."""

    pause = 2.0  # seconds between two looks

    @abstractmethod
    def look(self, container: Container) -> None:
        """Bring about what is not there yet. Raises `httpx.HTTPError` with what the API says."""

    def stop(self) -> None:  # noqa: B027 - most take nothing away
        """Take away what the real container takes away when it ends."""
