"""A session with a vCenter, and every way in which there is none, as one line each."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from infra.errors import PersonError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTION_TIMEOUT = 15  # seconds


class VCenter(vim.ServiceInstance):
    """What a session gives: the service instance, whose content never changes and is read once."""

    @cached_property
    def content(self) -> Any:
        """The roots of everything in vCenter. pyvmomi alone would ask vCenter for them at every look."""
        return self.RetrieveContent()


@dataclass(frozen=True)
class Credentials:
    """How to log in to a vCenter: host name, user, password."""

    server: str
    user: str
    password: str

    def __repr__(self) -> str:
        """Never show the password, not even in a traceback."""
        return f"Credentials(server={self.server!r}, user={self.user!r})"


class VCenterUnusable(PersonError):
    """No session with the vCenter is to be had."""

    def __init__(self, server: str, reason: str, fix: str) -> None:
        super().__init__(f"vCenter {server}: {reason}; {fix}")


# How a vCenter is lost in the middle of a session, or refuses what it answered before.
LOST: tuple[type[Exception], ...] = (VCenterUnusable, OSError, HTTPException, vmodl.MethodFault)


@contextmanager
def vcenter_session(credentials: Credentials) -> Iterator[VCenter]:
    """Log in, yield the service instance, log out.

    The certificate is checked against the system's certificate authorities (or the file in `SSL_CERT_FILE`).
    Raises `VCenterUnusable` when the server is away, its certificate is not trusted or the login is refused.
    """
    instance = VCenter("ServiceInstance", _log_in(credentials)._stub)
    try:
        yield instance
    finally:
        Disconnect(instance)


def find(instance: VCenter, inventory_path: str) -> Any:
    """Return the object at an inventory path such as `/dc-01/vm/slipway-dev`, or None."""
    index: Any = instance.content.searchIndex
    return index.FindByInventoryPath(inventory_path)


def _log_in(credentials: Credentials) -> Any:
    server = credentials.server
    try:
        return SmartConnect(
            host=server,
            user=credentials.user,
            pwd=credentials.password,
            sslContext=ssl.create_default_context(),
            httpConnectionTimeout=CONNECTION_TIMEOUT,
        )
    except vim.fault.InvalidLogin:
        raise VCenterUnusable(
            server,
            f"user or password refused for {credentials.user}",
            "set them with `pulumi config set vsphere:user` and `pulumi config set --secret vsphere:password`",
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise VCenterUnusable(
            server,
            f"its certificate is not trusted ({error.verify_message})",
            f"install the vCenter's root certificates (https://{server}/certs/download.zip) on this machine, "
            "or name a file that holds them in SSL_CERT_FILE",
        ) from None
    except socket.gaierror:
        fix = "check vcenter.server in the environment document and this machine's DNS"
        raise VCenterUnusable(server, "its name is not known here", fix) from None
    except (OSError, HTTPException, vmodl.fault.HostNotReachable) as error:
        reason = f"does not answer on port 443 ({error or type(error).__name__})"
        raise VCenterUnusable(server, reason, "check that it runs and that no firewall is between") from None
    except Exception as error:
        if type(error) is not Exception:
            raise
        # pyvmomi's word for a server that speaks HTTPS and is no vCenter
        fix = "check vcenter.server in the environment document"
        raise VCenterUnusable(server, f"it is no vCenter ({error})", fix) from None
