"""Where the contents of Secrets come from: settings of the stack, values that are made once, the layer below. Pure.

A source is a text:

| source | value |
| --- | --- |
| `slipway:ldapPassword`, `vsphere:user` | a setting of the stack |
| `made:<name>` | 32 letters and digits, made once |
| `hex:<name>` | 64 hexadecimal digits, made once |
| `signing:<name>.<part>` | a key pair of cosign's, made once: its `privateKey`, `password` or `publicKey` |
| `below:<name>` | what the layer below hands over under that name |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.components.component import Component

MADE, HEX, SIGNING, BELOW = "made", "hex", "signing", "below"
_NO_SETTINGS = (MADE, HEX, SIGNING, BELOW)


def space(source: str) -> str:
    """Return what kind of source it is: one of the constants, or the namespace of a setting."""
    return source.partition(":")[0]


def name_of(source: str) -> str:
    """Return a source's name, as it is handed to the next layer: what stands after the colon."""
    return source.partition(":")[2]


def sources_of(components: Iterable[Component]) -> tuple[str, ...]:
    """Return every source that components' Secrets are filled from, sorted."""
    return tuple(sorted({source for each in components for s in each.secrets for source in s.sources}))


def lacking(sources: Iterable[str], handed: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a layer needs of the one below and that this does not hand over yet, sorted."""
    return tuple(sorted({name_of(source) for source in sources if space(source) == BELOW} - set(handed)))


def settings_among(sources: Iterable[str]) -> tuple[str, ...]:
    """Return those sources that are settings of the stack, sorted."""
    return tuple(sorted(source for source in sources if space(source) not in _NO_SETTINGS))
