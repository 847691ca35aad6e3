"""Properties to and from protobuf's Struct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from sandbox.engine.values import Properties, decoded, encoded


def to_struct(
    properties: Mapping[str, Any], *, secrets: bool = False, references: bool = False
) -> struct_pb2.Struct:
    """The Struct of properties; secrets and references marked as such, or given as what they hold."""
    struct = struct_pb2.Struct()
    struct.update({k: encoded(v, secrets=secrets, references=references) for k, v in properties.items()})
    return struct


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """The properties in a Struct."""
    return {key: decoded(_python(value)) for key, value in struct.fields.items()}


def _python(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return {key: _python(item) for key, item in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_python(item) for item in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)
