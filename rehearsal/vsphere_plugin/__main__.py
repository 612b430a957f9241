"""Started by the engine: says its port, serves until the engine is done with it."""

from __future__ import annotations

import os
import signal
import sys
from concurrent import futures

import grpc

from tools.language_host.protocol import skip_sdk_start_up

skip_sdk_start_up()  # the plugin needs the protocol alone, and the engine waits for its start

from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.vsphere_plugin.servicer import Servicer
from tools.language_host.parent import die_with

_THREADS = 64  # more than the engine asks at once; each call may wait for a task of its own
_LARGEST_MESSAGE = 400 * 1024 * 1024  # bytes; the engine's own limit


def main() -> None:
    """Serve on a free port of the loopback interface."""
    die_with(os.getppid())
    options = [
        ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
        ("grpc.max_send_message_length", _LARGEST_MESSAGE),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))  # at once: the engine waits for it, at the end of every run
    server.wait_for_termination()


if __name__ == "__main__":
    main()
