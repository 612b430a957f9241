"""Versions and what they may be: patterns of the table of facts, and the ranges that charts write. Pure."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

_NUMBERS = re.compile(r"v?(\d+(?:\.\d+){0,3})")
_BOUNDS = re.compile(r"(?:(?:>=|<=|==|!=|>|<)\s*\d+(?:\.\d+){0,3}(?:-0)?(?:,\s*|\s+|$))+")
_PRERELEASES_TOO = re.compile(r"(?<=\d)-0(?=,|\s|$)")  # how Helm's ranges let prereleases in; none is pinned here


def numbers_of(version: str) -> Version | None:
    """Return the numbers that a version or a tag begins with (`v1.36.3`, `18.6-system-trixie`), or None."""
    found = _NUMBERS.match(version)
    return Version(found[1]) if found else None


def fits(version: str, pattern: str) -> bool:
    """Whether a version is what a pattern says: a text with `*` for anything, or bounds such as `>=1.33,<1.37`.

    A leading v means nothing in either. Raises `ValueError` for bounds that are none.
    """
    if pattern[:1] not in "<>=!":
        return fnmatchcase(version.removeprefix("v"), pattern.removeprefix("v"))
    numbers = numbers_of(version)
    return numbers is not None and numbers in _specifiers(pattern)


def same(one: str, other: str) -> bool:
    """Whether two versions are the same number: `4.44` and `4.44.0` are, so are `1.36.3` and `v1.36.3`."""
    return numbers_of(one) is not None and numbers_of(one) == numbers_of(other)


def as_pattern(kube_version: str) -> str:
    """Return the `kubeVersion` of a chart as bounds, as `fits` takes them.

    Of Helm's syntax (helm.sh/docs/topics/charts, "The kubeVersion Field") comparisons that all have to hold are
    understood; charts of the release write nothing else. Raises `ValueError` for the rest of it.
    """
    if not _BOUNDS.fullmatch(kube_version):
        raise ValueError(f"{kube_version} is no list of comparisons; write a row of `together` for it instead")
    bounds = re.findall(r"(>=|<=|==|!=|>|<)\s*([\d.]+)", _PRERELEASES_TOO.sub("", kube_version))
    return ",".join(f"{sign}{numbers}" for sign, numbers in bounds)


def _specifiers(pattern: str) -> SpecifierSet:
    try:
        return SpecifierSet(pattern)
    except InvalidSpecifier:
        raise ValueError(f"{pattern} is no list of bounds; write for example >=1.33,<1.37") from None
