"""What is installed in `.tools/bin`, remembered so that a run with nothing to do needs no other program."""

import json
from pathlib import Path
from typing import NamedTuple

from tools.install.store import write_whole


class Installed(NamedTuple):
    """How a program got here (such as "built"), its content key, and its files' sizes and times."""

    how: str
    key: str
    files: dict[str, list[int]]

    def is_whole(self) -> bool:
        """Tell whether every file is there as it was installed."""
        return all(_state(Path(file)) == state for file, state in self.files.items())


class Stamp:
    """The installed programs by name, kept in a file."""

    def __init__(self, file: Path, bin_folder: Path) -> None:
        """Read `file`; one that is missing or damaged counts as nothing installed."""
        self._file = file
        self._bin = bin_folder
        self._programs: dict[str, Installed] = {}
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            self._programs = {name: Installed(**fields) for name, fields in content.items()}
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            self._programs = {}

    def get(self, name: str) -> Installed | None:
        """Return what is remembered of a program."""
        return self._programs.get(name)

    def set(self, name: str, how: str, key: str, files: list[Path]) -> None:
        """Remember a program, and remove the files it had in the folder of programs and no longer has."""
        former = self._programs.get(name)
        states = {str(file): state for file in files if (state := _state(file)) is not None}
        for file in former.files if former else ():
            if file not in states and Path(file).parent == self._bin and not self._is_shared(file, name):
                Path(file).unlink(missing_ok=True)
        self._programs[name] = Installed(how, key, states)
        text = json.dumps({name: program._asdict() for name, program in self._programs.items()}, indent=1)
        write_whole(self._file, text + "\n")

    def _is_shared(self, file: str, name: str) -> bool:
        return any(file in program.files for other, program in self._programs.items() if other != name)


def _state(file: Path) -> list[int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return [found.st_size, found.st_mtime_ns]
