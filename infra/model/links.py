"""Who talks to whom: the table `links.yaml`, as far as a document has both ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.model.tools import all_tools, section_of, tools_of
from infra.plain_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment

_HTTPS = 443


@dataclass(frozen=True)
class Party:
    """One end of a link: a tool, or somebody else.

    Its pods stand in a `namespace`, or in all namespaces with a `label`; `entity` is Cilium's word for what is no pod.
    """

    name: str
    title: str
    namespace: str = ""
    label: str = ""
    entity: str = ""


@dataclass(frozen=True)
class Link:
    """One party calls another one; see the head of `links.yaml`."""

    caller: str
    called: str
    address: str
    port: int
    identity: str
    secret: str
    why: str
    place: str = ""


@cache
def all_links() -> tuple[Link, ...]:
    """Return every link there can be, in the order of the table."""
    return tuple(_link(each) for each in _table()["links"])


@cache
def parties() -> Mapping[str, Party]:
    """Return everybody who can be an end of a link, by name: tools first."""
    tools = {name: Party(name, tool.title, tool.namespace) for name, tool in all_tools().items()}
    others = {name: Party(name, **each) for name, each in _table()["parties"].items()}
    return tools | others


def links_of(environment: Environment) -> tuple[Link, ...]:
    """Return the links both of whose ends are there, in the order of the table, with the ports that a document says."""
    absent = all_tools().keys() - tools_of(environment).keys()
    found = [link for link in all_links() if not {link.caller, link.called} & absent]
    said = [(link, section_of(environment, link.place) if link.place else link.port) for link in found]
    return tuple(replace(link, port=_port(link, each)) for link, each in said if each is not None)


def _port(link: Link, said: object) -> int:
    """Return a link's port out of what a document says: a port, a URL, or a section, which says nothing of ports."""
    if isinstance(said, int):
        return said
    return (urlsplit(said).port or _HTTPS) if isinstance(said, str) else link.port


@cache
def _table() -> dict[str, Any]:
    return dict(read_yaml(Path(__file__).with_name("links.yaml").read_text(encoding="utf-8")))


def _link(data: Mapping[str, Any]) -> Link:
    return Link(
        caller=data["from"],
        called=data["to"],
        address=data["address"],
        port=data["port"],
        identity=data["identity"],
        secret=data.get("secret", ""),
        why=data["why"],
        place=data.get("place", ""),
    )
