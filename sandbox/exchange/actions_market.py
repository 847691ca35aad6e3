"""Market data: the public actions, most of which the private path answers too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from sandbox.exchange import parameters as take
from sandbox.exchange.action import Action, Call, nothing
from sandbox.exchange.errors import ParameterFault
from sandbox.exchange.market import (
    CURRENCIES,
    EIGHT_PLACES,
    LEVELS,
    PAIRS,
    Pair,
    amount_text,
    best_ask,
    best_bid,
    levels,
    mid,
    price_text,
)
from sandbox.exchange.parameters import Params

_RESOLUTIONS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "1d": 1440}
_MAX_CANDLES = 1000
_TRADE_EVERY_MS = 7_000
_DAY_MS = 86_400_000


def iso(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def known_pair(name: str) -> Pair:
    """The pair of that name, in any case. Raises ParameterFault with the exchange's text."""
    pair = PAIRS.get(name.upper())
    if pair is None:
        raise ParameterFault(f"pair {name} is not supported")
    return pair


def _read_pair(params: Params) -> Pair:
    return known_pair(take.mandatory_text(params, "pair"))


def _read_pairs(params: Params) -> list[Pair]:
    # The reference's table says `pairs`, its sample says `pair`.
    names = take.texts(params, "pairs")
    if names is None and isinstance(params.get("pair"), list):
        names = take.texts(params, "pair")
    return list(PAIRS.values()) if not names else [known_pair(name) for name in names]


def _server_time(call: Call, _: None) -> Any:
    return {"timestamp": call.now, "ISODate": iso(call.now)}


def _pairs_info(_call: Call, pairs: list[Pair]) -> Any:
    return [
        {
            "base": pair.base.code,
            "quote": pair.quote.code,
            "baseMin": price_text(pair.base_min),
            "baseMax": price_text(pair.base_max),
            "baseLotSize": amount_text(pair.lot),
            "quoteMin": price_text(pair.quote_min),
            "quoteMax": price_text(pair.quote_max),
            "quoteLotSize": amount_text(EIGHT_PLACES),
            "basePrecision": "8",
            "quotePrecision": "8",
            "pricePrecision": str(pair.price_places),
            "minPrice": price_text(pair.min_price),
            "maxPrice": price_text(pair.max_price),
        }
        for pair in pairs
    ]


def _read_currencies(params: Params) -> Any:
    return params.get("currencies")


def _currencies_info(_call: Call, wanted: Any) -> Any:
    if wanted is not None and (not isinstance(wanted, list) or not wanted):
        return {"error": "Parameter currencies should be Array of Strings"}
    return [
        {
            "currency": currency.code,
            "fiat": currency.fiat,
            "precision": "8",
            "walletPrecision": "2" if currency.fiat else "8",
            "walletDeposit": True,
            "walletWithdrawal": True,
        }
        for currency in CURRENCIES.values()
        if wanted is None or currency.code in wanted
    ]


def _processing_info(_call: Call, wanted: Any) -> Any:
    if wanted is not None and not isinstance(wanted, list):
        return {"error": "Currencies should be array."}
    if wanted and not all(isinstance(code, str) for code in wanted):
        return {"error": "Currencies array should consist of string type values."}
    unknown = [code for code in wanted or [] if code not in CURRENCIES or CURRENCIES[code].fiat]
    if unknown:
        return {"error": f"Request contains unsupported currencies: {', '.join(unknown)}."}
    return {
        currency.code: {
            "name": currency.name,
            "blockchains": {
                currency.blockchain: {
                    "type": "coin",
                    "deposit": "enabled",
                    "minDeposit": price_text(currency.min_transfer),
                    "withdrawal": "enabled",
                    "minWithdrawal": price_text(currency.min_transfer),
                    "withdrawalFee": "0",
                    "withdrawalFeePercent": "0",
                    "depositConfirmations": "3",
                }
            },
        }
        for currency in CURRENCIES.values()
        if not currency.fiat and (not wanted or currency.code in wanted)
    }


def _ticker(call: Call, pairs: list[Pair]) -> Any:
    return {pair.name: _ticker_row(pair, call.now) for pair in pairs}


def _ticker_row(pair: Pair, now: int) -> dict[str, str]:
    bid, ask = best_bid(pair, now), best_ask(pair, now)
    hours = [pair.price(mid(pair, now - hour * 3_600_000)) for hour in range(25)]
    change = ask - best_ask(pair, now - _DAY_MS)
    percent = change / best_ask(pair, now - _DAY_MS) * 100
    volume = (pair.base_min * 5000).quantize(EIGHT_PLACES)
    return {
        "bestBid": price_text(bid),
        "bestAsk": price_text(ask),
        "bestBidChange": price_text(bid - best_bid(pair, now - _DAY_MS)),
        "bestBidChangePercentage": f"{percent:.2f}",
        "bestAskChange": price_text(change),
        "bestAskChangePercentage": f"{percent:.2f}",
        "low": price_text(min(hours)),
        "high": price_text(max(hours)),
        "volume30d": amount_text(volume * 30),
        "lastTradeDateISO": iso(now // _TRADE_EVERY_MS * _TRADE_EVERY_MS),
        "volume": amount_text(volume),
        "quoteVolume": amount_text(volume * ask),
        "lastTradeVolume": amount_text(pair.base_min),
        "volumeUSD": f"{volume * pair.base.usd:.2f}",
        "last": price_text(ask),
        "lastTradePrice": price_text(bid),
        "priceChange": price_text(change),
        "priceChangePercentage": f"{percent:.2f}",
    }


@dataclass(frozen=True)
class _Book:
    pair: Pair
    depth: int


def _read_book(params: Params) -> _Book:
    pair = _read_pair(params)
    depth = params.get("depth", 0)
    if depth not in (0, 1) or isinstance(depth, bool):
        raise ParameterFault("Parameter depth should be one of [0, 1]")
    return _Book(pair, 1 if depth == 1 else LEVELS)


def book_side(call: Call, pair: Pair, side: str, depth: int) -> list[list[str]]:
    """One side of the book, best first: generated levels with the clients' resting orders laid in."""
    found = levels(pair, call.now, side)
    for account in call.exchange.store.accounts.values():
        for order in account.orders:
            if order.active and order.triggered and order.pair == pair.name and order.side == side:
                price = order.price or Decimal(0)
                found[price] = found.get(price, Decimal(0)) + (order.amount1 or Decimal(0))
    best_first = sorted(found.items(), reverse=side == "BUY")
    return [[price_text(price), amount_text(amount)] for price, amount in best_first[:depth]]


def _order_book(call: Call, book: _Book) -> Any:
    return {
        "timestamp": call.now,
        "currency1": book.pair.base.code,
        "currency2": book.pair.quote.code,
        "bids": book_side(call, book.pair, "BUY", book.depth),
        "asks": book_side(call, book.pair, "SELL", book.depth),
    }


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
    one = None if names else _read_pair(params).name
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
        _read_pair(params),
        take.moment(params, "fromDateISO"),
        take.moment(params, "toDateISO"),
        min(take.integer(params, "pageSize") or 100, 1000),
    )


def _trade_history(call: Call, asked: _Trades) -> Any:
    newest = min(asked.until if asked.until is not None else call.now, call.now)
    rows = []
    for index in range(asked.size):
        at = newest // _TRADE_EVERY_MS * _TRADE_EVERY_MS - index * _TRADE_EVERY_MS
        if at < max(0, asked.since or 0):
            break
        buy = at // _TRADE_EVERY_MS % 3 != 0
        price = best_ask(asked.pair, at) if buy else best_bid(asked.pair, at)
        rows.append(
            {
                "tradeId": f"{at}-0",
                "dateISO": iso(at),
                "side": "BUY" if buy else "SELL",
                "price": price_text(price),
                "amount": amount_text(asked.pair.base_min * (1 + at // _TRADE_EVERY_MS % 17)),
            }
        )
    return {"pageSize": asked.size, "trades": rows}


_ON_BOTH_PATHS = (
    Action("get_ticker", 1, _read_pairs, _ticker, maintenance="market_data"),
    Action("get_order_book", 1, _read_book, _order_book, maintenance="market_data"),
    Action("get_candles", 1, _read_candles, _candles, maintenance="market_data"),
    Action("get_trade_history", 1, _read_trades, _trade_history, maintenance="market_data"),
    Action("get_processing_info", 10, _read_currencies, _processing_info),
)
PUBLIC = (
    Action("get_server_time", 1, nothing, _server_time),
    Action("get_pairs_info", 1, _read_pairs, _pairs_info),
    Action("get_currencies_info", 1, _read_currencies, _currencies_info),
    *_ON_BOTH_PATHS,
)
PRIVATE = _ON_BOTH_PATHS
