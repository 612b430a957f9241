"""VM storage policies: a service beside vCenter, which knows callers by vCenter's session."""

from __future__ import annotations

import ssl
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from pyVmomi import pbm, vim
from pyVmomi.SoapAdapter import SoapStubAdapter

if TYPE_CHECKING:
    from infra.vsphere.session import VCenter

_PATH = "/pbm/sdk"
_VERSION = "pbm.version.version2"


def policy_manager(instance: VCenter, server: str, context: ssl.SSLContext | None = None) -> Any:
    """Return the manager of storage policies of a vCenter, from a session with it."""
    cookie: str = instance._stub.cookie
    stub = SoapStubAdapter(
        host=server,
        path=_PATH,
        version=_VERSION,
        sslContext=context or ssl.create_default_context(),
        requestContext={"vcSessionCookie": cookie.partition("=")[2].partition(";")[0].strip('"')},
    )
    stub.cookie = cookie
    service: Any = pbm.ServiceInstance("ServiceInstance", stub)
    return service.PbmRetrieveServiceContent().profileManager


def missing_policy(instance: VCenter, server: str, name: str) -> str:
    """Return why a storage policy can't be used, in words, or nothing when it is there."""
    try:
        found = policy_identifier(policy_manager(instance, server), name)
    except vim.fault.NoPermission:
        return "storage policies can't be read; give the user the privilege StorageProfile.View"
    except (OSError, HTTPException) as error:
        return f"the storage policy service does not answer ({error}); check that vCenter's services run"
    return "" if found else "there is no VM storage policy of that name; mend the name in the document, or create it"


def policy_identifier(manager: Any, name: str) -> str | None:
    """Return the identifier of the storage policy of a name, or None."""
    identifiers = manager.PbmQueryProfile(pbm.profile.ResourceType(resourceType="STORAGE"), "REQUIREMENT")
    for profile in manager.PbmRetrieveContent(identifiers) if identifiers else []:
        if profile.name == name:
            return str(profile.profileId.uniqueId)
    return None
