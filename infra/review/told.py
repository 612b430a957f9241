"""What a report tells, as plain data: changes said once, with who they are of and where they differ. Pure."""

from __future__ import annotations

from dataclasses import dataclass

Names = tuple[tuple[str, tuple[str, ...]], ...]  # names by environment, both in their order

Kinds = tuple[tuple[str, tuple[tuple[str, int], ...]], ...]  # how many there are, by environment and kind


@dataclass(frozen=True, order=True)
class Value:
    """A value before and after, and the environments that it is so in (none: all that are told of).

    `lines` are its unified difference where it is a text of several lines, and `old` and `new` are empty then.
    """

    environments: tuple[str, ...]
    old: str
    new: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Property:
    """One property: its whole path, its values, and what people are to know of it, as `forces replacement`.

    `see` is the title of a text that differs in the same way, and is shown by itself.
    """

    path: str
    values: tuple[Value, ...]
    marks: tuple[str, ...] = ()
    see: str = ""


@dataclass(frozen=True)
class Change:
    """The same change of one or more resources.

    `operation` is the review's word, `kind` what people call it, `names` who it is of. `because` says why it is
    replaced, where no property of its own does. With `more` there are changes besides, told once for several kinds.
    """

    operation: str
    kind: str
    names: Names
    properties: tuple[Property, ...] = ()
    because: str = ""
    protected: bool = False
    more: bool = False

    @property
    def count(self) -> int:
        """How many resources it is of."""
        return count_of(self.names)


@dataclass(frozen=True)
class Shared:
    """A property that changes in the same way (`told`) in resources that otherwise differ.

    `kinds` counts them by environment and kind.
    """

    told: Property
    names: Names
    kinds: Kinds

    @property
    def count(self) -> int:
        """How many resources it is of."""
        return count_of(self.names)


@dataclass(frozen=True)
class Block:
    """What changes in one place (a tool, a node pool) of one layer, in the same way in some environments."""

    environments: tuple[str, ...]
    layer: str
    place: str
    changes: tuple[Change, ...]
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class Text:
    """Texts that differ in the same way: a title for all, their names by environment, one of the differences."""

    title: str
    names: Names
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ToldDanger:
    """A danger in some environments: its rank, what happens, why it matters, to whom, and in which layers."""

    rank: int
    what: str
    why: str
    names: Names
    layers: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Finding:
    """What a rule says of some subjects; `excepted` says until when somebody has excepted it, and who, else nothing."""

    message: str
    subjects: tuple[str, ...]
    excepted: str


@dataclass(frozen=True)
class ToldRule:
    """A rule that found something: whether it refuses the change, why it is there, and what it says."""

    rule: str
    refuses: bool
    reason: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ToldGpu:
    """The same change of the GPUs of some nodes; `kind` is the review's word."""

    kind: str
    old: str
    new: str
    names: Names


@dataclass(frozen=True)
class ToldRelease:
    """What differs between two releases, `old` and `new`, for the environments that go from one to the other."""

    environments: tuple[str, ...]
    old: str
    new: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ToldStaleness:
    """What the previews of some stacks were made of, fact by fact; not their states, which are each stack's own."""

    stacks: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def own_names(names: Names) -> tuple[str, ...] | None:
    """Return the names that are the same in every environment; None where they differ."""
    return names[0][1] if names and all(own == names[0][1] for _, own in names) else None


def count_of(names: Names) -> int:
    """Return how many names there are, in all environments."""
    return sum(len(each) for _, each in names)


def said_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines of a unified difference that say something: neither context nor positions."""
    return tuple(line for line in lines if line.startswith(("+", "-")))
