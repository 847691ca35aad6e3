"""A deadline for a whole blocking request: httpx's own time-outs begin anew with every byte that drips in.

A network backend for httpcore that lends no socket operation more time than is left. Only the resolver of
names is out of its reach. The asynchronous transport needs none: there the whole request is a task.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx


class Deadline(httpcore.NetworkBackend):
    """`begin` before each request; every thread has a deadline of its own."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()
        self._own = threading.local()

    def begin(self, seconds: float) -> None:
        """The request that this thread is about to make may take so long."""
        self._own.until = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """The time for the next step: no more than is left. Raises where none is."""
        rest: float = self._own.until - time.monotonic()
        if rest <= 0:
            raise httpcore.ReadTimeout("the request takes too long as a whole")
        return rest if timeout is None else min(timeout, rest)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection whose every step is bounded."""
        stream = self._sockets.connect_tcp(host, port, self.left(timeout), local_address, socket_options)
        return _Stream(stream, self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class BoundedTransport(httpx.HTTPTransport):
    """httpx's transport on such a backend, which it has no parameter for."""

    def __init__(self, deadline: Deadline, **settings: Any) -> None:
        super().__init__(**settings)
        self._pool._network_backend = deadline  # noqa: SLF001 - a test drips headers and would notice
