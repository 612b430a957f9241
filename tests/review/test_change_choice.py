"""Where changes are recorded: by settings and variables, and never with a secret in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import NotPossibleHere
from infra.model.change_records import ChangeRecordSettings
from infra.review.change_records import open_change_records
from infra.review.change_records.choice import SECRET_FILE_VARIABLE, SECRET_VARIABLE, URL_VARIABLE
from infra.review.change_records.folder import FolderRecords
from infra.review.change_records.webhook import WebhookRecords

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"a secret of thirty-two characters or more"


def settings(**parts: Any) -> ChangeRecordSettings:
    return ChangeRecordSettings.model_validate(parts)


def test_the_place_is_chosen_by_settings_and_variables(tmp_path: Path) -> None:
    secret = {SECRET_VARIABLE: SECRET.decode()}
    assert open_change_records(settings(), tmp_path, {}) is None
    assert open_change_records(settings(), tmp_path, secret) is None
    assert isinstance(open_change_records(settings(file={}), tmp_path, {}), FolderRecords)
    service = settings(webhook={"url": "https://c.example/api/"})
    for found in (
        open_change_records(service, tmp_path, secret),
        open_change_records(settings(), tmp_path, {**secret, URL_VARIABLE: "https://c.example/api"}),
        open_change_records(settings(file={}), tmp_path, {**secret, URL_VARIABLE: "https://c.example/api"}),
        open_change_records(settings(webhook={}), tmp_path, {**secret, URL_VARIABLE: "https://c.example/api"}),
    ):
        assert isinstance(found, WebhookRecords)
        assert found._url == "https://c.example/api"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, f"{SECRET_VARIABLE}: there is nothing to sign requests with"),
        ({SECRET_VARIABLE: "  "}, f"{SECRET_VARIABLE}: there is nothing to sign requests with"),
        ({SECRET_VARIABLE: "hidden"}, f"{SECRET_VARIABLE}: is too short to sign with (6 bytes)"),
        ({SECRET_FILE_VARIABLE: "/nonexistent"}, "/nonexistent: is not there"),
        ({SECRET_VARIABLE: "x" * 32, URL_VARIABLE: "http://c.example"}, f"{URL_VARIABLE}: is not a plain https URL"),
        ({SECRET_VARIABLE: "x" * 32, URL_VARIABLE: "https://a:hidden@c.example"}, "is not a plain https URL"),
        ({SECRET_VARIABLE: "x" * 32, URL_VARIABLE: "https://c.example?key=hidden"}, "is not a plain https URL"),
    ],
)
def test_a_service_needs_a_url_and_a_secret_that_serve(tmp_path: Path, variables: dict[str, str], says: str) -> None:
    with pytest.raises(NotPossibleHere) as refused:
        open_change_records(settings(webhook={"url": "https://c.example"}), tmp_path, variables)
    assert says in str(refused.value)
    assert "hidden" not in str(refused.value)
    with pytest.raises(NotPossibleHere, match=r"webhook\.url: is missing"):
        open_change_records(settings(webhook={}), tmp_path, {})


def test_the_secret_may_stand_in_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(SECRET + b"\n")
    file.chmod(0o644)
    service = settings(webhook={"url": "https://c.example"})
    with pytest.raises(NotPossibleHere, match="can be read by others"):
        open_change_records(service, tmp_path, {SECRET_FILE_VARIABLE: str(file)})
    file.chmod(0o600)
    found = open_change_records(service, tmp_path, {SECRET_FILE_VARIABLE: str(file)})
    assert isinstance(found, WebhookRecords)
    assert found._service.secret == SECRET
