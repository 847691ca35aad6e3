"""A server of real sockets that answers each action as a test says, and misbehaves on demand."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Reply = Any
"""(status, JSON value or text), raw bytes, or a function that is given the connection."""


def http(status: int, body: Any, *, extra: str = "", length: int | None = None) -> bytes:
    payload = (body if isinstance(body, str) else json.dumps(body)).encode()
    size = len(payload) if length is None else length
    return f"HTTP/1.1 {status} X\r\nContent-Length: {size}\r\n{extra}\r\n".encode() + payload


def hang(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(200):
        connection.sendall(b" ")
        time.sleep(0.05)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(200):
        connection.sendall(b"X: 1\r\n")
        time.sleep(0.05)


class TinyExchange:
    """`replies` by action; anything else is 404. `seen` keeps (action, headers, body, peer)."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        self.replies = replies
        self.seen: list[tuple[str, dict[str, str], bytes, str]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, peer[0]), daemon=True).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while True:
                    first = stream.readline().split()
                    if len(first) < 3 or not first[2].startswith(b"HTTP/"):
                        connection.sendall(http(400, "") if first else b"")
                        return
                    headers = {}
                    while (line := stream.readline().strip()) != b"":
                        name, _, value = line.decode("latin-1").partition(":")
                        headers[name.lower()] = value.strip()
                    body = stream.read(int(headers.get("content-length", "0")))
                    action = first[1].decode().rsplit("/", 1)[-1]
                    self.seen.append((action, headers, body, peer))
                    if not self._answer(connection, action):
                        return
            except OSError:
                return

    def _answer(self, connection: socket.socket, action: str) -> bool:
        """Whether the connection goes on."""
        reply = self.replies.get(action, (404, {"error": "Bad Request"}))
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if callable(reply):
            reply(connection)
            return False
        if isinstance(reply, bytes):
            connection.sendall(reply)
            return False
        connection.sendall(http(*reply))
        return True


@contextmanager
def tiny_exchange(replies: dict[str, Reply]) -> Iterator[TinyExchange]:
    server = TinyExchange(replies)
    try:
        yield server
    finally:
        server.close()


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


FAULTS: dict[str, tuple[Reply, str]] = {
    "hangs": (hang, "timeout"),
    "drips": (drip, "timeout"),
    "drips headers": (drip_headers, "timeout"),
    "closes at once": (b"", "cut"),
    "is cut in the body": (http(200, "{}", length=100), "cut"),
    "is no HTTP": (b"SSH-2.0-x\r\n\r\n", "garbage"),
}
