"""The addresses that a document asks for, read as far as they can be, whatever else is wrong with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

from infra.model.addresses import AddressRange
from infra.model.text_rules import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS = ("network", "firstBoot", "controlPlane", "nodePools", "cluster")
_NOT_ASKED_FOR = "exceptions"  # of the proxy: they say what is reached directly, not whose it is
API_ADDRESS = "network.apiAddress"


@dataclass(frozen=True)
class Claims:
    """What the document of an `environment` asks for, that of its file's name.

    `server` is its vCenter and `cidr` its node network, None where they can't be read; `ranges` are its addresses by
    path, single ones as ranges of one. An address within another range of the document goes with that.
    """

    environment: str
    server: str | None
    cidr: IPv4Network | None
    ranges: dict[str, AddressRange]

    def may_share_network(self, cidr: IPv4Network) -> bool:
        """Whether its nodes stand in a network, as far as that can be read."""
        return self.cidr is None or self.cidr.overlaps(cidr)


def claims_of(environment: str, data: Any) -> Claims:  # noqa: ANN401 - a document can hold anything
    """Return what a document asks for, from its plain data."""
    found = [each for section in _SECTIONS for each in _addresses(_in(data, section), section)]
    ranges: dict[str, AddressRange] = {}
    for path, addresses in sorted(found, key=lambda each: -each[1].size):  # equal ones stay in the document's order
        if not any(addresses.first in kept and addresses.last in kept for kept in ranges.values()):
            ranges[path] = addresses
    server = _in(_in(data, "vcenter"), "server")
    cidr = None
    with suppress(ValueError):
        cidr = IPv4Network(str(_in(_in(data, "network"), "cidr")), strict=False)
    return Claims(environment, server if isinstance(server, str) else None, cidr, ranges)


def _in(node: Any, key: str) -> Any:  # noqa: ANN401
    return node.get(key) if isinstance(node, dict) else None


def _addresses(node: Any, path: str) -> Iterator[tuple[str, AddressRange]]:  # noqa: ANN401
    """Yield every address and range that stands in a part of a document, with its path."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key != _NOT_ASKED_FOR:
                yield from _addresses(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _addresses(value, f"{path}[{index}]")
    elif isinstance(node, str):
        with suppress(ValueError):
            yield path, _read(node)


def _read(text: str) -> AddressRange:
    """Return the range, the address or the URL's address that a text is. Raises `ValueError`."""
    if "-" in text and "://" not in text:
        return AddressRange.parse(text)
    address = IPv4Address(host_of(text) if "://" in text else text)
    return AddressRange(address, address)
