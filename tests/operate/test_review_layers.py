"""Which layers are reviewed, and why one can't be previewed: nothing that `up` would touch goes unseen."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import NotPossibleHere, StepFailed
from infra.operate import review_layers as module
from infra.operate.approved import Approved
from infra.operate.review_layers import Reviewed, _moves_the_cluster, _other_nodes, _Previewed, review_layers
from infra.review.change_records.record import ChangeRecordsAway
from infra.review.model import LayerReview, ResourceChange
from infra.review.seal import PlanRefused, Seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.model.handover import Layer

NODES = [{"name": "dev-cpu-1", "uuid": "42"}]
IDENTITY = ResourceChange("urn", "slipway:index:ClusterIdentity", "cluster", "", "update")


def previewed(
    layer: str, verdict: Any = "no change", *, changes: Any = (), before: Any = None, after: Any = None
) -> Any:
    review = LayerReview("dev", layer, verdict, changes=tuple(changes))
    handed = [{"handover": each} if each is not None else {} for each in (before, after)]
    return _Previewed(Reviewed(review), *handed)


@pytest.fixture
def reviewing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Review dev's layers with previews, stacks and asked layers played; return why each could not be previewed."""

    def review(asked: tuple[str, ...], there: tuple[str, ...], only: Any = None, **played: Any) -> dict[str, str]:
        why: dict[str, str] = {}

        def played_review(_: Any, __: Any, layer: Layer, ___: Any, moved: str) -> Any:
            why[layer] = moved
            return played.get(layer) or previewed(layer)

        def played_stack(_: str, layer: Layer, *, create: bool) -> Any:
            assert not create
            return layer if layer in there else None

        monkeypatch.setattr(module, "asked_layers", lambda *_: asked)
        monkeypatch.setattr(module, "_not_for_real", lambda _: "")
        monkeypatch.setattr(module, "_review", played_review)
        monkeypatch.setattr(module, "open_stack", played_stack)
        assert [each.layer.layer for each in review_layers("dev", only)] == list(why)
        return why

    return review


def test_a_layer_that_nobody_asks_for_is_reviewed_as_long_as_it_has_a_stack(reviewing: Any) -> None:
    asked = ("compute", "cluster")
    assert list(reviewing(asked, there=("compute",))) == ["compute", "cluster"]
    assert list(reviewing(asked, there=("compute", "toolchain"))) == ["compute", "cluster", "toolchain"]
    assert list(reviewing(asked, there=("toolchain",), only=["dev.toolchain"])) == ["toolchain"]


def test_a_layer_whose_stack_can_not_be_read_is_not_passed_over(
    reviewing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: Any, **__: Any) -> None:
        raise NotPossibleHere("dev.toolchain", "there is no passphrase", "set one")

    reviewing(("compute",), there=())
    monkeypatch.setattr(module, "open_stack", unreadable)
    assert [each.layer.layer for each in review_layers("dev")] == ["compute", "cluster", "platform", "toolchain"]


def test_other_nodes_concern_the_cluster_layer_alone(reviewing: Any) -> None:
    other = previewed("compute", "changes", before={"nodes": NODES}, after={"nodes": []})
    why = reviewing(("compute", "cluster", "platform"), there=(), compute=other)
    assert why == {
        "compute": "",
        "cluster": "dev.compute would hand over other nodes, which this layer would be told of",
        "platform": "",
    }


def test_another_cluster_concerns_all_layers_above(reviewing: Any) -> None:
    new = previewed("compute", "changes", changes=[IDENTITY])
    why = reviewing(("compute", "cluster", "platform"), there=(), compute=new)
    assert {why["cluster"], why["platform"]} == {"dev.compute would hand over other keys of the cluster"}


@pytest.mark.parametrize(
    ("preview", "reason"),
    [
        (previewed("compute", "preview failed"), "dev.compute could not be previewed, and it stands on that"),
        (previewed("compute", before={"api": "a"}, after={"api": "b"}), "dev.compute would hand over another api"),
        (previewed("compute", before={"api": "a"}, after={"api": "a"}), ""),
        (previewed("compute"), ""),
    ],
)
def test_what_moves_the_cluster(preview: Any, reason: str) -> None:
    assert _moves_the_cluster(preview) == reason


def test_nodes_that_stay_are_none_others() -> None:
    assert _other_nodes(previewed("compute", before={"nodes": NODES}, after={"nodes": NODES})) == ""
    assert _other_nodes(previewed("compute")) == ""


def test_what_nobody_has_reviewed_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.operate.approved.review_layers", lambda *_: [])
    with pytest.raises(PlanRefused, match=r"^dev\.toolchain: nobody has seen what would become of it\n"):
        Approved("dev", Seal("2026-11-26T00:00:00+00:00", "jane")).check(["dev.toolchain"])


class Records:
    """A place of change records that approves everything, and may be away when a record is closed."""

    def __init__(self, *, away: bool = False) -> None:
        self.closed: list[tuple[str, str]] = []
        self.away = away

    def wait_for_approval(self, *_: Any) -> None:
        pass

    def close(self, record: str, result: str, notes: str) -> None:
        del notes
        if self.away:
            raise ChangeRecordsAway("the service is away")
        self.closed.append((record, result))


@pytest.mark.parametrize(
    ("error", "result"),
    [(None, "successful"), (PlanRefused("moved"), "not run"), (StepFailed("up", "failed"), "failed"),
     (KeyboardInterrupt(), "failed")],
)  # fmt: skip
def test_a_record_is_closed_with_what_came_of_it(
    error: BaseException | None, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = Records()
    monkeypatch.setattr("infra.operate.approved.change_records", lambda: records)
    carried_out(error)
    assert records.closed == [("CHG-1", result)]


def test_what_went_wrong_is_not_hidden_by_a_record_that_can_not_be_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.operate.approved.change_records", lambda: Records(away=True))
    carried_out(StepFailed("up", "failed"))
    assert capsys.readouterr().err == "CHG-1: can't be closed as failed: the service is away\n"


def carried_out(error: BaseException | None) -> None:
    """Carry out something approved that ends with an error or without one; the error has to come out as it is."""
    expected = pytest.raises(type(error)) if error is not None else nullcontext()
    with expected as raised, Approved("dev", Seal("2026-11-26T00:00:00+00:00", "jane")).on_record("CHG-1"):
        if error is not None:
            raise error
    assert error is None or raised.value is error


def test_a_layer_that_would_get_another_secret_is_not_previewed_without_it(reviewing: Any) -> None:
    asked: tuple[str, ...] = ("compute", "cluster", "platform", "toolchain")
    password = ResourceChange("urn", "slipway:index:Password", "database-mlflow", "", "update")
    why = reviewing(asked, there=(), platform=previewed("platform", "changes", changes=[password]))
    assert why["platform"] == ""
    assert why["toolchain"] == "dev.platform would make database-mlflow anew, which this layer hands to what reads it"


@pytest.mark.parametrize(("name", "operation"), [("harbor-csrf", "update"), ("database-mlflow", "create")])
def test_a_secret_that_no_other_layer_has_yet_or_gets_is_no_reason(reviewing: Any, name: str, operation: Any) -> None:
    asked: tuple[str, ...] = ("compute", "cluster", "platform", "toolchain")
    password = ResourceChange("urn", "slipway:index:Password", name, "", operation)
    why = reviewing(asked, there=(), platform=previewed("platform", "changes", changes=[password]))
    assert why["toolchain"] == ""
