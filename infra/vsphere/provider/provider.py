"""The provider as the engine sees it: previews, errors and threads for all kinds of resources."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from pulumi.provider.experimental import provider as sdk

from infra.errors import PersonError
from infra.vsphere.provider.admission_kind import Admission
from infra.vsphere.provider.api_kind import ClusterApi
from infra.vsphere.provider.identity_kind import ClusterIdentity
from infra.vsphere.provider.kinds import Change, Login, ResourceKind
from infra.vsphere.provider.node_gpus_kind import NodeGpus
from infra.vsphere.provider.node_kind import NodeSettings
from infra.vsphere.provider.password_kind import Password
from infra.vsphere.provider.schema import PROVIDER_INPUTS, schema
from infra.vsphere.provider.secret_kind import GeneratedSecret
from infra.vsphere.provider.signing_key_kind import SigningKey
from infra.vsphere.provider.template_kind import GpuTemplate
from infra.vsphere.provider.token_kind import BootstrapToken
from infra.vsphere.provider.values import UNKNOWN, plain, wired
from infra.vsphere.provider.workloads_kind import Workloads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Answer = TypeVar("Answer")

_IN_A_CLUSTER = (
    ClusterApi(),
    BootstrapToken(),
    NodeSettings(),
    NodeGpus(),
    GeneratedSecret(),
    Admission(),
    Workloads(),
)
_IN_THE_STATE = (ClusterIdentity(), Password(), SigningKey())
_KINDS: dict[str, ResourceKind] = {kind.token: kind for kind in (GpuTemplate(), *_IN_THE_STATE, *_IN_A_CLUSTER)}
_THREADS = 256  # many of them wait, each for a node
_DIFFERENCES = {
    ("add", False): sdk.PropertyDiffKind.ADD,
    ("add", True): sdk.PropertyDiffKind.ADD_REPLACE,
    ("update", False): sdk.PropertyDiffKind.UPDATE,
    ("update", True): sdk.PropertyDiffKind.UPDATE_REPLACE,
    ("delete", False): sdk.PropertyDiffKind.DELETE,
    ("delete", True): sdk.PropertyDiffKind.DELETE_REPLACE,
}


class Interrupted(PersonError):
    """A call that was under way when the engine cancelled."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: interrupted; run again: what vCenter still makes of it is taken over")


class LoginMissing(PersonError):
    """A resource in vCenter, asked of a provider that knows none."""

    def __init__(self, name: str, token: str) -> None:
        super().__init__(f"{name}: {token} needs a vCenter; give the provider {', '.join(PROVIDER_INPUTS)}")


class Unserved(PersonError):
    """A type of resource that the provider does not have."""

    def __init__(self, token: str) -> None:
        super().__init__(f"{token}: the slipway provider has no such resource; it has {', '.join(sorted(_KINDS))}")


class Provider(sdk.Provider):
    """Serves one engine. `warn` shows a person a warning about the resource of a URN."""

    def __init__(self, warn: Callable[[str, str], Awaitable[None]]) -> None:
        self._warn = warn
        self._login: Login | None = None
        self._ending = asyncio.Event()

    async def get_schema(self, request: sdk.GetSchemaRequest) -> sdk.GetSchemaResponse:
        """Return the package's schema."""
        del request
        return sdk.GetSchemaResponse(schema())

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuse settings that there are not. Without any, the provider serves what is not in vCenter."""
        unknown = sorted(set(request.new_inputs) - {*PROVIDER_INPUTS, "version", "pluginDownloadURL"})
        given = [name for name in PROVIDER_INPUTS if name in request.new_inputs]
        missing = sorted(set(PROVIDER_INPUTS) - set(given)) if given else []
        failures = [sdk.CheckFailure(name, "there is no such setting") for name in unknown]
        failures += [sdk.CheckFailure(name, "is missing") for name in missing]
        return sdk.CheckResponse(request.new_inputs, failures)

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Keep the login. The engine unwraps secrets for us, and wraps them again in what we answer."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
        settings = plain(request.args)
        self._login = Login(*(settings.get(name, "") for name in PROVIDER_INPUTS))
        return sdk.ConfigureResponse(accept_secrets=False, supports_preview=True)

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Check inputs by themselves."""
        kind, inputs = _kind(request.type), plain(request.new_inputs)
        problems = kind.problems(inputs)
        if not problems:
            inputs = kind.normalized(inputs)
        return sdk.CheckResponse(wired(inputs), [sdk.CheckFailure(*problem) for problem in problems.items()])

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Compare what is recorded with the inputs, property by property."""
        kind, state, inputs = _kind(request.type), plain(request.old_state), plain(request.new_inputs)
        found = [change for change in kind.changes(state, inputs) if not _is_ignored(change, request.ignore_changes)]
        replaces = sorted({change.path for change in found if change.replaces})
        if not replaces:
            for remark in await self._call(kind, request.name, lambda login: kind.remarks(login, state)):
                await self._warn(request.urn, remark)
        return sdk.DiffResponse(
            changes=bool(found),
            replaces=replaces,
            diffs=sorted({_top(change.path) for change in found}),
            detailed_diff={
                change.path: sdk.PropertyDiff(_DIFFERENCES[change.kind, change.replaces], input_diff=False)
                for change in found
            },
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Make a resource; a preview looks whether it can be made."""
        kind, inputs = _kind(request.type), plain(request.properties)
        if request.preview:
            await self._call(kind, request.name, lambda login: kind.check_new(login, inputs))
            to_come = {**inputs, **dict.fromkeys(kind.computed, UNKNOWN)}
            return sdk.CreateResponse(properties=wired(to_come, kind.secret))
        found = await self._call(kind, request.name, lambda login: kind.create(login, inputs, request.urn))
        return sdk.CreateResponse(found.id, wired(found.properties, kind.secret))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """Return a resource as it is; an empty answer when it is gone."""
        kind, state, inputs = _kind(request.type), plain(request.properties), plain(request.inputs)
        found = await self._call(kind, request.name, lambda login: kind.read(login, request.resource_id, state, inputs))
        if found is None:
            return sdk.ReadResponse()
        return sdk.ReadResponse(found.id, wired(found.properties, kind.secret), wired(found.inputs))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Change a resource in place."""
        kind, state, inputs = _kind(request.type), plain(request.olds), plain(request.news)
        if request.preview:
            to_come = {**state, **inputs, **dict.fromkeys(kind.renewed, UNKNOWN)}
            return sdk.UpdateResponse(wired(to_come, kind.secret))
        found = await self._call(
            kind, request.name, lambda login: kind.update(login, request.resource_id, state, inputs)
        )
        return sdk.UpdateResponse(wired(found.properties, kind.secret))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Remove a resource."""
        kind, state = _kind(request.type), plain(request.properties)
        await self._call(kind, request.name, lambda login: kind.delete(login, request.resource_id, state))

    async def cancel(self) -> None:
        """End every call that is under way with an error of its own."""
        self._ending.set()

    async def _call(self, kind: ResourceKind, name: str, work: Callable[[Login], Answer]) -> Answer:
        """Do work that blocks in a thread, and stop waiting for it when the engine cancels."""
        if self._login is None:
            raise RuntimeError("the provider was asked before it was configured")
        if kind.uses_vcenter and not self._login.server:
            raise LoginMissing(name, kind.token)
        working = asyncio.ensure_future(asyncio.to_thread(work, self._login))
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Interrupted(name)
        ending.cancel()
        return working.result()


def _kind(token: str) -> ResourceKind:
    """Return the kind of a type; the types of a resource's parents stand before it."""
    own = token.rpartition("$")[2]
    if own not in _KINDS:
        raise Unserved(own)
    return _KINDS[own]


def _is_ignored(change: Change, ignored: list[str]) -> bool:
    return any(change.path == path or change.path.startswith((f"{path}.", f"{path}[")) for path in ignored)


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]
