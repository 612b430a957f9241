"""Settings of a rehearsal's stacks: a stack that is there gets what a later revision needs, too, time and again."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from infra.catalog import ROOT, Catalog
from infra.operate.review_layers import Reviewed
from infra.review.model import LayerReview, Staleness
from rehearsal.change import _rehearsed
from rehearsal.session import play_settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from infra.model.handover import Layer
    from rehearsal.session import Rehearsal


class PlayedRehearsal:
    """Keeps the settings that `pulumi config` would."""

    def __init__(self, password_file: Path) -> None:
        self.layout = SimpleNamespace(password_file=password_file)
        self.settings: dict[str, str] = {}

    def run(self, command: Sequence[str], *, stdin: str = "") -> subprocess.CompletedProcess[str]:
        assert command[:2] == ["pulumi", "config"]  # no stack is made
        for flag, pair in pairwise(command):
            if command[2] == "set-all" and flag in ("--secret", "--plaintext"):
                name, _, value = pair.partition("=")
                self.settings[name] = value
        if command[2] == "set":
            self.settings[command[4]] = stdin
        return subprocess.CompletedProcess(list(command), 0, "", "")


def played(tmp_path: Path, layer: Layer, times: int) -> dict[str, str]:
    (tmp_path / "password").write_text("pass", encoding="ascii")
    rehearsal: Any = PlayedRehearsal(tmp_path / "password")
    for _ in range(times):
        play_settings(cast("Rehearsal", rehearsal), layer, *Catalog(ROOT).load("dev"))
    return cast("dict[str, str]", rehearsal.settings)


def test_a_layer_gets_its_settings_and_the_same_ones_again(tmp_path: Path) -> None:
    login = {"vsphere:user", "vsphere:password"}
    compute, toolchain = played(tmp_path, "compute", 1), played(tmp_path, "toolchain", 1)
    assert set(compute) == login
    assert compute["vsphere:password"] == "pass"
    assert not login & set(toolchain)
    for layer in ("compute", "cluster", "platform", "toolchain"):
        assert played(tmp_path, layer, 2) == played(tmp_path, layer, 1)


def test_what_was_rehearsed_says_so() -> None:
    layer = LayerReview("dev", "compute", "no change", staleness=Staleness(state="a"))
    assert _rehearsed(Reviewed(layer)).layer.staleness == Staleness(state="a", rehearsed=True)
