"""The engine's resource provider protocol: plain values in, resource kinds do the work, threads keep calls apart."""

from __future__ import annotations

from functools import wraps
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from rehearsal.vsphere_plugin import lookups
from rehearsal.vsphere_plugin.checks import check_token, input_problems
from rehearsal.vsphere_plugin.connection import Connection, Refused
from rehearsal.vsphere_plugin.differences import is_ignored, with_defaults
from rehearsal.vsphere_plugin.drs_overrides import DrsOverride
from rehearsal.vsphere_plugin.machine import VirtualMachine
from rehearsal.vsphere_plugin.places import Folder, ResourcePool
from rehearsal.vsphere_plugin.port_groups import DistributedPortGroup
from rehearsal.vsphere_plugin.resource import Found, HalfMade, ResourceKind
from rehearsal.vsphere_plugin.rules import AntiAffinityRule
from rehearsal.vsphere_plugin.tags import Tag, TagCategory
from rehearsal.vsphere_plugin.values import UNKNOWN, Properties, from_struct, to_struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.vsphere_plugin.differences import Difference

_KINDS: dict[str, ResourceKind] = {
    kind.token: kind
    for kind in (
        VirtualMachine(),
        Folder(),
        ResourcePool(),
        TagCategory(),
        Tag(),
        DistributedPortGroup(),
        AntiAffinityRule(),
        DrsOverride(),
    )
}
_DETAILS_KEY = "grpc-status-details-bin"  # gRPC's own place for error details
_PROVIDER_SETTINGS = {
    "user",
    "password",
    "vsphereServer",
    "allowUnverifiedSsl",
    "version",
    "pluginDownloadURL",
}


def _explained(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the plugin's refusals into gRPC errors; a half-made resource goes along, so that the engine records it."""

    @wraps(method)
    def call(self: Servicer, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except Refused as refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"1 error occurred:\n\t* {refused}\n\n")
        except HalfMade as half:
            _abort_half_made(context, half)

    return call


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one engine; `Configure` logs in, everything after it uses that login."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        del request, context
        return plugin_pb2.PluginInfo(version=version("pulumi-vsphere"))

    @_explained
    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        del context
        for name in sorted(set(from_struct(request.news)) - _PROVIDER_SETTINGS):
            raise Refused(f"the vSphere plugin for rehearsals does not serve the provider setting {name}")
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        del context
        changed = from_struct(request.olds) != from_struct(request.news)
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none)

    @_explained
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        del context
        settings = from_struct(request.args)
        if str(settings.get("allowUnverifiedSsl", "false")) not in ("false", "False"):
            raise Refused("the vSphere plugin for rehearsals checks certificates: allowUnverifiedSsl is not served")
        self._connection = Connection(settings["vsphereServer"], settings["user"], settings["password"])
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    @_explained
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        del context
        answer = lookups.look_up(self._connected(), request.tok, from_struct(request.args))
        return _invoke_response(answer)

    @_explained
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        del context
        token = _token(request.urn)
        inputs = from_struct(request.news)
        failures = [
            provider_pb2.CheckFailure(property=path, reason=reason)
            for path, reason in input_problems(token, inputs).items()
        ]
        return provider_pb2.CheckResponse(inputs=to_struct(with_defaults(token, inputs)), failures=failures)

    @_explained
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        del context
        token = _token(request.urn)
        state, inputs = from_struct(request.olds), from_struct(request.news)
        found = _KINDS[token].differences(self._connected(), state, inputs)
        found = [difference for difference in found if not is_ignored(difference, request.ignoreChanges)]
        return _diff_response(found, named="name" in inputs)

    @_explained
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        del context
        kind, inputs = _KINDS[_token(request.urn)], from_struct(request.properties)
        kind.check_new(self._connected(), inputs)
        if request.preview:
            planned = {**dict.fromkeys(kind.computed, UNKNOWN), **inputs}
            return provider_pb2.CreateResponse(properties=to_struct(_without_settings(planned)))
        found = kind.create(self._connected(), inputs)
        return provider_pb2.CreateResponse(id=found.id, properties=to_struct(found.properties))

    @_explained
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        del context
        token = _token(request.urn)
        state, inputs = from_struct(request.properties), from_struct(request.inputs)
        found = _KINDS[token].read(self._connected(), request.id, state)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.id,
            properties=to_struct(found.properties),
            inputs=to_struct(_read_inputs(token, inputs, found)),
        )

    @_explained
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        del context
        state, inputs = from_struct(request.olds), from_struct(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct(_without_settings({**state, **inputs})))
        found = _KINDS[_token(request.urn)].update(self._connected(), request.id, state, inputs)
        return provider_pb2.UpdateResponse(properties=to_struct(found.properties))

    @_explained
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        del context
        _KINDS[_token(request.urn)].delete(self._connected(), request.id, from_struct(request.properties))
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        del request, context
        return empty_pb2.Empty()

    def _connected(self) -> Connection:
        if self._connection is None:
            raise Refused("the vSphere plugin was asked before it was configured")
        return self._connection


def _invoke_response(answer: Properties) -> provider_pb2.InvokeResponse:
    response = provider_pb2.InvokeResponse()
    getattr(response, "return").CopyFrom(to_struct(answer))  # the field's name is a keyword of Python
    return response


def _token(urn: str) -> str:
    """Return the type of the resource that a URN names; the types of its parents stand before it. Raises `Refused`."""
    token = urn.split("::")[2].rpartition("$")[2]
    check_token(token)
    return token


def _diff_response(found: list[Difference], *, named: bool) -> provider_pb2.DiffResponse:
    """Return an answer like the official plugin's: a thing with a name of its own is deleted before it is made anew."""
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {
        difference.path: provider_pb2.PropertyDiff(
            kind=kinds.Value(difference.kind.upper() + ("_REPLACE" if difference.replaces else ""))
        )
        for difference in found
    }
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    replaces = sorted({_reason(difference.path) for difference in found if difference.replaces})
    return provider_pb2.DiffResponse(
        changes=some if found else none,
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and named,
        diffs=sorted({difference.path.partition(".")[0].partition("[")[0] for difference in found}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _reason(path: str) -> str:
    """Return the key under which the official plugin names a reason; the template of a clone has none of its own."""
    return "__meta" if path.startswith("clone") else path


def _read_inputs(token: str, inputs: Properties, found: Found) -> Properties:
    """Return the inputs as they would have to be for what was found; an import has none and gets what was found."""
    if not inputs:
        return {
            name: value
            for name, value in found.properties.items()
            if name in with_defaults(token, {}) or name == "name"
        }
    return {name: _in_the_shape_of(value, found.properties.get(name, value)) for name, value in inputs.items()}


def _in_the_shape_of(asked: Any, found: Any) -> Any:
    """Return what was found, with only those parts that the inputs asked for."""
    if isinstance(asked, dict) and isinstance(found, dict):
        return {key: _in_the_shape_of(value, found.get(key, value)) for key, value in asked.items()}
    if isinstance(asked, list) and isinstance(found, list) and len(asked) == len(found):
        return [_in_the_shape_of(*pair) for pair in zip(asked, found, strict=True)]
    return found


def _without_settings(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if not name.startswith("__")}


def _abort_half_made(context: grpc.ServicerContext, half: HalfMade) -> NoReturn:
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=half.found.id, properties=to_struct(half.found.properties), reasons=[half.reason]
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=half.reason, details=[detail])
    context.set_trailing_metadata(((_DETAILS_KEY, status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, half.reason)
