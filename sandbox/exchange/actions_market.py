"""Market data as it is now: the public actions, most of which the private path answers too."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.exchange import actions_history
from sandbox.exchange import parameters as take
from sandbox.exchange.action import Action, Call, nothing
from sandbox.exchange.actions_history import TRADE_EVERY_MS
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
from sandbox.exchange.pairs import iso, known_pair, read_pair
from sandbox.exchange.parameters import Params

_DAY_MS = 86_400_000


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
        "lastTradeDateISO": iso(now // TRADE_EVERY_MS * TRADE_EVERY_MS),
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
    pair = read_pair(params)
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


_ON_BOTH_PATHS = (
    Action("get_ticker", 1, _read_pairs, _ticker, maintenance="market_data"),
    Action("get_order_book", 1, _read_book, _order_book, maintenance="market_data"),
    *actions_history.BOTH,
    Action("get_processing_info", 10, _read_currencies, _processing_info),
)
PUBLIC = (
    Action("get_server_time", 1, nothing, _server_time),
    Action("get_pairs_info", 1, _read_pairs, _pairs_info),
    Action("get_currencies_info", 1, _read_currencies, _currencies_info),
    *_ON_BOTH_PATHS,
)
PRIVATE = _ON_BOTH_PATHS
