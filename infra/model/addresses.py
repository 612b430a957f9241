"""Domain types of networks: addresses, networks in CIDR notation, ranges of addresses.

Each validator raises `ValueError` with "reason; fix"; the catalogue adds file, line, path and value.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import BeforeValidator, GetPydanticSchema, WithJsonSchema
from pydantic_core import core_schema

LONGEST_PREFIX = 29  # a /29 has six addresses: gateway and nodes
LARGEST_SERVICES = 12  # kube-apiserver: --service-cluster-ip-range takes a prefix of 12 bits or more
SMALLEST_SERVICES = 24  # leaves room for some 250 Services
# IANA IPv4 Special-Purpose Address Registry (RFC 6890): none of these can be routed as a network of machines.
_SPECIAL = tuple(IPv4Network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))


def _address(value: Any) -> IPv4Address:  # noqa: ANN401 - a document can hold anything
    if not isinstance(value, str | IPv4Address):
        raise ValueError("is not an IPv4 address; write four numbers with dots, for example 10.20.0.1")  # noqa: TRY004
    try:
        return IPv4Address(value)
    except ValueError:
        raise ValueError("is not an IPv4 address; write four numbers with dots, for example 10.20.0.1") from None


def _written_network(value: Any) -> IPv4Network:  # noqa: ANN401 - a document can hold anything
    example = "write a network and its prefix length, for example 10.20.0.0/24"
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(f"is not an IPv4 network; {example}")
    try:
        return IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError(f"is not an IPv4 network; {example}") from None


def _has_host_bits(value: str, network: IPv4Network) -> bool:
    return IPv4Address(value.partition("/")[0]) != network.network_address


def _network(value: Any) -> IPv4Network:  # noqa: ANN401 - a document can hold anything
    network = _written_network(value)
    if network.prefixlen > LONGEST_PREFIX:
        raise ValueError(f"has no room for nodes; use a prefix length of {LONGEST_PREFIX} or less")
    if any(network.overlaps(special) for special in _SPECIAL):
        raise ValueError(
            "is loopback, link-local, multicast or reserved; use a private network, for example 10.20.0.0/24"
        )
    if _has_host_bits(value, network):  # last: what it proposes has to be right
        raise ValueError(f"has host bits set; did you mean {network}?")
    return network


def _service_network(value: Any) -> IPv4Network:  # noqa: ANN401 - a document can hold anything
    network = _written_network(value)
    fits = LARGEST_SERVICES <= network.prefixlen <= SMALLEST_SERVICES
    if _has_host_bits(value, network) and not fits:  # the rules would refuse the network that it is in
        sizes = f"from {LARGEST_SERVICES} to {SMALLEST_SERVICES}"
        raise ValueError(f"has host bits set; use a prefix length {sizes}, for example 10.96.0.0/16")
    return _network(value)


Address = Annotated[IPv4Address, BeforeValidator(_address), WithJsonSchema({"type": "string", "format": "ipv4"})]
Network = Annotated[
    IPv4Network,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9.]+/[0-9]{1,2}$"}),
]
ServiceNetwork = Annotated[
    IPv4Network,
    BeforeValidator(_service_network),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9.]+/[0-9]{1,2}$"}),
]


@dataclass(frozen=True)
class AddressRange:
    """A run of IPv4 addresses, both ends included, written `10.20.0.20-10.20.0.39`."""

    first: IPv4Address
    last: IPv4Address

    @property
    def size(self) -> int:
        """How many addresses it has."""
        return int(self.last) - int(self.first) + 1

    def at(self, ordinal: int) -> IPv4Address:
        """Return the address of a node; `ordinal` counts from 1. Raises `IndexError` past the end."""
        if not 1 <= ordinal <= self.size:
            raise IndexError(f"{self} has no address number {ordinal}")
        return self.first + (ordinal - 1)

    def overlaps(self, other: AddressRange) -> bool:
        """Whether the two have an address in common."""
        return self.first <= other.last and other.first <= self.last

    def __contains__(self, address: IPv4Address) -> bool:
        return self.first <= address <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @classmethod
    def parse(cls, value: Any) -> AddressRange:  # noqa: ANN401 - a document can hold anything
        """Read `first-last`. Raises `ValueError` with reason and fix."""
        if isinstance(value, cls):
            return value
        example = "write first and last address, for example 10.20.0.20-10.20.0.39"
        if not isinstance(value, str):
            raise ValueError(f"is not an address range; {example}")  # noqa: TRY004 - pydantic wants ValueError
        first, separator, last = value.partition("-")
        try:
            both = IPv4Address(first.strip()), IPv4Address(last.strip())
        except ValueError:
            raise ValueError(f"is not an address range; {example}") from None
        if not separator or both[0] > both[1]:
            raise ValueError(f"ends before it begins; did you mean {both[1]}-{both[0]}?")
        return cls(*both)


AddressRangeText = Annotated[
    AddressRange,
    GetPydanticSchema(
        lambda _source, _handler: core_schema.no_info_plain_validator_function(
            AddressRange.parse, serialization=core_schema.to_string_ser_schema()
        )
    ),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9.]+ *- *[0-9.]+$"}),
]
