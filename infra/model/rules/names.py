"""Names of vSphere objects: which two of them vSphere takes for one."""

from __future__ import annotations


def same_name(name: str, other: str) -> bool:
    """Whether two names or paths name one object; vSphere does not tell them apart by case."""
    return name.casefold() == other.casefold()
