"""What a person can decide on the command line."""

from __future__ import annotations

from enum import Enum


class Choice(Enum):
    """What becomes of a machine that vCenter has and the state does not."""

    ADOPT = "adopt"
    REMOVE = "remove"
