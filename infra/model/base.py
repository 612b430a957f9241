"""The base of every document model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


def document_key(field_name: str) -> str:
    """Return the key that stands in a document for a field: camelCase, with units in their usual spelling."""
    return to_camel(field_name).replace("Gib", "GiB").replace("Mib", "MiB")


def entry(title: str, example: Any, **constraints: Any) -> Any:  # noqa: ANN401 - pydantic's own Field is untyped too
    """Return a field of a document: a short title and one example; `constraints` are those of pydantic's `Field`."""
    return Field(title=title, examples=[example], **constraints)


class Document(BaseModel):
    """A closed, frozen model: an unknown key is refused, a validated document never changes."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=document_key,
        validate_by_name=False,
        validate_by_alias=True,
        use_attribute_docstrings=True,
    )
