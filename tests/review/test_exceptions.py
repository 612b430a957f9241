"""Exceptions from rules: which are accepted, for what they hold, and until when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from infra.catalog import Catalog
from infra.errors import DocumentsRefused
from infra.model.exceptions import RuleException
from infra.operate.documents import validate_all
from infra.review.exceptions import LONGEST, excepted, holds
from infra.review.model import RuleResult
from infra.review.settings import load_exceptions
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 26)
GOOD: dict[str, Any] = {
    "rule": "deletes-data",
    "subject": "prod.platform:PersistentVolumeClaim:harbor/*",
    "until": "2027-03-31",
    "by": "jane.doe@example.com",
    "because": "moved to another store",
}


def exception(**parts: Any) -> RuleException:
    return RuleException.model_validate({**GOOD, **parts})


def result(subject: str, rule: str = "deletes-data") -> RuleResult:
    return RuleResult(rule, subject, "would be deleted", "it is gone then")


def marks(subject: str, *exceptions: RuleException, today: date = TODAY, rule: str = "deletes-data") -> str:
    (found,) = excepted([result(subject, rule)], exceptions, today)
    assert found.refuses == (not found.excepted)
    return found.excepted


def catalog_with(folder: Path, *exceptions: dict[str, Any]) -> Catalog:
    copy_stacks(folder)
    with (folder / "stacks" / "exceptions.yaml").open("w", encoding="utf-8") as file:
        yaml = YAML(typ="safe")
        yaml.default_flow_style = False
        yaml.dump({"exceptions": [dict(each) for each in exceptions]}, file)
    return Catalog(folder)


def test_an_exception_says_until_when_and_who() -> None:
    mark = "until 2027-03-31, by jane.doe@example.com: moved to another store"
    assert marks("prod.platform:PersistentVolumeClaim:harbor/data", exception()) == mark
    assert marks("prod.platform:PersistentVolumeClaim:loki/data", exception()) == ""
    assert marks("prod.platform:PersistentVolumeClaim:harbor/data", exception(), rule="backups") == ""


@pytest.mark.parametrize(
    ("pattern", "subject", "fits"),
    [
        ("prod:controlPlane.count", "prod:controlPlane.count", True),
        ("prod:controlPlane.count", "prod:controlPlaneXcount", False),
        ("prod:controlPlane.count", "prod:controlPlane.counts", False),
        ("prod:*", "prod:controlPlane.count", True),
        ("*.platform:Namespace:*", "dev.platform:Namespace:harbor", True),
        ("prod:a[0]", "prod:a[0]", True),
        ("prod:a[0]", "prod:a0", False),
        ("prod:?", "prod:a", False),
        ("prod.platform:*:a*c", "prod.platform:X:abbc", True),
    ],
)
def test_a_star_is_any_text_and_everything_else_itself(pattern: str, subject: str, fits: bool) -> None:  # noqa: FBT001
    assert bool(marks(subject, exception(subject=pattern))) == fits


def test_the_last_day_is_one_of_its_own_and_the_next_is_not() -> None:
    last = date(2027, 3, 31)
    subject = "prod.platform:PersistentVolumeClaim:harbor/data"
    assert marks(subject, exception(), today=last)
    assert marks(subject, exception(), today=last + timedelta(days=1)) == ""


@given(st.dates(), st.dates())
@settings(deadline=None)
def test_an_ended_exception_never_holds(today: date, until: date) -> None:
    assert holds(exception(until=until), today) == (today <= until)


def test_of_several_the_one_that_lasts_longest_is_told() -> None:
    longer = exception(until="2027-05-01", by="joe@example.com")
    subject = "prod.platform:PersistentVolumeClaim:harbor/data"
    assert marks(subject, longer, exception()).startswith("until 2027-05-01, by joe")
    assert marks(subject, exception(), longer).startswith("until 2027-05-01, by joe")


def test_every_refusal_comes_at_once_with_its_line(tmp_path: Path) -> None:
    far = TODAY + LONGEST + timedelta(days=1)
    catalog = catalog_with(
        tmp_path,
        GOOD,
        {**GOOD, "rule": "deletes-dta"},
        {**GOOD, "subject": "**"},
        {**GOOD, "until": str(far), "subject": "other:*"},
        GOOD,
    )
    with pytest.raises(DocumentsRefused) as refused:
        load_exceptions(catalog, TODAY)
    said = str(refused.value).splitlines()
    assert len(said) == 4
    assert all(line.startswith("stacks/exceptions.yaml:") for line in said)
    assert "exceptions[1].rule: deletes-dta: is not a rule; did you mean deletes-data?" in said[0]
    assert "exceptions[2].subject: **: excepts everything" in said[1]
    assert f"exceptions[3].until: {far}: is more than 366 days ahead; use {TODAY + LONGEST} or earlier" in said[2]
    assert "exceptions[4].subject: prod.platform:PersistentVolumeClaim:harbor/*: has an exception" in said[3]
    assert [refusal.line for refusal in refused.value.refusals] == sorted(
        {each.line for each in refused.value.refusals}
    )


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("2027-02-30", "is no day of the calendar"),
        ("in march", "is not a day"),
        ("20270331", "is not a day"),
        (20270331, "is not a day"),
        (None, "is not a day"),
    ],
)
def test_a_last_day_is_a_day(tmp_path: Path, until: Any, says: str) -> None:
    with pytest.raises(DocumentsRefused, match=says):
        load_exceptions(catalog_with(tmp_path, {**GOOD, "until": until}), TODAY)


@pytest.mark.parametrize("key", sorted(GOOD))
def test_nothing_of_an_exception_may_be_missing(tmp_path: Path, key: str) -> None:
    rest = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(DocumentsRefused, match=rf"exceptions\[0\]\.{key}: is missing"):
        load_exceptions(catalog_with(tmp_path, rest), TODAY)


def test_a_date_may_stand_with_and_without_quotes(tmp_path: Path) -> None:
    copy_stacks(tmp_path)
    lines = [f"  {key}: {value}" for key, value in GOOD.items()]
    text = "exceptions:\n- " + "\n".join(lines).lstrip() + "\n"
    (tmp_path / "stacks" / "exceptions.yaml").write_text(text, encoding="utf-8")
    assert "'2027-03-31'" not in text
    (found,) = load_exceptions(Catalog(tmp_path), TODAY)
    assert found == exception()


def test_validate_says_which_have_ended_and_refuses_what_is_no_rule(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path / "a", GOOD, {**GOOD, "until": "2026-11-25", "subject": "dev:*"})
    said = list(validate_all(["dev"], catalog, TODAY))
    at = said.index("stacks/exceptions.yaml: valid: 2 exceptions")
    assert len(said) == at + 2
    assert "exceptions[1].until: 2026-11-25: has ended: deletes-data counts again" in said[at + 1]
    with pytest.raises(DocumentsRefused, match="is not a rule"):
        list(validate_all(["dev"], catalog_with(tmp_path / "b", {**GOOD, "rule": "other"}), TODAY))


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    copy_stacks(tmp_path)
    assert load_exceptions(Catalog(tmp_path), TODAY) == ()


def test_change_records_stand_in_one_place(tmp_path: Path) -> None:
    copy_stacks(tmp_path)
    file = tmp_path / "stacks" / "change-records.yaml"
    for text, says in (
        ("file: {}\nwebhook: {url: https://c.example}\n", "file: stands beside webhook"),
        ("file: null\n", "names no place"),
        ("webhook: {url: http://c.example}\n", "is not a plain https URL"),
        ("webhook: {url: https://me:hidden@c.example}\n", "is not a plain https URL"),
        ("webhook: {secret: hidden}\n", "is not a known key"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(DocumentsRefused, match=says) as refused:
            list(validate_all(["dev"], Catalog(tmp_path), TODAY))
        assert "hidden" not in str(refused.value)
    file.write_text("file: {}\n", encoding="utf-8")
    assert "stacks/change-records.yaml: valid: changes are recorded in a folder" in list(
        validate_all(["dev"], Catalog(tmp_path), TODAY)
    )
