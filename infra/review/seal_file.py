"""The file of a seal, and the files that seals are of. Reads and writes files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from infra.charts.bundle import Bundle
from infra.charts.record import IMAGES, write_whole
from infra.review.seal import PlanRefused, Seal
from infra.review.seal_parts import document_hash, hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release

FORMAT = "slipway-seal"
VERSION = 1
_SEAL = TypeAdapter(Seal)
_PROGRAM = ("infra", "templates")  # what `pulumi up` runs, with the files below
_PROGRAM_FILES = ("__main__.py", "Pulumi.yaml", "requirements.txt")


def write_seal(file: Path, seal: Seal) -> str:
    """Write a seal to a file, whole or not at all, and return its hash, which is what is approved."""
    content = {"format": FORMAT, "version": VERSION, **seal.plain(), "seal": seal.hash}
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, text)
    return seal.hash


def read_seal(file: Path, approved: str = "") -> Seal:
    """Return the seal of a file; `approved` is the hash that was approved, if somebody recorded it.

    Raises `PlanRefused` for a file that can't be read, is no seal, was written by another version, was changed after it
    was sealed, or is not the one that was approved.
    """
    content = _content(file)
    if content.get("format") != FORMAT:
        raise _refused(file, "is no seal", "name the file that `slipway review --seal` wrote")
    if content.get("version") != VERSION:
        reason = f"has version {content.get('version')!r} of the format, and this Slipway reads {VERSION}"
        raise _refused(file, reason, "review with this Slipway, and have that approved")
    told = content.pop("seal", None)
    plain = {key: value for key, value in content.items() if key not in ("format", "version")}
    if told != hash_of(plain):
        fix = "take the file as it was reviewed, or review anew and have that approved"
        raise _refused(file, "does not fit its own hash: it was changed after it was sealed, or is not whole", fix)
    try:
        seal = _SEAL.validate_json(json.dumps(plain))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _refused(file, f"is no seal ({place}: {first['msg']})", "review anew") from None
    misnamed = [name for name, layer in seal.stacks.items() if layer.stack != name]
    if misnamed:
        raise _refused(file, f"is no seal ({misnamed[0]} holds another stack's plan)", "review anew")
    if approved and approved != seal.hash:
        raise _refused(file, f"is not what was approved: it is {seal.hash}, approved is {approved}", "take that file")
    return seal


def _content(file: Path) -> dict[str, Any]:
    """Return what a file holds as JSON; a key that stands twice is refused, as people may read the other one."""
    try:
        content = json.loads(file.read_bytes(), object_pairs_hook=_once, parse_constant=_no_number)
    except FileNotFoundError:
        raise _refused(file, "there is no such file", "name the file that `slipway review --seal` wrote") from None
    except OSError as error:
        raise _refused(file, f"can't be read ({error.strerror})", "let yourself read it") from None
    except (ValueError, RecursionError) as error:
        raise _refused(file, f"is no JSON ({' '.join(str(error).split())})", "take the whole file") from None
    if not isinstance(content, dict):
        raise _refused(file, "is no seal", "name the file that `slipway review --seal` wrote")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _refused(file: Path, reason: str, fix: str) -> PlanRefused:
    return PlanRefused(f"{file}: {reason}; {fix}")


def sealed_documents(root: Path, environment: Environment, release: Release, layer: Layer) -> dict[str, str]:
    """Return the hashes of the documents that a layer's plan is made of, by path, as far as they are there.

    These are the environment's own, its release, the stack's settings, in which secrets stand encrypted, and of the
    compute layer the placement lock, of the others what the bundle says of itself and of images.
    """
    files = [
        Path("stacks") / "environments" / f"{environment.name}.yaml",
        Path("stacks") / "releases" / f"{release.version}.yaml",
        Path("stacks") / f"Pulumi.{environment.name}.{layer}.yaml",
    ]
    if layer == "compute":
        files.append(Path("stacks") / "placements" / f"{environment.name}.yaml")
    else:
        folder = Bundle.of(root, release).folder
        files += [folder / "bundle.json", folder / IMAGES]
    return {str(file): document_hash((root / file).read_bytes()) for file in files if (root / file).is_file()}


def program_version(root: Path) -> str:
    """Return a short hash of what `pulumi up` runs in a checkout: program, templates, pinned packages.

    It stands for Slipway's version among a seal's tools: it says more than a commit, as files may differ from it, and
    less, as a commit may change what is not run.
    """
    files = {str(file.relative_to(root)): document_hash(file.read_bytes()) for file in sorted(_program_files(root))}
    return hash_of(files).partition(":")[2][:16]


def _program_files(root: Path) -> Iterator[Path]:
    for folder in _PROGRAM:
        for file in (root / folder).rglob("*"):
            made = "__pycache__" in file.parts or file.name.startswith(".")  # by Python, or by an editor
            if file.is_file() and not made:
                yield file
    yield from (root / name for name in _PROGRAM_FILES if (root / name).is_file())
