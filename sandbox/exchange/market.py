"""Currencies, pairs and prices. A price is a function of pair and time: smooth, repeatable, kept nowhere.

The order book is twenty generated levels around it with the clients' own resting orders laid in.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

EIGHT_PLACES = Decimal("0.00000001")
FEE_PERCENT = Decimal("0.25")
LEVELS = 20
HALF_SPREAD = 0.00025


@dataclass(frozen=True)
class Currency:
    code: str
    name: str
    usd: Decimal
    fiat: bool
    blockchain: str
    min_transfer: Decimal


@dataclass(frozen=True)
class Pair:
    """Limits of a pair: amounts in base (1) and quote (2), `price_places` after the point."""

    base: Currency
    quote: Currency
    price_places: int

    @property
    def name(self) -> str:
        return f"{self.base.code}-{self.quote.code}"

    @property
    def reference(self) -> Decimal:
        return self.base.usd / self.quote.usd

    @property
    def base_min(self) -> Decimal:
        return (10 / self.base.usd).quantize(EIGHT_PLACES)

    @property
    def base_max(self) -> Decimal:
        return (1_000_000 / self.base.usd).quantize(EIGHT_PLACES)

    @property
    def quote_min(self) -> Decimal:
        return (10 / self.quote.usd).quantize(EIGHT_PLACES)

    @property
    def quote_max(self) -> Decimal:
        return (1_000_000 / self.quote.usd).quantize(EIGHT_PLACES)

    @property
    def lot(self) -> Decimal:
        return EIGHT_PLACES

    def price(self, value: Decimal | float) -> Decimal:
        """`value` on the pair's price grid."""
        return Decimal(value).quantize(Decimal(1).scaleb(-self.price_places), ROUND_HALF_UP)

    @property
    def min_price(self) -> Decimal:
        return max(self.price(self.reference / 10), Decimal(1).scaleb(-self.price_places))

    @property
    def max_price(self) -> Decimal:
        return self.price(self.reference * 10)


def _currency(code: str, name: str, usd: str, blockchain: str, *, fiat: bool = False) -> Currency:
    price = Decimal(usd)
    lowest = Decimal("0.001") if price > 1000 else Decimal(1)
    return Currency(code, name, price, fiat, blockchain, lowest)


CURRENCIES = {
    each.code: each
    for each in (
        _currency("BTC", "Bitcoin", "60000", "bitcoin"),
        _currency("ETH", "Ethereum", "2500", "ethereum"),
        _currency("LTC", "Litecoin", "70", "litecoin"),
        _currency("XRP", "Ripple", "0.6", "ripple"),
        _currency("SOL", "Solana", "140", "solana"),
        _currency("ADA", "Cardano", "0.4", "cardano"),
        _currency("DOGE", "Dogecoin", "0.1", "dogecoin"),
        _currency("USDT", "Tether", "1", "tron"),
        _currency("USDC", "USD Coin", "1", "ethereum"),
        _currency("USD", "US Dollar", "1", "", fiat=True),
        _currency("EUR", "Euro", "1.08", "", fiat=True),
        _currency("GBP", "Pound", "1.27", "", fiat=True),
    )
}

_QUOTES = {
    "BTC": ("USD", "USDT", "USDC", "EUR", "GBP"),
    "ETH": ("USD", "USDT", "EUR", "BTC"),
    "LTC": ("USD", "USDT"),
    "XRP": ("USD", "USDT"),
    "SOL": ("USD", "USDT"),
    "ADA": ("USD", "USDT"),
    "DOGE": ("USD",),
    "USDT": ("USD",),
}


def _pair(base: Currency, quote: Currency) -> Pair:
    places = max(0, 5 - int((base.usd / quote.usd).adjusted()))
    return Pair(base, quote, min(8, places))


PAIRS = {
    pair.name: pair
    for base, quotes in _QUOTES.items()
    for pair in (_pair(CURRENCIES[base], CURRENCIES[quote]) for quote in quotes)
}


def amount_text(value: Decimal) -> str:
    return f"{value:.8f}"


def price_text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def mid(pair: Pair, at_ms: int) -> float:
    """The price in the middle of the book: within 2 % of the pair's reference for ever."""
    phase = zlib.crc32(pair.name.encode()) % 628 / 100
    seconds = at_ms / 1000
    wave = 0.012 * math.sin(seconds / 13751 + phase)
    wave += 0.004 * math.sin(seconds / 571 + 2 * phase)
    wave += 0.0008 * math.sin(seconds / 15.4 + 3 * phase)
    return float(pair.reference) * (1 + wave)


def best_bid(pair: Pair, at_ms: int) -> Decimal:
    return pair.price(mid(pair, at_ms) * (1 - HALF_SPREAD))


def best_ask(pair: Pair, at_ms: int) -> Decimal:
    return pair.price(mid(pair, at_ms) * (1 + HALF_SPREAD))


def levels(pair: Pair, at_ms: int, side: str) -> dict[Decimal, Decimal]:
    """Generated price levels of one side, best first: price to amount in base currency."""
    buy = side == "BUY"
    best = best_bid(pair, at_ms) if buy else best_ask(pair, at_ms)
    found: dict[Decimal, Decimal] = {}
    for step in range(LEVELS):
        shift = Decimal(1) + Decimal(step) * Decimal("0.0004") * (-1 if buy else 1)
        weight = 1 + zlib.crc32(f"{pair.name}{side}{step}{at_ms // 1000}".encode()) % 400
        found[pair.price(best * shift)] = (pair.base_min * weight).quantize(EIGHT_PLACES)
    return found
