"""Pulumi's gRPC messages and stubs, as they ship in the `pulumi` package, without importing that package.

Importing `pulumi` takes some tenths of a second for things that an engine does not need. The generated
modules refer to each other relatively, so they can be loaded below a package of our own that has their folder
as its path.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf import empty_pb2

_PACKAGE = "sandbox.engine.protocol_stubs"


def _loaded(name: str) -> Any:
    if _PACKAGE not in sys.modules:
        spec = importlib.util.find_spec("pulumi")
        if spec is None or spec.origin is None:
            raise ImportError("the pulumi package is not installed: `make setup` installs it")
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(Path(spec.origin).parent / "runtime" / "proto")]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.{name}")


analyzer = _loaded("analyzer_pb2")
analyzer_grpc = _loaded("analyzer_pb2_grpc")
engine = _loaded("engine_pb2")
engine_grpc = _loaded("engine_pb2_grpc")
provider = _loaded("provider_pb2")
provider_grpc = _loaded("provider_pb2_grpc")
resource = _loaded("resource_pb2")
resource_grpc = _loaded("resource_pb2_grpc")
Empty = empty_pb2.Empty

CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.use_local_subchannel_pool", 1),
]
"""Large messages are let through, as the SDK does; a channel shares nothing with those of earlier runs."""
