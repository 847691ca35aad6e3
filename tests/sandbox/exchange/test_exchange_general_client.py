"""A client that others wrote: ccxt knows the real Spot API, and is given another base URL, nothing else."""

from __future__ import annotations

import json
from typing import Any

import ccxt
import pytest

from tests.sandbox.exchange.conftest import HOST, Client

BOT = {"account": "bot", "method": "privatePostGetMyAccountStatusV3"}
pytestmark = pytest.mark.long  # the library alone takes seconds to import


@pytest.fixture
def trader(client: Client) -> Any:
    key = client.key("Trade", addresses=())
    exchange = ccxt.cex({"apiKey": key["key"], "secret": key["secret"], "enableRateLimit": False})
    exchange.session.trust_env = False
    base = client.stand.url
    real = exchange.urls["api"]
    exchange.urls["api"] = {name: url.replace("https://trade.cex.io", base) for name, url in real.items()}
    return exchange


class TestItFindsTheExchangeItKnows:
    """Tests against a stand-in that only our own client can talk to prove that the two share their errors."""

    def test_only_the_base_url_differs(self, trader: Any) -> None:
        assert all(url.startswith("http://127.0.0.1:") for url in trader.urls["api"].values())

    def test_markets_and_prices(self, trader: Any) -> None:
        markets = trader.load_markets()
        market = markets["BTC/USD"]
        assert market["spot"]
        assert market["limits"]["amount"]["min"] > 0
        assert market["precision"]["price"] > 0
        assert {"BTC", "USD"} <= set(trader.currencies)
        assert trader.fetch_ticker("BTC/USD")["ask"] > trader.fetch_ticker("BTC/USD")["bid"] > 0
        book = trader.fetch_order_book("BTC/USD")
        assert book["bids"][0][0] < book["asks"][0][0]
        candles = trader.fetch_ohlcv("BTC/USD", "1h", limit=5, params={"dataType": "bestAsk"})
        assert 0 < len(candles) <= 5
        assert all(low <= close <= high for _, _, high, low, close, _ in candles)
        assert trader.fetch_trades("BTC/USD")[0]["price"] > 0
        assert abs(trader.fetch_time() - trader.milliseconds()) < 60_000

    def test_balances_and_fees(self, trader: Any) -> None:
        assert trader.fetch_balance()["USD"]["total"] == 1000  # the Wallet
        assert trader.fetch_balance(BOT)["USD"]["total"] == 500
        assert trader.fetch_trading_fees()["BTC/USD"]["info"] == {"percent": "0.25"}
        assert len(trader.fetch_accounts()) == 2
        assert isinstance(trader.fetch_ledger("USD"), list)
        assert isinstance(trader.fetch_deposits_withdrawals(), list)

    def test_an_order_is_placed_listed_and_cancelled(self, trader: Any, client: Client) -> None:
        placed = trader.create_order("BTC/USD", "limit", "buy", 0.001, 40_000, {"accountId": "bot"})
        assert placed["status"] == "open"
        assert [each["id"] for each in trader.fetch_open_orders("BTC/USD")] == [placed["id"]]
        assert trader.fetch_balance(BOT)["USD"]["used"] > 0
        trader.cancel_order(placed["id"])
        assert trader.fetch_open_orders("BTC/USD") == []
        closed = trader.fetch_closed_orders("BTC/USD")
        assert [(each["id"], each["status"]) for each in closed] == [(placed["id"], "canceled")]
        assert trader.fetch_balance(BOT)["USD"]["used"] == 0

    def test_a_market_order_fills(self, trader: Any) -> None:
        bought = trader.create_order("BTC/USD", "market", "buy", 0.001, None, {"accountId": "bot"})
        assert bought["filled"] == 0.001
        assert trader.fetch_balance(BOT)["BTC"]["total"] == pytest.approx(0.011)

    def test_all_orders_are_cancelled_at_once(self, trader: Any) -> None:
        for price in (39_000, 40_000):
            trader.create_order("BTC/USD", "limit", "buy", 0.001, price, {"accountId": "bot"})
        trader.cancel_all_orders()
        assert trader.fetch_open_orders() == []

    def test_its_errors_are_the_ones_it_knows(self, trader: Any) -> None:
        with pytest.raises(ccxt.BadRequest, match="check failed"):
            trader.create_order("BTC/USD", "limit", "buy", 0.00000001, 40_000, {"accountId": "bot"})
        with pytest.raises(ccxt.InsufficientFunds):
            trader.create_order("BTC/USD", "limit", "buy", 0.5, 40_000, {"accountId": "bot"})
        trader.secret = "wrong"
        with pytest.raises(ccxt.ExchangeError, match="Authorization Failed"):
            trader.fetch_balance()


class TestSocketsAsTheReferenceDescribesThem:
    """A bot lives on the sockets: what it is told there must be what REST tells."""

    def test_public_basics(self, client: Client) -> None:
        with client.socket(path="ws-public") as socket:
            assert json.loads(socket.recv(5)) == {"e": "connected"}
            asked = {
                "get_ticker": {"pairs": ["BTC-USD"]},
                "get_order_book": {"pair": "BTC-USD"},
                "order_book_subscribe": {"pair": "BTC-USD"},
            }
            for number, (action, data) in enumerate(asked.items()):
                socket.send(json.dumps({"e": action, "oid": f"{number}", "data": data}))
                told = json.loads(socket.recv(5))
                assert (told["e"], told["oid"], told["ok"]) == (action, f"{number}", "ok")
            socket.send(json.dumps({"e": "ping"}))
            assert json.loads(socket.recv(5)) == {"e": "pong"}

    def test_an_order_made_on_a_socket_is_seen_by_rest(self, client: Client) -> None:
        key = client.key("Trade")
        with client.socket() as socket:
            assert json.loads(socket.recv(5)) == {"e": "connected"}
            socket.send(client.ws_auth(key))
            assert json.loads(socket.recv(5))["ok"] == "ok"
            order = client.order(clientOrderId="by-socket")
            socket.send(json.dumps({"e": "do_my_new_order", "oid": "1", "data": order}))
            kinds = set()
            while "do_my_new_order" not in kinds:
                kinds.add(json.loads(socket.recv(5))["e"])
            listed = client.private(key, "get_my_orders", {"clientOrderId": "by-socket"}, HOST).data
            assert [each["clientOrderId"] for each in listed] == ["by-socket"]
