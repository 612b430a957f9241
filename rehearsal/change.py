"""A change, rehearsed: what one revision says comes up for real, then what the checkout says is previewed there."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.errors import StepFailed
from infra.layer_plans import asked_layers
from infra.operate.review_layers import REVIEWED_OF_JSON
from infra.review.revisions import checked_out
from rehearsal.contract.bundle import write_bundle
from rehearsal.layout import ROOT
from rehearsal.session import play_settings, rehearsing, slipway_command

if TYPE_CHECKING:
    from infra.operate.review_layers import Reviewed

_LINKED = (".venv", ".tools", "tools")  # as they are here: not part of what is compared
_COPIED = ("infra", "rehearsal", "templates", "stacks", "Pulumi.yaml", "__main__.py", "slipway")


def layers_in_rehearsal(environment: str, revision: str) -> list[Reviewed]:
    """Return the reviews of an environment's layers: `revision` is made in a rehearsal, this checkout previewed on it.

    Raises `StepFailed` when that revision does not come up.
    """
    folder = Path(mkdtemp(prefix="slipway-"))  # short: Unix sockets want it
    try:
        _check_out(revision, folder)
        print(f"==> rehearsing {environment} as {revision[:12]} has it", file=sys.stderr, flush=True)
        with rehearsing(environment, boot=True, root=folder) as rehearsal:
            done = rehearsal.popen(slipway_command("up", environment, "--yes"), stdout=sys.stderr).wait()
            if done != 0:
                raise StepFailed(f"rehearsal of {environment} at {revision[:12]}", f"ended with exit code {done}")
            made = asked_layers(Catalog(folder).load(environment)[0])
            _take_over(folder)
            document, release = Catalog(folder).load(environment)
            write_bundle(rehearsal.layout, [release])
            for layer in asked_layers(document):
                if layer in made:  # others have no stack yet, and are told so
                    play_settings(rehearsal, layer, document, release)
            answer = rehearsal.run([sys.executable, "-m", "infra.operate.review_layers", environment])
            if answer.returncode != 0:
                raise StepFailed(f"review of {environment} in a rehearsal", answer.stderr.strip())
            return [_rehearsed(each) for each in REVIEWED_OF_JSON.validate_json(answer.stdout)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rehearsed(reviewed: Reviewed) -> Reviewed:
    """Return a layer's review as one that was made in a rehearsal."""
    staleness = replace(reviewed.layer.staleness, rehearsed=True)
    return replace(reviewed, layer=replace(reviewed.layer, staleness=staleness))


def _check_out(revision: str, folder: Path) -> None:
    """Put what a revision has into a folder, with this checkout's programs beside it."""
    with checked_out(ROOT, revision, _COPIED) as there:
        shutil.copytree(there, folder, dirs_exist_ok=True)
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)


def _take_over(folder: Path) -> None:
    """Put what this checkout has in the place of a revision's; stack files stay: they have the rehearsal's settings."""
    for name in _COPIED:
        source, place = ROOT / name, folder / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "Pulumi.*.yaml")
            if name != "stacks":
                shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(source, place, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copy(source, place)
