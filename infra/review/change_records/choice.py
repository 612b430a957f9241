"""Which place of change records a checkout has: by its settings and the variables of the environment. Reads files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import NotPossibleHere
from infra.model.change_records import SERVICE_URL
from infra.review.change_records.folder import FolderRecords
from infra.review.change_records.signing import SHORTEST_SECRET
from infra.review.change_records.webhook import Service, WebhookRecords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.change_records import ChangeRecordSettings
    from infra.review.change_records.record import ChangeRecords

URL_VARIABLE = "SLIPWAY_CHANGE_RECORDS_URL"
SECRET_VARIABLE = "SLIPWAY_CHANGE_RECORDS_SECRET"  # noqa: S105 - a variable's name
SECRET_FILE_VARIABLE = "SLIPWAY_CHANGE_RECORDS_SECRET_FILE"  # noqa: S105 - a variable's name
_OTHERS = 0o077  # the rights of everybody but a file's owner


def open_change_records(
    settings: ChangeRecordSettings, root: Path, variables: Mapping[str, str]
) -> ChangeRecords | None:
    """Return the place where changes are recorded, or None where they are not.

    `root` is the checkout, `variables` are those of the environment: a URL there goes before the settings. Raises
    `NotPossibleHere` for a service without a URL, or without a secret that serves.
    """
    if settings.file is not None and not variables.get(URL_VARIABLE):
        return FolderRecords(root / settings.file.folder)
    if settings.webhook is None and not variables.get(URL_VARIABLE):
        return None
    authority = settings.webhook.authority if settings.webhook is not None else None
    return WebhookRecords(Service(_url(settings, variables), _secret(variables), authority or ""))


def _url(settings: ChangeRecordSettings, variables: Mapping[str, str]) -> str:
    named = variables.get(URL_VARIABLE)
    if named:
        try:
            return SERVICE_URL.check(named)
        except ValueError as error:
            reason, _, fix = str(error).partition("; ")
            raise NotPossibleHere(URL_VARIABLE, reason, fix) from None
    if settings.webhook is None or settings.webhook.url is None:
        fix = f"write it there, or set {URL_VARIABLE}"
        raise NotPossibleHere("stacks/change-records.yaml", "webhook.url: is missing", fix)
    return settings.webhook.url


def _secret(variables: Mapping[str, str]) -> bytes:
    """Return what requests are signed with. It is never shown, not even in part."""
    source, secret = SECRET_VARIABLE, variables.get(SECRET_VARIABLE, "").strip().encode()
    if not secret and variables.get(SECRET_FILE_VARIABLE):
        file = Path(variables[SECRET_FILE_VARIABLE]).expanduser()
        source, secret = str(file), _from_file(file)
    if not secret:
        fix = f"set it, or name its file in {SECRET_FILE_VARIABLE}"
        raise NotPossibleHere(SECRET_VARIABLE, "there is nothing to sign requests with", fix)
    if len(secret) < SHORTEST_SECRET:
        fix = f"use {SHORTEST_SECRET} or more at random: openssl rand -base64 32"
        raise NotPossibleHere(source, f"is too short to sign with ({len(secret)} bytes)", fix)
    return secret


def _from_file(file: Path) -> bytes:
    if not file.is_file():
        raise NotPossibleHere(str(file), f"is not there, and {SECRET_FILE_VARIABLE} names it", "write the secret to it")
    if file.stat().st_mode & _OTHERS:
        raise NotPossibleHere(str(file), "can be read by others", f"run: chmod 600 {file}")
    return file.read_bytes().strip()
