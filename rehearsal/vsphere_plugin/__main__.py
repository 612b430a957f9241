"""Started by the engine: says its port, serves until the engine is done with it."""

from __future__ import annotations

import signal
import sys
from concurrent import futures

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.namespace_setup import end_with_parent
from rehearsal.vsphere_plugin.servicer import Servicer

_THREADS = 64  # more than the engine asks at once; each call may wait for a task of its own
_LARGEST_MESSAGE = 400 * 1024 * 1024  # bytes; the engine's own limit


def main() -> None:
    """Serve on a free port of the loopback interface."""
    end_with_parent()
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
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=None))
    server.wait_for_termination()


if __name__ == "__main__":
    main()
