"""The engine's end of a dynamic provider: the real `python -m pulumi.dynamic`, spoken to over gRPC.

Covers pickling, floats, unknowns, error texts and threads; not ordering, state or display, which are an
engine's.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class CallFailed(Exception):
    """A provider call that raised: the text is what the engine would show."""


class DynamicServer:
    """One provider process with a stack's configuration and an environment."""

    def __init__(self, config: Mapping[str, str], environment: Mapping[str, str]) -> None:
        # A provider may watch its engine, whose address this is.
        self._engine = socket.create_server(("127.0.0.1", 0))
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.dynamic", f"127.0.0.1:{self._engine.getsockname()[1]}"],
            cwd=ROOT,
            env={
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("AWS_", "CEXIO_", "PULUMI_", "PYTEST_"))
            }
            | {"PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._stub.Configure(provider_pb2.ConfigureRequest(args=_struct(config)))

    def stop(self) -> str:
        """End the process; everything that it printed."""
        self._channel.close()
        self.process.terminate()
        out, err = self.process.communicate(timeout=10)
        self._engine.close()
        return out + err

    def check(
        self, provider: ResourceProvider, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The recorded inputs, and the failures as (property, reason)."""
        answer = self._call(
            self._stub.Check,
            provider_pb2.CheckRequest(
                olds=_struct(olds or {}), news=_struct({**news, "__provider": serialize_provider(provider)})
            ),
        )
        return _dict(answer.inputs), [(failure.property, failure.reason) for failure in answer.failures]

    def diff(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[bool, list[str]]:
        """Whether there is a change, and what asks for a replacement."""
        answer = self._call(
            self._stub.Diff, provider_pb2.DiffRequest(id=id_, olds=_struct(olds), news=_struct(news))
        )
        assert answer.changes != provider_pb2.DiffResponse.DIFF_UNKNOWN
        return answer.changes == provider_pb2.DiffResponse.DIFF_SOME, list(answer.replaces)

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The id and the outputs."""
        answer = self._call(self._stub.Create, provider_pb2.CreateRequest(properties=_struct(inputs)))
        return answer.id, _dict(answer.properties)

    def update(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs."""
        request = provider_pb2.UpdateRequest(id=id_, olds=_struct(olds), news=_struct(news))
        return _dict(self._call(self._stub.Update, request).properties)

    def read(self, id_: str, props: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The id, empty where the object is gone, and the outputs as they are now."""
        request = provider_pb2.ReadRequest(id=id_, properties=_struct(props))
        answer = self._call(self._stub.Read, request)
        return answer.id, _dict(answer.properties)

    def delete(self, id_: str, props: Mapping[str, Any]) -> None:
        self._call(self._stub.Delete, provider_pb2.DeleteRequest(id=id_, properties=_struct(props)))

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=120)
        except grpc.RpcError as error:
            raise CallFailed(error.details()) from None


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    json_format.ParseDict(dict(values), struct)
    return struct


def _dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    return dict(json_format.MessageToDict(struct))
