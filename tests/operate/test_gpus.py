"""`slipway fit` as people and programs read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT, Catalog
from infra.errors import NotPossibleHere
from infra.gpu.lock import lock_path, read_lock
from infra.operate.fit_picture import show_fit
from infra.operate.gpus import run_fit, work_out_fit
from tests.support.checkout import without_gpus, without_tools
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_an_environment_without_gpus_has_nothing_to_place(tmp_path: Path) -> None:
    copy_stacks(tmp_path)
    document = tmp_path / "stacks" / "environments" / "dev.yaml"
    document.write_text(without_gpus(without_tools(document.read_text(encoding="utf-8"))), encoding="utf-8")
    with pytest.raises(NotPossibleHere) as refused:
        work_out_fit(Catalog(tmp_path), "dev")
    assert str(refused.value) == (
        "stacks/environments/dev.yaml: no pool has GPUs, nothing to place; "
        "give one a `gpu`, or go on: ./slipway preview dev"
    )


def test_what_a_person_reads(golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]) -> None:
    run_fit("prod", write=False, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("inventory of vcenter.prod.example.internal, read 20")
    golden("fit-prod.txt", "\n".join(line.rstrip() for line in lines[1:]) + "\n")


def test_a_request_that_means_nothing_here_is_refused_beside_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_stacks(tmp_path)
    document = tmp_path / "stacks" / "environments" / "dev.yaml"
    text = document.read_text(encoding="utf-8").replace("share: 1/4", "share: 1/5").replace("l4-1of4", "l4-1of5")
    document.write_text(text, encoding="utf-8")
    fitting = work_out_fit(Catalog(tmp_path), "dev")
    show_fit(fitting.environment, fitting.inventory, fitting.plan, fitting.before, fitting.neighbours)
    shown = capsys.readouterr().out
    assert "every node gets" not in shown
    assert "esx-04  0000:3b:00.0  L4 " in shown
    assert fitting.plan.unfit[0].fix == "shares of it: 1/1, 1/2, 1/3, 1/4, 1/6"


def test_what_a_program_reads_is_what_the_committed_lock_says(capsys: pytest.CaptureFixture[str]) -> None:
    run_fit("prod", write=False, as_json=True)
    said = json.loads(capsys.readouterr().out)
    lock = read_lock(lock_path(ROOT, "prod"), "prod")
    assert lock is not None
    assert said["unfit"] == []
    assert {name: (seat["host"], tuple(seat["devices"])) for name, seat in said["nodes"].items()} == {
        name: (seat.host, seat.devices) for name, seat in lock.seats.items()
    }
    assert {name: pool["board"] for name, pool in said["pools"].items()} == {
        name: pool.need.board for name, pool in lock.pools.items()
    }
