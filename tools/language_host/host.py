"""The LanguageRuntime service."""
# ruff: noqa: N802, ARG002 - names and signatures are the protocol's

import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path
from types import FrameType
from typing import NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto import plugin_pb2 as plugin
from pulumi.runtime.proto.language_pb2_grpc import (
    LanguageRuntimeServicer,
    add_LanguageRuntimeServicer_to_server,
)

from tools.language_host.child import Child
from tools.language_host.interpreter import Interpreter, MissingVirtualenvError, choose_interpreter
from tools.language_host.packages import is_installed, required_packages
from tools.language_host.parent import wait_for_end
from tools.language_host.start import ERROR_ALREADY_SHOWN, ProgramStart

_THREADS = 8
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class LanguageHost(LanguageRuntimeServicer):
    """Answers one engine at `engine` ("host:port"). `ending` is set when the engine cancels."""

    def __init__(self, engine: str) -> None:
        self.ending = threading.Event()
        self._engine = engine
        self._children: set[Child] = set()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin.PluginInfo:
        """Answer that this host has no version of its own."""
        return plugin.PluginInfo()

    def GetRequiredPackages(
        self, request: language.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language.GetRequiredPackagesResponse:
        """List the plugins the program's packages ask for, of those in the engine's folder."""
        # Before each run the engine downloads every listed plugin that it lacks, needed or not, which costs seconds
        # without internet, and warns of every listed one that stands on PATH. One that is not listed it looks for
        # when a resource needs it, by the version that the resource asks for.
        packages = [
            package
            for package in required_packages(_interpreter(request.info, context).site_packages())
            if is_installed(package, os.environ)
        ]
        return language.GetRequiredPackagesResponse(
            packages=[
                plugin.PackageDependency(kind="resource", name=name, version=version, server=server)
                for name, version, server in packages
            ]
        )

    def About(self, request: language.AboutRequest, context: grpc.ServicerContext) -> language.AboutResponse:
        """Tell which Python the program runs on."""
        interpreter = _interpreter(request.info, context)
        return language.AboutResponse(executable=str(interpreter.executable), version=interpreter.version())

    def Run(self, request: language.RunRequest, context: grpc.ServicerContext) -> language.RunResponse:
        """Run the program in a process of its own until it ends, or the engine no longer waits for it."""
        interpreter = _interpreter(request.info, context)
        child = Child(interpreter, self._start(request), request.config, request.configSecretKeys)
        self._children.add(child)
        context.add_callback(child.end)
        if self.ending.is_set():
            child.end()
        code = child.wait()
        self._children.discard(child)
        if code == ERROR_ALREADY_SHOWN or child.ended_by_us:
            return language.RunResponse(bail=True)
        return language.RunResponse(error=f"the program ended with exit code {code}" if code else "")

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """End the program and the host."""
        self.ending.set()
        return Empty()

    def RunPlugin(self, request: language.RunPluginRequest, context: grpc.ServicerContext) -> NoReturn:
        """Refuse: plugins that are Python folders instead of executables are not supported by this host."""
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "this Python language host runs programs, not plugins: give the plugin an executable file "
            "(pulumi-resource-NAME), or install the official release of Pulumi",
        )

    def end_programs(self) -> None:
        """End every program that still runs."""
        for child in list(self._children):
            child.end()

    def _start(self, request: language.RunRequest) -> ProgramStart:
        info = request.info
        return ProgramStart(
            host_pid=os.getpid(),
            monitor=request.monitor_address,
            engine=self._engine,
            project=request.project,
            stack=request.stack,
            organization=request.organization,
            parallel=request.parallel,
            dry_run=request.dryRun,
            root_directory=info.root_directory,
            working_directory=request.pwd,
            program=str(Path(info.program_directory) / info.entry_point),
            arguments=list(request.args),
        )


def _interpreter(info: language.ProgramInfo, context: grpc.ServicerContext) -> Interpreter:
    options = dict(info.options)
    try:
        return choose_interpreter(Path(info.root_directory), str(options.get("virtualenv", "")))
    except MissingVirtualenvError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def serve(engine: str) -> None:
    """Serve the engine at `engine` until it cancels, interrupts or is gone; then end all programs and return.

    Writes the port, a line of its own, to standard output when ready.
    """
    engine_pid = os.getppid()
    host = LanguageHost(engine)

    def end(_signal: int, _frame: FrameType | None) -> None:
        host.ending.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS), options=_OPTIONS)
    add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    wait_for_end(engine_pid, host.ending)
    host.ending.set()
    host.end_programs()
    server.stop(grace=1).wait()
