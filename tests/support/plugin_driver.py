"""Speaks the resource provider protocol to a plugin; runs inside a rehearsal.

Started with the plugin's executable; each line of standard input is a call in JSON, each line of output its answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

DETAILS = "grpc-status-details-bin"


class Engine(engine_pb2_grpc.EngineServicer):
    """As much of an engine as a plugin needs: somebody who takes its log lines."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        del context
        self.said.append(request.message)
        return empty_pb2.Empty()


def struct(values: dict[str, Any] | None) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values or {})
    return message


def plain(message: struct_pb2.Struct) -> dict[str, Any]:
    values: dict[str, Any] = json_format.MessageToDict(message)
    return values


class Driver:
    """One plugin process and the calls to it."""

    def __init__(self, executable: str) -> None:
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        self.engine = Engine()
        engine_pb2_grpc.add_EngineServicer_to_server(self.engine, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.server = server
        self.process = subprocess.Popen([executable, f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)

    def configure(self, call: dict[str, Any]) -> dict[str, Any]:
        checked = self.stub.CheckConfig(provider_pb2.CheckRequest(urn=call["urn"], news=struct(call["inputs"])))
        variables = {f"vsphere:config:{name}": str(value) for name, value in plain(checked.inputs).items()}
        request = provider_pb2.ConfigureRequest(args=checked.inputs, variables=variables, acceptSecrets=False)
        self.stub.Configure(request)
        return {}

    def invoke(self, call: dict[str, Any]) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=call["token"], args=struct(call["inputs"])))
        return {"outputs": plain(getattr(answer, "return"))}

    def check(self, call: dict[str, Any]) -> dict[str, Any]:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(urn=call["urn"], olds=struct(call.get("old")), news=struct(call["inputs"]))
        )
        failures = {failure.property: failure.reason for failure in answer.failures}
        return {"inputs": plain(answer.inputs), "failures": failures}

    def diff(self, call: dict[str, Any]) -> dict[str, Any]:
        said = len(self.engine.said)
        answer = self.stub.Diff(
            provider_pb2.DiffRequest(
                id=call["id"],
                urn=call["urn"],
                olds=struct(call["state"]),
                old_inputs=struct(call["old"]),
                news=struct(call["inputs"]),
                ignoreChanges=call.get("ignored", []),
            )
        )
        return {
            "said": self.engine.said[said:],
            "kinds": {
                path: provider_pb2.PropertyDiff.Kind.Name(found.kind) for path, found in answer.detailedDiff.items()
            },
            "changes": answer.changes == provider_pb2.DiffResponse.DIFF_SOME,
            "replaces": list(answer.replaces),
            "paths": sorted(answer.detailedDiff),
            "delete_before_replace": answer.deleteBeforeReplace,
        }

    def create(self, call: dict[str, Any]) -> dict[str, Any]:
        request = provider_pb2.CreateRequest(
            urn=call["urn"], properties=struct(call["inputs"]), preview=call.get("preview", False)
        )
        answer = self.stub.Create(request)
        return {"id": answer.id, "state": plain(answer.properties)}

    def read(self, call: dict[str, Any]) -> dict[str, Any]:
        request = provider_pb2.ReadRequest(
            id=call["id"], urn=call["urn"], properties=struct(call.get("state")), inputs=struct(call.get("old"))
        )
        answer = self.stub.Read(request)
        return {"id": answer.id, "state": plain(answer.properties), "inputs": plain(answer.inputs)}

    def update(self, call: dict[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            id=call["id"],
            urn=call["urn"],
            olds=struct(call["state"]),
            old_inputs=struct(call["old"]),
            news=struct(call["inputs"]),
        )
        return {"state": plain(self.stub.Update(request).properties)}

    def cancel(self, call: dict[str, Any]) -> dict[str, Any]:
        """Cancel, and tell how long the plugin then lives."""
        del call
        started = time.monotonic()
        self.stub.Cancel(empty_pb2.Empty())
        self.process.wait()
        return {"seconds": time.monotonic() - started}

    def ended(self, call: dict[str, Any]) -> dict[str, Any]:
        """Make another call, cancel it or kill the plugin some seconds later, and give the call's answer."""
        ways = {"cancel": lambda: self.stub.Cancel(empty_pb2.Empty()), "kill": self.process.kill}
        threading.Timer(call.pop("after"), ways[call.pop("how")]).start()
        answer: dict[str, Any] = getattr(self, call.pop("other"))(call)
        return answer

    def delete(self, call: dict[str, Any]) -> dict[str, Any]:
        request = provider_pb2.DeleteRequest(
            id=call["id"], urn=call["urn"], properties=struct(call["state"]), old_inputs=struct(call["old"])
        )
        self.stub.Delete(request)
        return {}


def failure(error: grpc.RpcError) -> dict[str, Any]:
    """Return the words of an error, and what was half-made if the plugin says so."""
    answer: dict[str, Any] = {"error": error.details()}
    metadata: Any = error.trailing_metadata()
    details = dict(metadata or ()).get(DETAILS, b"")
    for detail in status_pb2.Status.FromString(details).details:
        half = provider_pb2.ErrorResourceInitFailed()
        if detail.Unpack(half):
            answer |= {"half_made": half.id, "state": plain(half.properties), "reasons": list(half.reasons)}
    return answer


def main() -> None:
    driver = Driver(sys.argv[1])
    try:
        for line in sys.stdin:
            call = json.loads(line)
            try:
                answer = getattr(driver, call.pop("call"))(call)
            except grpc.RpcError as error:
                answer = failure(error)
            print(json.dumps(answer), flush=True)
    finally:
        driver.process.terminate()
        driver.process.wait()


if __name__ == "__main__":
    main()
