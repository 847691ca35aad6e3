"""Book streams of one WebSocket: a snapshot on subscription, then what changed, at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.exchange import parameters as take
from sandbox.exchange.action import Call
from sandbox.exchange.actions_market import book_side
from sandbox.exchange.errors import ParameterFault
from sandbox.exchange.exchange import Event, Exchange
from sandbox.exchange.market import LEVELS, PAIRS

_Side = dict[str, str]


class BookStream:
    def __init__(self, exchange: Exchange, send: Callable[[Event], Awaitable[None]]) -> None:
        self._exchange = exchange
        self._send = send
        self._held: dict[str, tuple[int, _Side, _Side]] = {}

    def request(self, action: str, params: dict[str, Any]) -> Any:
        """`data` of the answer to a subscription. Raises ApiFault."""
        pair = take.mandatory_text(params, "pair")
        if pair not in PAIRS:
            raise ParameterFault(f"Currency pair {pair} is not supported")
        if action == "order_book_unsubscribe":
            self._held.pop(pair, None)
            return {"pair": pair}
        if action == "trade_subscribe":
            return {"pair": pair}
        sequence = self._held[pair][0] if pair in self._held else self._exchange.now() // 1000
        bids, asks = self._sides(pair)
        self._held[pair] = (sequence, bids, asks)
        return {"seqId": sequence, "pair": pair, "bids": _listed(bids), "asks": _listed(asks)}

    async def run(self) -> None:
        """Send increments until cancelled."""
        while True:
            await asyncio.sleep(1)
            for pair, (sequence, *before) in tuple(self._held.items()):
                now = self._sides(pair)
                changes = [_changes(old, new) for old, new in zip(before, now, strict=True)]
                if any(changes):
                    self._held[pair] = (sequence + 1, *now)
                    bids, asks = changes
                    data = {"seqId": sequence + 1, "pair": pair, "bids": bids, "asks": asks}
                    await self._send({"e": "order_book_increment", "data": data, "ok": "ok"})

    def _sides(self, pair: str) -> tuple[_Side, _Side]:
        call = Call(self._exchange, None, self._exchange.now())
        bids, asks = (dict(book_side(call, PAIRS[pair], side, LEVELS)) for side in ("BUY", "SELL"))
        return bids, asks


def _listed(side: _Side) -> list[list[str]]:
    return [[price, amount] for price, amount in side.items()]


def _changes(old: _Side, new: _Side) -> list[list[str]]:
    """New and changed levels, and those that are gone with a size of zero."""
    gone = [[price, "0.00000000"] for price in old if price not in new]
    return gone + [[price, amount] for price, amount in new.items() if old.get(price) != amount]
