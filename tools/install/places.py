"""Where things are."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Places(NamedTuple):
    """The folders an installation works with: the checkout, and the user's cache of finished programs."""

    root: Path
    cache: Path

    @property
    def catalog(self) -> Path:
        """The list of programs."""
        return self.root / "tools" / "tools.yaml"

    @property
    def tools(self) -> Path:
        """The installed programs and what is remembered about them."""
        return self.root / ".tools"

    @property
    def bin(self) -> Path:
        """The folder that goes on PATH."""
        return self.tools / "bin"

    @property
    def logs(self) -> Path:
        """The output of the last build of each program."""
        return self.tools / "logs"


def find_places(environment: Mapping[str, str]) -> Places:
    """Return the places of this checkout; the cache follows XDG_CACHE_HOME."""
    caches = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Places(Path(__file__).resolve().parents[2], caches / "slipway" / "programs")
