"""`python -m sandbox.exchange.server --port P --store DIR [--world ID]`: the stand-in exchange, on loopback.

`--port 0` takes a free port; the line `listening on http://127.0.0.1:PORT` tells it. Ends by itself when
its store is taken away, so that a removed sandbox leaves no server behind.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.exchange import control, orders, rest, websocket
from sandbox.exchange.connections import CuttableProtocol
from sandbox.exchange.errors import StoreFault
from sandbox.exchange.exchange import Exchange
from sandbox.exchange.pages import application as pages
from sandbox.exchange.request_log import RequestLog
from sandbox.exchange.store import Store

LOOPBACK = "127.0.0.1"


class Server(uvicorn.Server):
    def stop(self) -> None:
        """End at the next turn of the loop; fine from another thread."""
        self.should_exit = True


def server_for(exchange: Exchange) -> Server:
    """A server of the whole stand-in, not yet running."""
    config = uvicorn.Config(
        "",
        http=CuttableProtocol,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        # Off, or a forwarding header would be taken for the source address.
        proxy_headers=False,
        server_header=False,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_no_ordered_break)
    server = Server(config)
    config.app = _application(exchange, server.stop)
    return server


def _is_no_ordered_break(record: logging.LogRecord) -> bool:
    """An answer that is broken on purpose (`faults.py`) is no fault of the server's."""
    return not record.getMessage().startswith("ASGI callable returned without completing")


def _application(exchange: Exchange, shut_down: Callable[[], None]) -> Starlette:
    """The ASGI application: product API, health, control surface and pages."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"world": exchange.store.world})

    async def not_found(_request: Request, _fault: Exception) -> Response:
        return Response('{"error":"Bad Request"}', 400, media_type="application/json")

    async def unexpected(_request: Request, _fault: Exception) -> Response:
        return Response('{"error":"Unexpected error"}', 500, media_type="application/json")

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        watch = asyncio.create_task(_watch(exchange, shut_down))
        yield
        watch.cancel()

    return Starlette(
        routes=[
            Route("/health", health),
            *rest.routes(exchange),
            *websocket.routes(exchange),
            control.mount(exchange, shut_down),
            *pages.routes(exchange),
        ],
        exception_handlers={404: not_found, 405: not_found, 500: unexpected},
        lifespan=lifespan,
    )


async def _watch(exchange: Exchange, shut_down: Callable[[], None]) -> None:
    """Once a second: fill resting orders that the price has reached, and see that the store is there."""
    while True:
        await asyncio.sleep(1)
        if not exchange.store.intact:
            shut_down()
            return
        for account in tuple(exchange.store.accounts.values()):
            now = exchange.now()
            if orders.due(account, now):
                with contextlib.suppress(OSError):  # the next second tries again
                    with exchange.store.change(account):
                        events = orders.settle(exchange.store, account, now)
                    await exchange.publish(account.name, events)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.exchange.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--world", default="")
    options = parser.parse_args(arguments)
    try:
        store = Store(options.store, options.world or secrets.token_hex(8))
    except (StoreFault, OSError) as fault:
        print(f"sandbox exchange: {fault}", file=sys.stderr)
        return 1
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, options.port))
        listener.listen(2048)  # before it is said: who reads that line connects at once
    except (OSError, OverflowError) as fault:
        print(f"sandbox exchange: port {options.port} cannot be had: {fault}", file=sys.stderr)
        return 1
    server = server_for(Exchange(store, RequestLog(store.request_log)))
    print(f"listening on http://{LOOPBACK}:{listener.getsockname()[1]}", flush=True)
    server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
