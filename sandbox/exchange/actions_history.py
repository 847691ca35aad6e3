"""Market data of the past: candles and trades, worked out from the price function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.exchange import parameters as take
from sandbox.exchange.action import Action, Call
from sandbox.exchange.market import PAIRS, Pair, amount_text, best_ask, best_bid, mid, price_text
from sandbox.exchange.pairs import iso, read_pair
from sandbox.exchange.parameters import Params

_RESOLUTIONS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "1d": 1440}
_MAX_CANDLES = 1000
TRADE_EVERY_MS = 7_000


@dataclass(frozen=True)
class _Candles:
    one: bool
    pairs: list[str]
    minutes: int
    resolution: str
    since: int | None
    until: int | None
    limit: int


def _read_candles(params: Params) -> _Candles:
    names = take.texts(params, "pairsList") or take.texts(params, "pairs")
    one = None if names else read_pair(params).name
    resolution = take.one_of(params, "resolution", tuple(_RESOLUTIONS))
    if resolution is None:
        raise take.missing("resolution")
    if take.one_of(params, "dataType", ("bestAsk", "bestBid")) is None:
        raise take.missing("dataType")
    since, until = take.moment(params, "fromISO"), take.moment(params, "toISO")
    if since is None and until is None:
        raise take.missing("toISO")
    limit = take.integer(params, "limit")
    return _Candles(
        one is not None,
        names or [one or ""],
        _RESOLUTIONS[resolution],
        resolution,
        since,
        until,
        _MAX_CANDLES if limit is None else max(1, min(_MAX_CANDLES, limit)),
    )


def _candles(call: Call, asked: _Candles) -> Any:
    if asked.one:
        return _candle_rows(PAIRS[asked.pairs[0]], asked, call.now)
    found: dict[str, Any] = {}
    for name in asked.pairs:
        pair = PAIRS.get(name)
        unsupported = {"error": {"code": 400, "reason": f"Unsupported pair {name}"}}
        found[name] = unsupported if pair is None else _candle_rows(pair, asked, call.now)
    return found


def _candle_rows(pair: Pair, asked: _Candles, now: int) -> list[dict[str, Any]]:
    """Newest first, as the exchange lists them."""
    step = asked.minutes * 60_000
    last = min(asked.until if asked.until is not None else now, now) // step * step
    if asked.since is not None and asked.until is None:
        last = min(last, (asked.since // step + asked.limit - 1) * step)
    rows = []
    for index in range(asked.limit):
        start = last - index * step
        if start < max(0, asked.since or 0) - step:
            break
        prices = [float(pair.price(mid(pair, start + step * part // 4))) for part in range(5)]
        rows.append(
            {
                "timestamp": start,
                "open": prices[0],
                "high": max(prices),
                "low": min(prices),
                "close": prices[-1],
                "volume": float(pair.base_min) * asked.minutes,
                "resolution": asked.resolution,
                "isClosed": start + step <= now,
                "timestampISO": iso(start),
            }
        )
    return rows


@dataclass(frozen=True)
class _Trades:
    pair: Pair
    since: int | None
    until: int | None
    size: int


def _read_trades(params: Params) -> _Trades:
    return _Trades(
        read_pair(params),
        take.moment(params, "fromDateISO"),
        take.moment(params, "toDateISO"),
        min(take.integer(params, "pageSize") or 100, 1000),
    )


def _trade_history(call: Call, asked: _Trades) -> Any:
    newest = min(asked.until if asked.until is not None else call.now, call.now)
    rows = []
    for index in range(asked.size):
        at = newest // TRADE_EVERY_MS * TRADE_EVERY_MS - index * TRADE_EVERY_MS
        if at < max(0, asked.since or 0):
            break
        buy = at // TRADE_EVERY_MS % 3 != 0
        price = best_ask(asked.pair, at) if buy else best_bid(asked.pair, at)
        rows.append(
            {
                "tradeId": f"{at}-0",
                "dateISO": iso(at),
                "side": "BUY" if buy else "SELL",
                "price": price_text(price),
                "amount": amount_text(asked.pair.base_min * (1 + at // TRADE_EVERY_MS % 17)),
            }
        )
    return {"pageSize": asked.size, "trades": rows}


BOTH = (
    Action("get_candles", 1, _read_candles, _candles, maintenance="market_data"),
    Action("get_trade_history", 1, _read_trades, _trade_history, maintenance="market_data"),
)
