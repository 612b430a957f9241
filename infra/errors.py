"""One tree of the errors that people can cause and mend. Everything else is a bug and keeps its traceback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class PersonError(Exception):
    """Something a person can mend: shown as plain lines, without a traceback, with exit code 2."""

    for_people: ClassVar[bool] = True  # the language host reads this and shows the message alone
    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, order=True)
class Refusal:
    """One reason why documents are not accepted.

    `source` is the file as the person knows it (relative to the repository), `line` its line (1-based, 0 when
    unknown), `path` the dotted path in it, `value` what stands there (empty when it is absent), `reason` what is
    wrong and who else is involved, `fix` what to do.
    """

    source: str
    line: int
    path: str
    value: str
    reason: str
    fix: str

    def __str__(self) -> str:
        """Return the refusal as one line."""
        place = f"{self.source}:{self.line}" if self.line else self.source
        subject = f"{self.path}: " if self.path else ""
        value = f"{self.value}: " if self.value else ""
        return f"{place}: {subject}{value}{self.reason}; {self.fix}"


class DocumentsRefused(PersonError):
    """Documents that are not accepted, with all reasons at once, in the order of the documents; `notes` come last."""

    def __init__(self, refusals: Iterable[Refusal], notes: Iterable[str] = ()) -> None:
        self.refusals = sorted(set(refusals))
        self.notes = sorted(set(notes))
        super().__init__("\n".join([*(str(refusal) for refusal in self.refusals), *self.notes]))


class UnknownStack(PersonError):
    """A stack name that is not `<environment>.<layer>`."""

    def __init__(self, stack: str, layers: Iterable[str]) -> None:
        super().__init__(
            f"stack {stack}: not a stack of this project; a stack is named <environment>.<layer>, "
            f"with a layer of: {', '.join(layers)}"
        )


class MissingConfig(PersonError):
    """A setting of a stack that has to be there before anything is touched."""

    def __init__(self, stack: str, key: str, command: str) -> None:
        super().__init__(f"stacks/Pulumi.{stack}.yaml: {key}: not set; run: {command}")


class MissingProgram(PersonError):
    """A program that this machine lacks."""

    def __init__(self, program: str, fix: str) -> None:
        super().__init__(f"{program}: not found; {fix}")


class NotPossibleHere(PersonError):
    """Something that this machine or this state of things does not allow."""

    def __init__(self, subject: str, reason: str, fix: str) -> None:
        super().__init__(f"{subject}: {reason}; {fix}")


class StepFailed(PersonError):
    """A step that ended with an error of its own, which has been shown already or stands in `reason`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
