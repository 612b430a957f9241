"""Secrets that a document wants made anew: which there are, and which can be."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from infra.components.sources import HEX, MADE, SIGNING, name_of, space
from infra.model.rules.finding import Finding
from infra.model.tools import section_of
from infra.plain_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.catalog import Catalog
    from infra.model.environment import Environment
    from infra.model.release import Release


def check_rotations(catalog: Catalog, environment: Environment, release: Release) -> None:
    """Raise `DocumentsRefused` for rotations of secrets that the environment does not have or that can't be rotated."""
    if environment.rotations:
        catalog.refuse(environment.name, _findings(environment, made_secrets(environment, release)))


def made_secrets(environment: Environment, release: Release) -> tuple[str, ...]:
    """Return the names of all secrets that are made for an environment, sorted; a key pair is one."""
    from infra.layer_plans import layer_plans  # noqa: PLC0415 - every tool there is, and few documents rotate anything

    found = set()
    for plan in layer_plans(environment, release).values():
        found |= {name_of(source) for source in plan.sources if space(source) in (MADE, HEX)}
        found |= {name_of(source).partition(".")[0] for source in plan.sources if space(source) == SIGNING}
    return tuple(sorted(found))


def _findings(environment: Environment, made: tuple[str, ...]) -> Iterator[Finding]:
    for name, number in environment.rotations.items():
        path, value = f"rotations.{name}", str(number)
        if name not in made:
            near = get_close_matches(name, made, n=3) or made
            yield Finding(path, value, "no such secret is made here", f"use one of {', '.join(near)}")
        elif (never := not_rotated().get(name)) and _holds(environment, never):
            yield Finding(path, value, f"can't be made anew: {never['reason']}", never["fix"])


def _holds(environment: Environment, row: Mapping[str, str]) -> bool:
    return "while" not in row or bool(section_of(environment, row["while"]))


@cache
def not_rotated() -> Mapping[str, Mapping[str, str]]:
    """Return the `reason` and the `fix` for each secret that has to stay, by name."""
    return dict(read_yaml(Path(__file__).with_name("not_rotated.yaml").read_text(encoding="utf-8")))
