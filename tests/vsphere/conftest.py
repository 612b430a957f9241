"""A played cluster for the kinds of resources that stand in one."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra.identity import admin_kubeconfig, new_identity
from tests.support.certificates import server_certificate
from tests.support.played_kubernetes import playing_kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.played_kubernetes import PlayedKubernetes

_NOW, _DAY, _HERE = datetime.now(UTC), timedelta(days=1), "127.0.0.1"
_IDENTITY = new_identity(_NOW)


@pytest.fixture
def played(tmp_path: Path) -> Iterator[PlayedKubernetes]:
    certificate = "".join(server_certificate(_IDENTITY, _HERE, _NOW - _DAY, _NOW + _DAY))
    with playing_kubernetes(tmp_path, _IDENTITY, certificate) as found:
        yield found


@pytest.fixture
def login(played: PlayedKubernetes) -> str:
    """The administrator's kubeconfig of the played cluster."""
    return _kubeconfig(played.port)


@pytest.fixture
def away() -> str:
    """A kubeconfig of an API that is not there."""
    with socket.create_server((_HERE, 0)) as closed:
        return _kubeconfig(closed.getsockname()[1])


def _kubeconfig(port: int) -> str:
    return admin_kubeconfig(_IDENTITY, "lab", _HERE, _NOW)[0].replace(":6443", f":{port}")
