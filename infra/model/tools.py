"""What runs in the layers platform and toolchain, as far as others have to know of it: the table `tools.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.model.base import document_key
from infra.plain_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment


@dataclass(frozen=True)
class Address:
    """A place where people reach a tool: `<name>.<the gateway's domain>`, led to a `service` of its namespace.

    `sign_in` is `own` (it asks Dex itself), `gateway` (the gateway asks Dex) or `none`; `callbacks` are the paths that
    Dex may send people back to; `people` says who may come in where the gateway looks at them.
    """

    name: str
    title: str
    service: str
    port: int
    sign_in: str
    callbacks: tuple[str, ...]
    people: str

    def host(self, domain: str) -> str:
        """Return its host name."""
        return f"{self.name}.{domain}"

    @property
    def client(self) -> str:
        """Its name as a client of the issuer of people's tokens, and that of its password there."""
        return f"client-{self.name}"


@dataclass(frozen=True)
class Tool:
    """A component of the layers platform and toolchain; see the head of `tools.yaml`."""

    component: str
    title: str
    area: str
    layer: str
    section: str
    choice: str
    namespace: str
    needs: tuple[str, ...]
    chart: bool
    has_pods: bool
    database: str
    buckets: tuple[str, ...]
    addresses: tuple[Address, ...]

    def is_wanted(self, environment: Environment) -> bool:
        """Whether a document asks for it."""
        asked = section_of(environment, self.section)
        return asked not in (None, False) and self.choice in ("", getattr(asked, "kind", ""))


GATEWAY_CALLBACK = "/oauth2/callback"  # Envoy Gateway's own, where it signs people in for a tool


@cache
def all_tools() -> Mapping[str, Tool]:
    """Return every tool there is, by its component, in the order of the table."""
    file = Path(__file__).with_name("tools.yaml")
    return {name: _tool(name, each) for name, each in read_yaml(file.read_text(encoding="utf-8")).items()}


def tools_of(environment: Environment, layer: str = "") -> dict[str, Tool]:
    """Return the tools that a document asks for, by their component; with `layer` those of one layer."""
    return {
        name: tool for name, tool in all_tools().items() if layer in ("", tool.layer) and tool.is_wanted(environment)
    }


def reachable(environment: Environment, tool: Tool) -> tuple[Address, ...]:
    """Return the addresses of a tool that are led to it: none without a gateway.

    Where the gateway would have to sign people in and nobody can, the tool is reached from inside the cluster alone.
    """
    if environment.cluster.gateway is None:
        return ()
    nobody = environment.cluster.sign_in is None
    return tuple(each for each in tool.addresses if not (nobody and each.sign_in == "gateway"))


def section_of(environment: Environment, path: str) -> Any:  # noqa: ANN401 - a section of any model
    """Return what stands at a dotted path of a document, or None where something on the way is missing."""
    found: Any = environment
    for key in path.split("."):
        if found is None:
            return None
        names = {document_key(name): name for name in type(found).model_fields}
        found = getattr(found, names[key])
    return found


def _tool(name: str, data: Mapping[str, Any]) -> Tool:
    return Tool(
        component=name,
        title=data["title"],
        area=data["area"],
        layer=data["layer"],
        section=data["section"],
        choice=data.get("choice", ""),
        namespace=data["namespace"],
        needs=tuple(data.get("needs", ())),
        chart=data.get("chart", True),
        has_pods=data.get("pods", data.get("chart", True)),
        database=data.get("database", ""),
        buckets=tuple(data.get("buckets", ())),
        addresses=tuple(_address(key, each) for key, each in data.get("addresses", {}).items()),
    )


def _address(name: str, data: Mapping[str, Any]) -> Address:
    own = tuple(data.get("callbacks", ()))
    callbacks = (GATEWAY_CALLBACK,) if data["signIn"] == "gateway" else own
    people = data.get("people", "")
    return Address(name, data["title"], data["service"], data["port"], data["signIn"], callbacks, people)
