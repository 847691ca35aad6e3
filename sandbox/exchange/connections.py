"""The open TCP connections by their peer, so that one can be broken without a word.

ASGI has no way to do that; the HTTP protocol class hands its transports here.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _open[cast(tuple[str, int], transport.get_extra_info("peername"))] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop(cast(tuple[str, int], self.transport.get_extra_info("peername")), None)
        super().connection_lost(exc)


def cut(peer: tuple[str, int]) -> None:
    """Reset the connection from `peer`; nothing when it is gone."""
    transport = _open.pop(peer, None)
    if transport is not None:
        transport.abort()


def say(peer: tuple[str, int], raw: bytes, *, last: bool = True) -> bool:
    """Put bytes on the wire as they are, and close; False when the connection is gone."""
    transport = _open.get(peer)
    if transport is None or transport.is_closing():
        return False
    transport.write(raw)
    if last:
        transport.close()
    return True


def forget(peer: tuple[str, int]) -> None:
    """A WebSocket ended: its transport left the HTTP protocol when it was upgraded."""
    _open.pop(peer, None)
