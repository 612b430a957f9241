"""The provider's process: its port, its errors, its end. Mends what the SDK's server for providers lacks."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from infra.errors import PersonError
from infra.vsphere.provider.provider import Provider
from infra.vsphere.provider.schema import VERSION
from tools.language_host.parent import die_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.protobuf import empty_pb2

_THREADS = 64  # each call may wait for a task of its own
_SECONDS_TO_ANSWER = 0.5  # after the engine cancelled: for the errors of calls that were under way
_LARGEST_MESSAGE = 400 * 1024 * 1024  # bytes; the engine's own limit
_OPTIONS = [
    ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
    ("grpc.max_send_message_length", _LARGEST_MESSAGE),
]


def serve(engine: str) -> None:
    """Serve the engine at an address until it ends; the first line of standard output is the port."""
    die_with(os.getppid())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))  # at once: the engine waits for it, at the end of every run
    asyncio.run(_serve(engine))


async def _serve(engine: str) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    server = grpc.aio.server(interceptors=[_Explained()], options=_OPTIONS)
    servicer = _Servicer([], VERSION, Provider(_Warnings(engine).show), engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


class _Servicer(ProviderServicer):
    """The SDK's own, with the two methods that it gets wrong."""

    async def DiffConfig(  # noqa: N802 - the protocol's name
        self, request: provider_pb2.DiffRequest, context: object
    ) -> provider_pb2.DiffResponse:
        """Compare settings; the SDK's own answers with a truth value where the engine reads an enumeration."""
        del context
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=none if request.olds == request.news else some)

    async def Cancel(self, request: empty_pb2.Empty, context: object) -> empty_pb2.Empty:  # noqa: N802
        """Answer the calls under way with an error, then end: the engine waits for both."""
        answer: empty_pb2.Empty = await super().Cancel(request, context)
        asyncio.get_running_loop().call_later(_SECONDS_TO_ANSWER, os._exit, 0)
        return answer


class _Explained(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Answers with the words of an error that a person can mend, where gRPC would show a traceback."""

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        async def explained(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            try:
                return await handler.unary_unary(request, context)
            except PersonError as error:
                await context.abort(grpc.StatusCode.UNKNOWN, str(error))

        return grpc.unary_unary_rpc_method_handler(
            explained,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


class _Warnings:
    """Shows warnings through the engine."""

    def __init__(self, engine: str) -> None:
        self._address = engine

    async def show(self, urn: str, message: str) -> None:
        """Show a person a warning about the resource of a URN."""
        async with grpc.aio.insecure_channel(self._address) as channel:
            log: Any = engine_pb2_grpc.EngineStub(channel)
            warning = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn)
            await log.Log(warning)
