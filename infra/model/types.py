"""Domain types: what a text or a number in a document may be, and how it is refused.

Each validator raises `ValueError` with "reason; fix"; the catalogue adds file, line, path and value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetPydanticSchema, WithJsonSchema
from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_LABEL_PATTERN = rf"^{_LABEL}$"
_DOMAIN_PATTERN = rf"^{_LABEL}(\.{_LABEL})+$"
_HOST_PATTERN = rf"^{_LABEL}(\.{_LABEL})*$"
_VSPHERE_PATTERN = r"^[^/\\%\x00-\x1f]+$"
_RELEASE_PATTERN = r"^[0-9]{4}\.(0?[1-9]|1[0-2])\.[0-9]+$"
_SSH_KEY_PATTERN = (
    r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/=]+( [^\r\n]*)?$"
)
_LOGIN_PATTERN = r"^[a-z_][a-z0-9_-]*$"

LONGEST_DNS_LABEL = 63  # characters; RFC 1035, section 2.3.4
LONGEST_DOMAIN_NAME = 253  # characters; the same section, without the root's dot
LONGEST_VSPHERE_NAME = 80  # vSphere API reference, ManagedEntity.name: names of inventory objects
LONGEST_PREFIX = 29  # a /29 has six addresses: gateway and nodes
LONGEST_POOL_NAME = 20  # leaves room for environment and ordinal in a host name of 63 characters
LONGEST_ENVIRONMENT_NAME = 20


@dataclass(frozen=True)
class Text:
    """A rule for a text: a pattern, a longest length in characters, what it is called, and what to do instead."""

    pattern: str
    longest: int
    what: str
    fix: str

    def check(self, value: Any) -> str:  # noqa: ANN401 - a document can hold anything
        """Return the text. Raises `ValueError` with reason and fix."""
        if not isinstance(value, str):
            raise ValueError(f"is not text; write it in quotes: {self.fix}")  # noqa: TRY004 - pydantic wants ValueError
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"is not {self.what}; {self.fix}")
        if len(value) > self.longest:
            raise ValueError(
                f"has {len(value)} characters, {self.what} has at most {self.longest}; choose a shorter one"
            )
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Tell pydantic to check by this rule alone."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            self.check, serialization=core_schema.to_string_ser_schema()
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors the same rule."""
        del schema, handler
        return {"type": "string", "pattern": self.pattern, "maxLength": self.longest}


EnvironmentName = Annotated[
    str,
    Text(
        _LABEL_PATTERN,
        LONGEST_ENVIRONMENT_NAME,
        "an environment name",
        "use lower-case letters, digits and hyphens, for example dev",
    ),
]
PoolName = Annotated[
    str,
    Text(
        _LABEL_PATTERN,
        LONGEST_POOL_NAME,
        "a node pool name",
        "use lower-case letters, digits and hyphens, for example cpu",
    ),
]
DomainName = Annotated[
    str,
    Text(
        _DOMAIN_PATTERN,
        LONGEST_DOMAIN_NAME,
        "a domain name",
        "write it in lower case with its dots, for example dev.example.internal",
    ),
]
HostName = Annotated[
    str,
    Text(
        _HOST_PATTERN,
        LONGEST_DOMAIN_NAME,
        "a host name or address",
        "write for example ntp.example.internal or 10.20.0.4",
    ),
]
VsphereName = Annotated[
    str,
    Text(
        _VSPHERE_PATTERN,
        LONGEST_VSPHERE_NAME,
        "a vSphere object name",
        "vSphere refuses / \\ % and control characters in names",
    ),
]
ReleaseVersion = Annotated[
    str,
    Text(
        _RELEASE_PATTERN,
        16,
        "a release version",
        "a release is named <year>.<month>.<number>, for example 2026.11.0",
    ),
]
SshPublicKey = Annotated[
    str,
    Text(
        _SSH_KEY_PATTERN,
        8192,
        "an SSH public key in OpenSSH format",
        "copy one line of a .pub file, for example ssh-ed25519 AAAA... name",
    ),
]
LoginName = Annotated[
    str,
    Text(_LOGIN_PATTERN, 32, "a Linux user name", "use lower-case letters, digits, _ and -, for example ops"),
]


def _address(value: Any) -> IPv4Address:  # noqa: ANN401 - a document can hold anything
    if not isinstance(value, str | IPv4Address):
        raise ValueError("is not an IPv4 address; write four numbers with dots, for example 10.20.0.1")  # noqa: TRY004
    try:
        return IPv4Address(value)
    except ValueError:
        raise ValueError("is not an IPv4 address; write four numbers with dots, for example 10.20.0.1") from None


def _network(value: Any) -> IPv4Network:  # noqa: ANN401 - a document can hold anything
    example = "write a network and its prefix length, for example 10.20.0.0/24"
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(f"is not an IPv4 network; {example}")
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError(f"is not an IPv4 network; {example}") from None
    if IPv4Address(value.partition("/")[0]) != network.network_address:
        raise ValueError(f"has host bits set; did you mean {network}?")
    if network.prefixlen > LONGEST_PREFIX:
        raise ValueError(f"has no room for nodes; use a prefix length of {LONGEST_PREFIX} or less")
    return network


Address = Annotated[IPv4Address, BeforeValidator(_address), WithJsonSchema({"type": "string", "format": "ipv4"})]
Network = Annotated[
    IPv4Network,
    BeforeValidator(_network),
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


def _without_line_breaks(value: str) -> str:
    if not value.strip() or any(character < " " or character == "\x7f" for character in value):
        raise ValueError("is empty or has line breaks or control characters; write it on one line")
    return value


OneLine = Annotated[str, Field(max_length=200), AfterValidator(_without_line_breaks)]
