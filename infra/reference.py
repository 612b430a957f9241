"""The reference page of the documents, made from their models."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from infra.model.change_records import ChangeRecordSettings
from infra.model.environment import Environment
from infra.model.exceptions import Exceptions
from infra.model.promotion import Promotion
from infra.model.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_HEAD = """# Reference: the documents

Made from the models by `./slipway schema`; do not edit it. Keys that are not listed here are refused. A key without a
default has to be there.
"""


def reference_page() -> str:
    """Return the whole page, as Markdown."""
    environment = "\n".join(_sections(Environment, "stacks/environments/<name>.yaml", ""))
    release = "\n".join(_sections(Release, "stacks/releases/<version>.yaml", ""))
    promotion = "\n".join(_sections(Promotion, "stacks/promotion.yaml", ""))
    exceptions = "\n".join(_sections(Exceptions, "stacks/exceptions.yaml", ""))
    change_records = "\n".join(_sections(ChangeRecordSettings, "stacks/change-records.yaml", ""))
    return f"{_HEAD}\n{environment}\n{release}\n{promotion}\n{exceptions}\n{change_records}"


def _sections(model: type[BaseModel], title: str, path: str) -> Iterator[str]:
    """Yield the section of a model and, below it, those of the models inside, each with its path."""
    level = "##" if not path else "###"
    yield f"{level} {title if not path else f'`{path}`'}\n"
    yield f"{inspect.cleandoc(model.__doc__ or '')}\n"
    yield "| key | what it is | allowed | default | example |"
    yield "| --- | --- | --- | --- | --- |"
    schemas = model.model_json_schema(by_alias=True)["properties"]
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield _row(key, field, _allowed(schemas[key]))
    yield ""
    for name, field in model.model_fields.items():
        inner = inner_model(field.annotation)
        if inner is not None:
            key = field.alias or name
            step = f"{key}.<name>" if _is(field, dict) else f"{key}[]" if _is(field, list) else key
            yield from _sections(inner, "", f"{path}.{step}".lstrip("."))


def _row(key: str, field: FieldInfo, allowed: str) -> str:
    description = " ".join((field.description or "").split())
    example = _code(field.examples[0]) if field.examples else ""
    return f"| `{key}` | **{field.title}.** {_cell(description)} | {allowed} | {_default(field)} | {example} |"


def _allowed(schema: dict[str, Any]) -> str:
    """Return which of a few values, or which numbers, a field takes, from its JSON Schema; of a list, its entries."""
    for inner in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict) and _allowed(inner):
            return _allowed(inner)
    values = schema.get("enum") or [schema[key] for key in ("const",) if key in schema]
    if values:
        return ", ".join(_code(value) for value in values)
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return "" if most is None else f"{most} or less"
    return f"{least} or more" if most is None else f"{least} to {most}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    if field.default_factory is not None:
        made: Any = field.get_default(call_default_factory=True, validated_data={})
        return "its own defaults" if isinstance(made, BaseModel) else "none"
    if field.default is None or field.default is PydanticUndefined:
        return "none"
    return _code(field.default) if field.default != "" else "empty"


def _code(value: Any) -> str:  # noqa: ANN401 - an example can be anything that YAML holds
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def inner_model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - an annotation
    """Return the model inside an annotation such as `dict[str, NodePool]` or `Proxy | None`, or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for part in get_args(annotation) if (inner := inner_model(part)) is not None), None)


def _is(field: FieldInfo, kind: type) -> bool:
    return getattr(field.annotation, "__origin__", None) is kind
