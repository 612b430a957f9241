"""Reading one YAML document: strict YAML 1.2, every value with its line, every problem as a refusal."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from infra.errors import DocumentsRefused, Refusal
from infra.model.text_rules import in_quotes, kind_of
from infra.plain_yaml import Location, read_with_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
_SECRET_WORDS = ("password", "secret", "token")
_LOGIN_IN_URL = re.compile(r"://[^/@\s]*@")
LONGEST_SHOWN_VALUE = 80  # characters of a value that a refusal shows


@dataclass(frozen=True)
class RawDocument:
    """A document as it stands in its file: `source` as people know it, plain `data`, `lines` by location."""

    source: str
    data: Any
    lines: dict[Location, int]

    def line(self, location: Location) -> int:
        """Return the line (1-based) of a location, or of the nearest thing above it that has one."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def refusal(self, location: Location, value: str, reason: str, fix: str) -> Refusal:
        """Return a refusal of what stands at a location."""
        return Refusal(self.source, self.line(location), dotted(location), value, reason, fix)

    def finding(self, path: str, value: str, reason: str, fix: str) -> Refusal:
        """Return a refusal of what stands, or should stand, at a dotted path such as `network.nameservers[0]`."""
        written = {dotted(location): line for location, line in self.lines.items()}
        known = path
        while known and known not in written:  # keys may hold dots themselves: registries, labels
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        return Refusal(self.source, written.get(known, 1), path, shown(value), reason, fix)


def read_document(path: Path, source: str) -> RawDocument:
    """Read a YAML file; `source` is its name for people.

    Raises `DocumentsRefused` when the file is missing or can't be read, is not YAML, has a key twice or is not a
    mapping.
    """
    lines: dict[Location, int] = {}
    try:
        text = path.read_text(encoding="utf-8")
        if quickly := read_with_lines(text):
            return RawDocument(source, *quickly)
        loaded = YAML(typ="rt", pure=True).load(text)
        data = _plain(loaded, (), lines)
    except (OSError, RecursionError, YAMLError, ValueError) as error:
        raise DocumentsRefused([_unreadable(source, error)]) from None
    if not isinstance(loaded, CommentedMap):
        refusal = Refusal(source, 1, "", "", "is not a mapping of keys to values", "begin with `name: ...`")
        raise DocumentsRefused([refusal])
    return RawDocument(source, data, lines)


def _unreadable(source: str, error: Exception) -> Refusal:
    """Return the refusal of a file that could not be read; never with a value, it may be a secret."""
    line = 0
    if isinstance(error, MarkedYAMLError):
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        reason, fix = _yaml_problem(error)
    elif isinstance(error, FileNotFoundError):
        reason, fix = "there is no such file", "create it"
    elif isinstance(error, IsADirectoryError):
        reason, fix = "is a folder", "move it elsewhere, documents are files"
    elif isinstance(error, OSError):
        reason, fix = f"can't be read ({error.strerror})", "let yourself read it: see its owner and mode"
    elif isinstance(error, RecursionError):
        reason, fix = "is nested too deeply", "write it flat, as the examples are"
    elif isinstance(error, UnicodeDecodeError):
        reason, fix = f"byte {error.start} is not UTF-8", "save the file as UTF-8"
    else:  # a date that is none is a ValueError
        reason, fix = f"is not valid YAML: {str(error).splitlines()[0]}", "mend the file"
    return Refusal(source, line, "", "", reason, fix)


def _yaml_problem(error: MarkedYAMLError) -> tuple[str, str]:
    """Return what is wrong with a line and what to do; never a value, it may be a secret."""
    problem = (error.problem or error.context or "unreadable").splitlines()[0]
    twice = re.match(r'found duplicate key "([^"]*)"', problem)
    if twice:
        return f"key {twice[1]} stands twice in one mapping", "keep one of the two"
    if "'\\t'" in problem:
        return "is not valid YAML: a tab where spaces belong", "indent with spaces alone"
    return f"is not valid YAML: {problem}", "mend this line, or the one before it"


def _plain(node: Any, location: Location, lines: dict[Location, int]) -> Any:  # noqa: ANN401
    """Turn the reader's nodes into plain values and note the line of each."""
    if isinstance(node, CommentedMap):
        result = {}
        for key, value in node.items():
            known = key in (node.lc.data or {})  # a merged key has no line of its own
            lines[(*location, str(key))] = node.lc.key(key)[0] + 1 if known else lines.get(location, 1)
            result[str(key)] = _plain(value, (*location, str(key)), lines)
        return result
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            lines[(*location, index)] = node.lc.item(index)[0] + 1
        return [_plain(value, (*location, index), lines) for index, value in enumerate(node)]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def validate(document: RawDocument, model: type[Model]) -> tuple[Model | None, list[Refusal]]:
    """Validate a document against its model.

    Returns the validated model, or as much of the document as is well-formed (a pool or an unknown key left out) so
    that rules can still speak, or None when not even that holds; and the refusals of single fields.
    """
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    refusals = [_refusal(document, model, detail) for detail in details]
    try:
        return model.model_validate(_without(document.data, details)), refusals
    except (ValidationError, KeyError):
        return None, refusals


def _without(data: Any, details: list[ErrorDetails]) -> Any:  # noqa: ANN401 - a document can hold anything
    """Return a copy of the data without unknown keys and without the dictionary entries that have errors."""
    drop = {detail["loc"] if detail["type"] == "extra_forbidden" else detail["loc"][:2] for detail in details}

    def copy(node: Any, location: Location) -> Any:  # noqa: ANN401
        if isinstance(node, dict):
            return {k: copy(v, (*location, k)) for k, v in node.items() if (*location, k) not in drop}
        return node

    return copy(data, ())


def dotted(location: Location) -> str:
    """Return a location as people write it: `nodePools.cpu.count`, `network.nameservers[0]`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _refusal(document: RawDocument, model: type[BaseModel], detail: ErrorDetails) -> Refusal:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    reason, fix = _reason_and_fix(model, location, detail)
    hidden = detail["type"] in ("missing", "extra_forbidden")  # what stands under an unknown key may be a secret
    return document.refusal(location, "" if hidden else shown(detail["input"]), reason, fix)


def shown(value: Any) -> str:  # noqa: ANN401 - a document can hold anything
    """Return a value as a refusal shows it: on one line, cut where it is long, nothing for lists and mappings."""
    if isinstance(value, dict | list):
        return ""
    if "PRIVATE KEY" in str(value):
        return "(a private key, not shown)"
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    text = _LOGIN_IN_URL.sub("://(not shown)@", text)
    text = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return text if len(text) <= LONGEST_SHOWN_VALUE else f"{text[:LONGEST_SHOWN_VALUE]}..."


_SENTENCES = {
    "int_type": ("is not a whole number", "write a whole number without quotes or decimals"),
    "list_type": ("is not a list", "write one entry per line, each after a hyphen"),
    "dict_type": ("is not a mapping", "write `key: value` lines below it"),
    "model_type": ("is not a mapping", "write `key: value` lines below it"),
    "greater_than_equal": ("is less than {ge}", "use {ge} or more"),
    "less_than_equal": ("is more than {le}", "use {le} or less"),
    "too_short": ("has too few entries", "write {min_length} or more"),
    "too_long": ("has too many entries", "write {max_length} or fewer"),
    "string_too_long": ("is too long", "use {max_length} characters or fewer"),
    "literal_error": ("is not {expected}", "write {expected}"),
}


def _reason_and_fix(model: type[BaseModel], location: Location, detail: ErrorDetails) -> tuple[str, str]:
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "missing":
        return "is missing", f"add it: {_described(model, location)}"
    if kind == "extra_forbidden":
        return "is not a known key", _instead(str(location[-1]), _known_keys(model, location[:-1]))
    if kind == "value_error":
        reason, _, fix = str(context["error"]).partition("; ")
        return reason, fix or "mend it"
    if kind == "string_type":
        value = detail["input"]
        return kind_of(value), "write one line of text" if in_quotes(value) is None else "write it in quotes"
    if kind in _SENTENCES:
        reason, fix = _SENTENCES[kind]
        return reason.format(**context), fix.format(**context)
    return detail["msg"], _described(model, location)


def _instead(key: str, known: list[str]) -> str:
    if any(word in key.lower() for word in _SECRET_WORDS):
        return (
            "no secret belongs in a document; the login's password is set in the stack: "
            "pulumi config set --secret vsphere:password -s <environment>.compute"
        )
    close = get_close_matches(key, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    for found in _models_along(model, location):
        model = found
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _described(model: type[BaseModel], location: Location) -> str:
    """Return description and example of the field at a location, from the model."""
    *parents, key = location
    for found in _models_along(model, tuple(parents)):
        model = found
    field = next((f for n, f in model.model_fields.items() if (f.alias or n) == key), None)
    if field is None:
        return "see the example in stacks/environments/dev.yaml"
    description = (field.description or "see its description").rstrip(".")
    if description[1:2].islower():  # an abbreviation stays as it is
        description = description[0].lower() + description[1:]
    return f"{description}, for example {_example(field.examples[0])}" if field.examples else description


def _example(value: Any) -> str:  # noqa: ANN401 - whatever YAML holds
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _models_along(model: type[BaseModel], location: Location) -> Iterator[type[BaseModel]]:
    """Yield each model that is entered when a location is followed."""
    position = 0
    while position < len(location):
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == location[position]), None)
        if field is None:
            return
        inner, steps = _inner_model(field)
        if inner is None:
            return
        model = inner
        position += steps
        yield model


def _inner_model(field: FieldInfo) -> tuple[type[BaseModel] | None, int]:
    """Return the model inside a field, and how many parts of a location lead there (2 through a dict or list)."""
    steps = 2 if get_origin(field.annotation) in (dict, list) else 1
    candidates = [field.annotation, *get_args(field.annotation)]
    inner = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return inner, steps
