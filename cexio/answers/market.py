"""Time, pairs, currencies, prices, books, candles and trades."""

from __future__ import annotations

from pydantic import Field

from cexio.answers.reply import Exact, Maybe, Moment, Reply


class ServerTime(Reply):
    """The exchange's time, in Unix milliseconds and as ISO text."""

    timestamp: int
    iso_date: str | None = Field(None, alias="ISODate")


class Pair(Reply):
    """The limits of a pair: amounts in base and quote currency, steps, decimals and prices."""

    base: str
    quote: str
    base_min: Maybe = None
    base_max: Maybe = None
    base_lot_size: Maybe = None
    quote_min: Maybe = None
    quote_max: Maybe = None
    quote_lot_size: Maybe = None
    base_precision: int | None = None
    quote_precision: int | None = None
    price_precision: int | None = None
    min_price: Maybe = None
    max_price: Maybe = None

    @property
    def name(self) -> str:
        """Such as `BTC-USD`."""
        return f"{self.base}-{self.quote}"


class Currency(Reply):
    """A currency, its decimals, and whether it moves between Wallet and Spot."""

    currency: str
    fiat: bool | None = None
    precision: int | None = None
    wallet_precision: int | None = None
    wallet_deposit: bool | None = None
    wallet_withdrawal: bool | None = None


class Ticker(Reply):
    """The last day of a pair."""

    best_bid: Maybe = None
    best_ask: Maybe = None
    last: Maybe = None
    low: Maybe = None
    high: Maybe = None
    volume: Maybe = None
    quote_volume: Maybe = None
    volume_usd: Maybe = Field(None, alias="volumeUSD")
    volume30d: Maybe = Field(None, alias="volume30d")
    last_trade_price: Maybe = None
    last_trade_volume: Maybe = None
    last_trade_date_iso: str | None = Field(None, alias="lastTradeDateISO")
    price_change: Maybe = None
    price_change_percentage: Maybe = None


class OrderBook(Reply):
    """Levels as (price, amount), best first."""

    timestamp: Moment | None = None
    currency1: str | None = None
    currency2: str | None = None
    bids: tuple[tuple[Exact, Exact], ...]
    asks: tuple[tuple[Exact, Exact], ...]


class Candle(Reply):
    """One candle; the exchange sends its numbers as numbers, and they are kept digit for digit."""

    timestamp: Moment
    open: Maybe = None
    high: Maybe = None
    low: Maybe = None
    close: Maybe = None
    volume: Maybe = None
    resolution: str | None = None
    is_closed: bool | None = None
    timestamp_iso: str | None = Field(None, alias="timestampISO")


class Trade(Reply):
    """One trade of a pair."""

    trade_id: str
    date_iso: str | None = Field(None, alias="dateISO")
    side: str
    price: Exact
    amount: Exact


class TradeHistory(Reply):
    """Trades, newest first."""

    page_size: int | None = None
    trades: tuple[Trade, ...]
