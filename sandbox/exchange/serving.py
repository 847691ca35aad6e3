"""A stand-in exchange inside this process, for tests that want one in a tenth of a second."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.exchange.exchange import Exchange
from sandbox.exchange.key_page import KeyPage
from sandbox.exchange.request_log import RequestLog
from sandbox.exchange.server import LOOPBACK, server_for
from sandbox.exchange.store import Store


@dataclass(frozen=True)
class Serving:
    """A running stand-in: its base URL, its insides, and the person's side of it."""

    url: str
    exchange: Exchange
    page: KeyPage


@contextlib.contextmanager
def serving(directory: Path, world: str = "test", wall: Callable[[], float] = time.time) -> Iterator[Serving]:
    """Serve the store in `directory` on a free loopback port until the block ends."""
    store = Store(directory, world)
    exchange = Exchange(store, RequestLog(store.request_log), wall)
    server = server_for(exchange)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((LOOPBACK, 0))
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        yield Serving(url, exchange, KeyPage(url, directory))
    finally:
        server.stop()
        thread.join(10)
        listener.close()
