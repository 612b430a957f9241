"""What the engine's failures mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.operate.engine import _reason

if TYPE_CHECKING:
    from pathlib import Path

WRONG = "stderr: error: getting stack configuration: get stack secrets manager: incorrect passphrase\n"


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "{home}/.config/slipway/dev.passphrase"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "/keys/dev"}, "/keys/dev"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "/keys/dev", "PULUMI_CONFIG_PASSPHRASE": "x"}, "PULUMI_CONFIG_PASSPHRASE"),
    ],
)
def test_wrong_passphrase_is_said_with_its_place(
    variables: dict[str, str], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _reason(WRONG, "dev.compute") == (
        "its secrets were encrypted with another passphrase than the one in "
        f"{place.format(home=tmp_path)}; put the right one there"
    )
