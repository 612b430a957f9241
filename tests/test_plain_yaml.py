"""The fast reader reads what the strict one reads, or leaves it to that one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from infra import documents
from infra.catalog import ROOT
from infra.documents import read_document
from infra.errors import DocumentsRefused
from infra.plain_yaml import read_all_yaml, read_with_lines, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from infra.documents import RawDocument

OWN = sorted(path for folder in ("infra", "templates") for path in (ROOT / folder).rglob("*.yaml"))
DOCUMENTS = sorted(path for folder in ("stacks", "tests") for path in (ROOT / folder).rglob("*.yaml"))
UNUSUAL = {
    "a key twice": "a: 1\na: 2\n",
    "no mapping": "- a\n",
    "nothing": "",
    "no YAML": "a: [\n",
    "an alias": "a: &x 1\nb: *x\n",
    "a merged key": "a: &x {b: 1}\nc: {<<: *x}\n",
    "a tag": "a: !!str 1\n",
    "a number as a key": "1: a\n",
    "a date": "a: 2026-11-27\n",
    "an old octal number": "a: 0644\n",
    "an octal number": "a: 0o644\n",
    "a hexadecimal number": "a: 0x10\n",
    "a number with underscores": "a: 1_000\n",
}


@pytest.mark.parametrize("path", OWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_own_tables_hold_what_yaml_1_2_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert list(read_all_yaml(text)) == list(YAML(typ="safe", pure=True).load_all(text))


def strictly(path: Path, monkeypatch: pytest.MonkeyPatch) -> RawDocument | list[str]:
    with monkeypatch.context() as patched:
        patched.setattr(documents, "read_with_lines", lambda _: None)
        return told(path)


def told(path: Path) -> RawDocument | list[str]:
    try:
        return read_document(path, "a.yaml")
    except DocumentsRefused as refused:
        return [str(each) for each in refused.refusals]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_reads_the_same_both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(path) == strictly(path, monkeypatch)


@pytest.mark.parametrize("version", [path.name for path in sorted((ROOT / "stacks" / "environments").glob("*.yaml"))])
def test_the_committed_environments_are_read_fast(version: str) -> None:
    assert read_with_lines((ROOT / "stacks" / "environments" / version).read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_out_of_the_ordinary_is_left_to_the_strict_reader(name: str) -> None:
    assert read_with_lines(UNUSUAL[name]) is None


PLAIN_WORDS = (
    *("on", "no", "yes", "~", "null", "True", "v1", ".inf", "1e3", "-.5", "1.", "+1"),
    *("12:30", "1:30:00", "1.36.3", "10.0.0.0/8", "1-2", "08:00-17:00"),
)
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**6), 10**6), st.text(max_size=12), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("word", PLAIN_WORDS)
def test_plain_words_mean_what_yaml_1_2_says(word: str) -> None:
    assert read_yaml(f"a: {word}\n") == YAML(typ="safe", pure=True).load(f"a: {word}\n")


@given(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, min_size=1, max_size=4))
def test_whatever_is_written_is_read_the_same_both_ways(content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    found = read_with_lines(text)
    if found is None:
        return
    try:
        expected = YAML(typ="rt", pure=True).load(text)
    except YAMLError:
        pytest.fail("the strict reader refuses it")
    lines: dict[tuple[int | str, ...], int] = {}
    assert found == (documents._plain(expected, (), lines), lines)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a:\n  b: 1\n  b: 2\n"])
def test_a_key_that_stands_twice_is_a_mistake_in_own_tables_too(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="stands twice"):
        read_yaml(text)


def test_merged_keys_may_be_overridden() -> None:
    assert read_yaml("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n")["d"] == {"b": 3, "c": 2}
