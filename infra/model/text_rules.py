"""What a pattern can't say of a text: parts of host names, addresses in them, parts of vSphere paths. Pure.

Each rule takes a text that fits its pattern and raises `ValueError` with "reason; fix".
"""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Address, IPv4Network
from typing import Any

LONGEST_DNS_LABEL = 63  # characters; RFC 1035, section 2.3.4
LONGEST_VSPHERE_NAME = 80  # vSphere API reference, ManagedEntity.name: names of inventory objects


def domain_rule(value: str) -> None:
    """Refuse a domain name with a part that is too long, or that ends in a number (RFC 3696, section 2)."""
    _check_label_lengths(value)
    if _ends_in_number(value):
        raise ValueError("ends in a number, which no domain name does; write a name, for example dev.example.internal")


def host_rule(value: str) -> None:
    """Refuse a host that is neither a name nor an address; a scheme before it, a port or path behind it may stand."""
    host = host_of(value)
    _check_label_lengths(host)
    if not _ends_in_number(host):
        return
    try:
        IPv4Address(host)
    except ValueError:
        reason = f"{'is' if host == value else f'its host {host} is'} neither an IPv4 address nor a name"
        fix = "write four numbers from 0 to 255, for example 10.20.0.4, or a name that does not end in a number"
        raise ValueError(f"{reason}; {fix}") from None


def exception_rule(value: str) -> None:
    """Refuse an exception of a proxy that is neither a network nor a host, nor a domain with a dot before it."""
    if "/" not in value:
        host_rule(value.removeprefix("."))
        return
    try:
        IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError("is not an IPv4 network; write for example 10.0.0.0/8") from None


def vsphere_rule(value: str) -> None:
    """Refuse a name of vSphere, or a path of them, with a part that vSphere or people would take for another."""
    for part in value.split("/"):
        if part in (".", ".."):
            raise ValueError(f"has {part} for a name; write the name itself")
        if part != part.strip():
            raise ValueError("has a name with a space at its beginning or end; remove the space, in vCenter first")
        if len(part) > LONGEST_VSPHERE_NAME:
            reason = f"has a name of {len(part)} characters, vSphere allows {LONGEST_VSPHERE_NAME}"
            raise ValueError(f"{reason}; choose a shorter one")


def host_of(url: str) -> str:
    """Return the host of a URL, or of what stands behind its scheme, without port and path."""
    _, separator, rest = url.partition("://")
    return (rest if separator else url).partition("/")[0].partition(":")[0]


def kind_of(value: Any) -> str:  # noqa: ANN401 - a document can hold anything
    """Return what YAML has read where a text belongs, as a message says it."""
    if value is None:
        return "is empty"
    for kind, words in {bool: "true or false", dict: "a mapping", list: "a list", date: "a date"}.items():
        if isinstance(value, kind):
            return f"is {words} and no text"
    return "is a number"


def in_quotes(value: Any) -> str | None:  # noqa: ANN401 - a document can hold anything
    """Return the text that a value would be if it stood in quotes, or None for one that quotes make no text of."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_label_lengths(host: str) -> None:
    longest = max(map(len, host.split(".")))
    if longest > LONGEST_DNS_LABEL:
        reason = f"has a part of {longest} characters between dots, DNS allows {LONGEST_DNS_LABEL}"
        raise ValueError(f"{reason}; choose a shorter one")


def _ends_in_number(host: str) -> bool:
    return host.rpartition(".")[2].isdigit()
