"""Promoting a release from one environment to the next: one line is written, or every reason against it is said."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.catalog import Catalog
from infra.errors import DocumentsRefused, NotPossibleHere, StepFailed
from infra.operate import promote
from infra.operate.documents import validate_all
from infra.operate.promote import plan_promotion, run_promote, told, write_promotion
from tests.support.checkout import Checkout
from tests.support.stacks import COMMITTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OLD, NEW = "2026.10.0", "2026.11.0"


def document(catalog: Catalog, name: str) -> Path:
    return catalog.root / "stacks" / "environments" / f"{name}.yaml"


def give(catalog: Catalog, **releases: str) -> Catalog:
    """Give environments a release each, as their documents have it, and return a catalogue that has not read them."""
    for name, version in releases.items():
        file = document(catalog, name)
        lines = file.read_bytes().split(b"\n")
        (number,) = [number for number, line in enumerate(lines) if line.startswith(b"release: ")]
        lines[number] = b"release: " + version.encode()
        file.write_bytes(b"\n".join(lines))
    return Catalog(catalog.root)


def change(file: Path, *pairs: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for this, by in pairs:
        assert this in text, this
        text = text.replace(this, by, 1)
    file.write_text(text, encoding="utf-8")


def refusal(catalog: Catalog, source: str, target: str, *, back: bool = False) -> list[str]:
    """Return why a promotion is refused; nothing is written then."""
    before = {name: document(catalog, name).read_bytes() for name in COMMITTED}
    with pytest.raises(DocumentsRefused) as refused:
        plan_promotion(catalog, source, target, back=back)
    assert {name: document(catalog, name).read_bytes() for name in COMMITTED} == before
    return str(refused.value).splitlines()


def test_one_line_is_written_and_not_a_byte_beside_it(catalog: Catalog) -> None:
    catalog = give(catalog, dev=NEW, staging=OLD, prod=OLD)
    file = document(catalog, "staging")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n").replace(b"2026.10.0", b"'2026.10.0'   # proved in dev"))
    before = {path: path.read_bytes() for path in (catalog.root / "stacks").rglob("*") if path.is_file()}
    planned = plan_promotion(catalog, "dev", "staging")
    assert planned is not None
    write_promotion(catalog, planned)
    after = {path: path.read_bytes() for path in (catalog.root / "stacks").rglob("*") if path.is_file()}
    assert {path for path, content in after.items() if before.get(path) != content} == {file}
    assert after[file] == before[file].replace(b"'2026.10.0'", b"'2026.11.0'")
    assert Catalog(catalog.root).load("staging")[1].version == NEW


def test_what_is_told_is_the_line_the_differences_and_what_to_know(catalog: Catalog) -> None:
    catalog = give(catalog, dev=NEW, staging=OLD, prod=OLD)
    said = "\n".join(told(catalog, "dev", "staging", plan_promotion(catalog, "dev", "staging")))
    lines = said.splitlines()
    assert f"stacks/environments/staging.yaml:5: release: {OLD} becomes {NEW}" in lines
    assert f"{OLD} to {NEW}: " in said
    assert any(line.split() == ["charts.harbor", "1.19.0", "1.19.1"] for line in lines)
    assert any("have no digest" in line and line.startswith("warning: ") for line in lines)


@pytest.mark.parametrize(("source", "also"), [("dev", ", as dev has"), ("staging", "")])
def test_the_same_release_is_nothing_to_promote(catalog: Catalog, source: str, also: str) -> None:
    catalog = give(catalog, dev=NEW, staging=NEW)
    planned = plan_promotion(catalog, source, "staging")
    assert planned is None
    assert list(told(catalog, source, "staging", planned)) == [
        f"staging has release {NEW} already{also}: nothing to promote"
    ]


def test_no_environment_is_skipped(catalog: Catalog) -> None:
    (line,) = refusal(give(catalog, dev=NEW, staging=NEW, prod=OLD), "dev", "prod")
    assert line == (
        "stacks/promotion.yaml:3: order: dev, staging, prod: has staging between dev and prod; one after the other: "
        "./slipway promote dev staging, then ./slipway promote staging prod"
    )


def test_an_older_release_has_to_be_meant(catalog: Catalog) -> None:
    catalog = give(catalog, dev=OLD, staging=NEW, prod=NEW)
    (line,) = refusal(catalog, "dev", "staging")
    assert line == (
        f"stacks/environments/staging.yaml:5: release: {OLD}: is older than {NEW}, which the environment has; "
        "add --back if that is meant"
    )
    planned = plan_promotion(catalog, "dev", "staging", back=True)
    assert planned is not None
    assert (planned.old, planned.new) == (NEW, OLD)


def test_where_the_order_refuses_an_older_release_is_not_offered(catalog: Catalog) -> None:
    (line,) = refusal(give(catalog, dev=NEW, staging=OLD, prod=OLD), "staging", "dev")
    assert line.endswith("has dev before staging; promote from dev to staging")


def test_no_minor_of_kubernetes_is_skipped_and_every_reason_is_said_at_once(catalog: Catalog) -> None:
    catalog = give(catalog, dev=NEW, staging=NEW, prod=OLD)
    older = catalog.root / "stacks" / "releases" / f"{OLD}.yaml"
    text = older.read_text(encoding="utf-8")
    older.write_text(text.replace("kubernetes:\n  version: 1.36.3", "kubernetes:\n  version: 1.34.9"), encoding="utf-8")
    lines = refusal(catalog, "dev", "prod")
    assert [line.partition(": ")[0] for line in lines] == [
        "stacks/environments/prod.yaml:5",
        "stacks/promotion.yaml:3",
    ]
    assert f"release: {NEW}: Kubernetes 1.34.9 to 1.36.3 is more than 1 minor at a time (" in lines[0]


def test_a_release_that_its_check_refuses_is_not_promoted(catalog: Catalog) -> None:
    catalog = give(catalog, dev=NEW, staging=OLD, prod=OLD)
    change(catalog.root / "stacks" / "releases" / f"{NEW}.yaml", ("    version: 1.36.0\n", "    version: 1.35.1\n"))
    (line,) = refusal(catalog, "dev", "staging")
    assert "charts.vsphere-cpi: 1.35.1: does not go together with kubernetes 1.36.3, only with 1.35.*" in line


def test_what_only_the_target_asks_for_is_looked_for_in_the_release(catalog: Catalog) -> None:
    """The check counts the target as an environment of the release, though its document does not say so yet."""
    catalog = give(catalog, dev=NEW, staging=NEW, prod=OLD)
    change(document(catalog, "staging"), ("\ncluster:\n", "\ncluster:\n  metrics: false\n"))
    change(document(catalog, "dev"), ("\ncluster:\n", "\ncluster:\n  metrics: false\n"))
    change(catalog.root / "stacks" / "releases" / f"{NEW}.yaml", ("\n  metrics-server:\n", "\n  another-server:\n"))
    (line,) = refusal(Catalog(catalog.root), "staging", "prod")
    assert "charts.metrics-server: is not pinned, and asked for by prod; " in line


def test_a_document_that_the_catalogue_refuses_with_the_release_is_not_written(catalog: Catalog) -> None:
    catalog = give(catalog, dev=NEW, staging=OLD, prod=OLD)
    change(catalog.root / "stacks" / "releases" / f"{NEW}.yaml", ("  diskGiB: 20\n", "  diskGiB: 100\n"))
    for name, changes in {
        "dev": [("diskGiB: 60", "diskGiB: 200")],
        "staging": [("template: ubuntu-24.04-kubernetes-1.36.3-1", "template: ubuntu-24.04-kubernetes-1.36.3-2")],
    }.items():
        change(document(catalog, name), *changes)
    lines = refusal(Catalog(catalog.root), "dev", "staging")
    assert lines
    assert all(line.startswith("stacks/environments/staging.yaml:") for line in lines)
    assert any("is smaller than the template's disk (100 GiB, release 2026.11.0)" in line for line in lines)


def test_a_release_that_does_not_stand_in_one_line_is_not_written(catalog: Catalog) -> None:
    catalog = give(catalog, dev=NEW, staging=OLD)
    change(document(catalog, "staging"), (f"release: {OLD}\n", f"release: >-\n  {OLD}\n"))
    (line,) = refusal(Catalog(catalog.root), "dev", "staging")
    assert line == (
        "stacks/environments/staging.yaml:5: release: does not stand in one line of its own, and nothing else may "
        "change; write it there as a plain text, for example release: 2026.11.0"
    )


@pytest.mark.parametrize("pair", [("nope", "staging"), ("dev", "nope")])
def test_environments_that_are_none_are_refused(catalog: Catalog, pair: tuple[str, str]) -> None:
    assert refusal(catalog, *pair) == [
        "stacks/environments/nope.yaml: there is no such environment; environments here: dev, prod, staging"
    ]


NAME = "stacks/promotion.yaml"
BY_HAND = "add it where it belongs, or write its release by hand: stacks/environments/staging.yaml"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, ": is not there; say there in which order environments get a release: order: [dev, staging]"),
        ("order: [dev, lab]\n", ":1: order[1]: lab: is no environment; environments here: dev, prod, staging"),
        ("order: []\n", ":1: order: has too few entries; write 1 or more"),
        ("order: [dev, prod]\n", f":1: order: dev, prod: does not name staging; {BY_HAND}"),
    ],
    ids=["missing", "unknown environment", "empty", "not in it"],
)
def test_order_has_to_be_there_and_right(catalog: Catalog, text: str | None, line: str) -> None:
    catalog = give(catalog, dev=NEW, staging=OLD)
    order = catalog.root / "stacks" / "promotion.yaml"
    order.unlink()
    if text is not None:
        order.write_text(text, encoding="utf-8")
    assert refusal(catalog, "dev", "staging") == [f"{NAME}{line}"]


def test_validate_checks_the_order_where_there_is_one(catalog: Catalog) -> None:
    order = catalog.root / "stacks" / "promotion.yaml"
    list(validate_all([], catalog))
    order.write_text("order: [dev, dev]\nother: 1\n", encoding="utf-8")
    with pytest.raises(DocumentsRefused) as refused:
        list(validate_all([], Catalog(catalog.root)))
    assert str(refused.value) == "stacks/promotion.yaml:2: other: is not a known key; did you mean order?"
    order.write_text("order: [dev, dev, lab]\n", encoding="utf-8")
    with pytest.raises(DocumentsRefused) as refused:
        list(validate_all([], Catalog(catalog.root)))
    assert str(refused.value).splitlines() == [
        "stacks/promotion.yaml:1: order[1]: dev: stands twice in the order; keep one of the two",
        "stacks/promotion.yaml:1: order[2]: lab: is no environment; environments here: dev, prod, staging",
    ]
    order.unlink()
    list(validate_all([], Catalog(catalog.root)))


@pytest.fixture
def promoted(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """Give the checkout in which `slipway promote` runs: dev has the newer release."""
    given = give(catalog, dev=NEW, staging=OLD, prod=OLD)
    monkeypatch.setattr(promote, "Catalog", lambda: Catalog(given.root))
    return given


def test_the_review_is_made_once_the_document_is_written(promoted: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def write_review(environments: Sequence[str], against: str, form: str, output: Path | None) -> int:
        asked.append((environments, against, form, output, Catalog(promoted.root).load("staging")[1].version))
        return 3

    monkeypatch.setattr(promote, "write_review", write_review)
    assert run_promote("dev", "staging", back=False, dry_run=True, review=None) == 0
    assert asked == []
    assert Catalog(promoted.root).load("staging")[1].version == OLD
    page = promoted.root / "review.html"
    assert run_promote("dev", "staging", back=False, dry_run=False, review=page) == 3
    assert run_promote("dev", "staging", back=False, dry_run=False, review=None) == 0
    assert asked == [(["staging"], "HEAD", "html", page, NEW)]


def test_a_review_that_can_not_be_made_is_said_and_the_document_stays(
    promoted: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_review(*_: object) -> int:
        raise NotPossibleHere("--against", "HEAD is no revision of this repository", "see: git log")

    monkeypatch.setattr(promote, "write_review", write_review)
    with pytest.raises(StepFailed) as failed:
        run_promote("dev", "staging", back=False, dry_run=False, review=None)
    assert str(failed.value) == (
        "stacks/environments/staging.yaml is written, and its review could not be made: "
        "--against: HEAD is no revision of this repository; see: git log\n"
        "once that is mended: ./slipway review staging"
    )
    assert Catalog(promoted.root).load("staging")[1].version == NEW


def test_a_review_of_no_form_is_refused_before_anything_is_written(promoted: Catalog) -> None:
    with pytest.raises(NotPossibleHere) as refused:
        run_promote("dev", "staging", back=False, dry_run=False, review=promoted.root / "review.txt")
    assert str(refused.value).endswith("review.txt is no form of a review; let its name end with .md, .html, .json")
    assert Catalog(promoted.root).load("staging")[1].version == OLD


def test_command_line(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    before = checkout.document_of("staging").read_bytes()

    def slipway(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(checkout.root / "slipway"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    shown = slipway("promote", "dev", "staging", "--dry-run")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"release: {OLD} becomes {NEW}\n" in shown.stdout
    same = slipway("promote", "staging", "prod")
    assert (same.returncode, same.stdout) == (
        0,
        f"prod has release {OLD} already, as staging has: nothing to promote\n",
    )
    skipped = slipway("promote", "staging", "dev")
    assert skipped.returncode == 2
    assert [line.partition(":")[0] for line in skipped.stderr.splitlines()] == ["stacks/promotion.yaml"]
    assert checkout.document_of("staging").read_bytes() == before
    assert slipway("release", "diff", OLD, NEW, "--format", "md").stdout.startswith(f"{OLD} to {NEW}: ")
    assert slipway("release", "check", NEW).returncode == 0
