"""Time, pairs, currencies, prices, books, candles and trades. Public; most are answered to a key, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from cexio.answers.market import (
    Candle,
    Currency,
    OrderBook,
    Pair,
    ServerTime,
    Ticker,
    TradeHistory,
)
from cexio.answers.reply import PerPair, per_pair
from cexio.call import Call, action, names, typed
from cexio.wire import Channel


class MarketActions:
    """Market data. 1 point each, of the address or, on the private channel, of the key."""

    @action
    def get_server_time(self) -> Call[ServerTime]:
        """The exchange's time. The client's clock learns from it, too."""
        return Call("public", "get_server_time", {}, typed(ServerTime))

    @action
    def server_time_ms(self) -> Call[int]:
        """The exchange's time in Unix milliseconds."""
        return Call("public", "get_server_time", {}, lambda data: typed(ServerTime)(data).timestamp)

    @action
    def get_pairs_info(self) -> Call[tuple[Pair, ...]]:
        """The limits of all pairs."""
        return Call("public", "get_pairs_info", {}, typed(tuple[Pair, ...]))

    @action
    def lowest_price(self, pair: str) -> Call[str | None]:
        """The lowest price that a pair allows, in the exchange's digits, or None where it tells of none."""

        def lowest(data: Any) -> str | None:
            found = [each for each in typed(tuple[Pair, ...])(data) if each.name == pair]
            return f"{found[0].min_price:f}" if found and found[0].min_price is not None else None

        return Call("public", "get_pairs_info", {}, lowest)

    @action
    def get_currencies_info(self, currencies: Sequence[str] | None = None) -> Call[tuple[Currency, ...]]:
        """Currencies and their decimals."""
        params = {"currencies": names("currencies", currencies)}
        return Call("public", "get_currencies_info", params, typed(tuple[Currency, ...]))

    @action
    def get_ticker(
        self, pairs: Sequence[str] | None = None, *, channel: Channel = "public"
    ) -> Call[PerPair[Ticker]]:
        """The last day by pair. Refused above about two calls a minute, whatever points are left."""
        params = {"pairs": names("pairs", pairs)}
        return Call(channel, "get_ticker", params, lambda data: typed(PerPair[Ticker])(per_pair(data)))

    @action
    def get_order_book(
        self, pair: str, *, depth: Literal[0, 1] | None = None, channel: Channel = "public"
    ) -> Call[OrderBook]:
        """The order book of a pair; depth 1 is the best level alone."""
        return Call(channel, "get_order_book", {"pair": pair, "depth": depth}, typed(OrderBook))

    @action
    def get_candles(
        self,
        pairs: Sequence[str],
        *,
        resolution: str,
        data_type: Literal["bestAsk", "bestBid"] = "bestAsk",
        from_iso: int | str | None = None,
        to_iso: int | str | None = None,
        limit: int | None = None,
        channel: Channel = "public",
    ) -> Call[PerPair[tuple[Candle, ...]]]:
        """Candles by pair, newest first. A pair that is refused does not spoil the others (`PerPair`).

        resolution: such as `1m`, `1h`, `1d`. from_iso, to_iso: one at least, ISO or Unix milliseconds.
        """
        listed = names("pairs", pairs) or []
        alone = listed[0] if len(listed) == 1 else None
        params = {
            "pair": alone,
            "pairsList": None if alone else listed,
            "resolution": resolution,
            "dataType": data_type,
            "fromISO": from_iso,
            "toISO": to_iso,
            "limit": limit,
        }

        def by_pair(data: Any) -> PerPair[tuple[Candle, ...]]:
            told = {alone: data} if alone and isinstance(data, list) else data
            return typed(PerPair[tuple[Candle, ...]])(per_pair(told))

        return Call(channel, "get_candles", params, by_pair)

    @action
    def get_trade_history(
        self,
        pair: str,
        *,
        from_date_iso: int | str | None = None,
        to_date_iso: int | str | None = None,
        page_size: int | None = None,
        channel: Channel = "public",
    ) -> Call[TradeHistory]:
        """Trades of a pair, newest first."""
        params = {
            "pair": pair,
            "fromDateISO": from_date_iso,
            "toDateISO": to_date_iso,
            "pageSize": page_size,
        }
        return Call(channel, "get_trade_history", params, typed(TradeHistory))


class RawActions:
    """Any action by its name, for what has no method: `data` as the JSON says."""

    @action
    def public(self, action: str, params: dict[str, Any] | None = None) -> Call[Any]:
        """`data` of a public action."""
        return Call("public", action, params or {}, lambda data: data, exact=False)

    @action
    def private(self, action: str, params: dict[str, Any] | None = None) -> Call[Any]:
        """`data` of a private action. One that does not begin with `get_` is taken for one that writes."""
        return Call("private", action, params or {}, lambda data: data, exact=False)
