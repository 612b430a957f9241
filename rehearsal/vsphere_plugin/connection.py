"""The plugin's sessions with the simulated vCenter: SOAP by pyvmomi, tags by REST."""

from __future__ import annotations

import ssl
import threading
import time
from typing import Any

import httpx
from pyVim.connect import SmartConnect
from pyVmomi import vim, vmodl

from infra.vsphere.policies import policy_manager

MARK = "slipway.rehearsal"  # the simulator's own setting; no real vCenter has it
_REST = "/rest/com/vmware/cis"


class Refused(Exception):
    """Something that the plugin does not do, or that vCenter answered with a fault; the message is for people."""


class Connection:
    """One login, shared by all calls; safe to use from several threads."""

    def __init__(self, server: str, user: str, password: str) -> None:
        context = ssl.create_default_context()
        try:
            self.instance = SmartConnect(host=server, user=user, pwd=password, sslContext=context)
        except vim.fault.InvalidLogin:
            # terraform-provider-vsphere, vsphere/config.go: the official plugin's words
            raise Refused(
                "error setting up new vSphere SOAP client: ServerFaultCode: "
                "Cannot complete login due to an incorrect user name or password."
            ) from None
        except OSError as error:
            raise Refused(f'error setting up new vSphere SOAP client: Post "https://{server}/sdk": {error}') from None
        self._check_mark(server)
        self.content = self.instance.content
        self._server, self._context = server, context
        self._profiles: Any = None
        self._profiles_lock = threading.Lock()
        self._login = (user, password)
        self._rest = httpx.Client(base_url=f"https://{server}", verify=context, timeout=60)
        self._rest_lock = threading.Lock()
        self._rest_ready = False

    def _check_mark(self, server: str) -> None:
        manager = self.instance.content.setting
        try:
            marked = [option.value for option in manager.QueryOptions(MARK)]
        except vim.fault.InvalidName:
            marked = []
        if marked != ["true"]:
            raise Refused(
                f"{server} is not a simulated vCenter: this vSphere plugin is for rehearsals only and touches nothing "
                "else; install the official one: pulumi plugin install resource vsphere"
            )

    @property
    def profiles(self) -> Any:
        """The manager of storage policies: a service beside vCenter that knows callers by vCenter's session."""
        with self._profiles_lock:
            if self._profiles is None:
                self._profiles = policy_manager(self.instance, self._server, self._context)
            return self._profiles

    def managed(self, kind: type, identifier: str) -> Any:
        """Return the managed object of a kind with an identifier such as `datastore-12`; nothing is asked yet."""
        return kind(identifier, self.instance._stub)

    def properties(self, managed: Any, paths: list[str]) -> dict[str, Any]:
        """Return some properties of one object, in one call."""
        collector = vmodl.query.PropertyCollector
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=managed)],
            propSet=[collector.PropertySpec(type=type(managed), pathSet=paths)],
        )
        answer = self.content.propertyCollector.RetrieveContents([spec])
        return {found.name: found.val for found in answer[0].propSet}

    def find(self, inventory_path: str) -> Any:
        """Return the object at an inventory path such as `/dc-01/vm/slipway-dev`, or None."""
        return self.content.searchIndex.FindByInventoryPath(inventory_path)

    def wait(self, task: Any) -> Any:
        """Wait for a task and return its result. Raises `Refused` with the fault's message."""
        pause = 0.01
        while True:
            info = task.info
            if info.state == vim.TaskInfo.State.success:
                return info.result
            if info.state == vim.TaskInfo.State.error:
                raise Refused(fault_text(info.error))
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def rest(self, method: str, path: str, body: object = None) -> Any:
        """Call the tagging API; `path` comes after `/rest/com/vmware/cis`. Raises `Refused` on an error answer."""
        with self._rest_lock:
            if not self._rest_ready:
                session = self._rest.post(f"{_REST}/session", auth=self._login)
                if session.status_code != httpx.codes.OK:
                    raise Refused(f"error connecting to CIS REST endpoint: {session.status_code}")
                self._rest.headers["vmware-api-session-id"] = session.json()["value"]
                self._rest_ready = True
        response = self._rest.request(method, f"{_REST}{path}", json=body)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.is_error:
            raise Refused(f"{method} {path}: {response.status_code} {response.text.strip()}")
        return response.json().get("value") if response.content else None


def fault_text(fault: Any) -> str:
    """Return what a vSphere fault says, with its type: messages are often empty."""
    message = getattr(fault, "msg", "") or ""
    kind = type(fault).__name__.rpartition(".")[2]
    return f"{kind}: {message}" if message else kind
