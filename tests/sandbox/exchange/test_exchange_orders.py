"""Orders: accepted, refused, filled, cancelled, and the money that stands behind them."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.exchange.market import PAIRS, best_ask, best_bid
from tests.sandbox.exchange.conftest import Answer, Client

Key = dict[str, str]


@pytest.fixture
def key(client: Client) -> Key:
    return client.key("Trade")


def place(client: Client, key: Key, **changes: Any) -> Answer:
    return client.private(key, "do_my_new_order", client.order(**changes))


def cancel(client: Client, key: Key, **which: Any) -> Answer:
    return client.private(
        key, "do_cancel_my_order", {"cancelRequestId": "c", "timestamp": client.now(), **which}
    )


def balance(client: Client, key: Key, currency: str) -> tuple[Decimal, Decimal]:
    accounts = client.private(key, "get_my_account_status_v3").data["balancesPerAccounts"]
    held = accounts["bot"][currency]
    return Decimal(held["balance"]), Decimal(held["balanceOnHold"])


def archived(client: Client, key: Key) -> list[dict[str, Any]]:
    since = {"archived": True, "serverCreateTimestampFrom": client.now() - 60_000}
    return list(client.private(key, "get_my_orders", since).data)


class TestAProbeLeavesNothingBehind:
    """A probe that leaves an order behind trades for somebody."""

    def test_too_small_comes_before_too_old(self, client: Client, key: Key) -> None:
        data = place(client, key, amountCcy1="0.00000001", timestamp=1_700_000_000, timeInForce="IOC").data
        reason = (
            "minOrderAmountCcy1 check failed. amountCcy1 0.00000001 is less than"
            " minOrderAmountCcy1 0.00016667"
        )
        assert (data["rejectCode"], data["rejectReason"], data["orderId"]) == (414, reason, "NONE")
        assert json.loads(data["orderRejectReason"]) == {"code": 414, "reason": reason}
        assert data["executionType"] == "Rejected"

    def test_too_old_is_told_in_the_exchanges_words(self, client: Client, key: Key) -> None:
        data = place(client, key, timestamp=client.now() - 3_600_000).data
        assert (data["rejectCode"], data["orderId"]) == (424, "NONE")
        assert data["rejectReason"].startswith(
            "ClientTime should be within 30000 ms timeframe. But difference was 36000"
        )

    def test_neither_is_kept(self, client: Client, key: Key) -> None:
        place(client, key, amountCcy1="0.00000001")
        place(client, key, timestamp=1)
        assert archived(client, key) == []
        assert client.private(key, "get_my_orders", {"pageSize": 1}).data == []

    def test_a_missing_price_never_reaches_the_books(self, client: Client, key: Key) -> None:
        assert place(client, key, price=None).refusal == (422, "Mandatory parameter price is missing")

    def test_a_cancel_needs_exactly_one_id(self, client: Client, key: Key) -> None:
        neither, both = cancel(client, key), cancel(client, key, orderId=1, clientOrderId="x")
        assert neither.refusal == (422, "ClientOrderId or orderId should be specified")
        only_one = "Only one of the fields ClientOrderId or orderId should be specified, not both"
        assert both.refusal == (422, only_one)


class TestParametersAreNamedInOrder:
    """The texts are what clients tell a person; a wrong one sends him to the wrong field."""

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"accountId": None}, "Mandatory parameter accountId is missing"),
            ({"accountId": ""}, "API orders from Main account are not allowed"),
            ({"currency1": None}, "Mandatory parameter currency1 is missing"),
            ({"side": "HOLD"}, "Mandatory parameter side should be one of BUY,SELL"),
            ({"timestamp": None}, "Mandatory parameter timestamp is missing"),
            ({"amountCcy1": None}, "Mandatory parameter amountCcy1 is missing"),
            ({"currency1": "NOPE"}, "pair NOPE-USD is not supported"),
            ({"orderType": "Market", "stopPrice": "1"}, "Market Trigger orders are not allowed"),
            ({"orderType": "Stop Limit"}, "Mandatory parameter stopPrice is missing"),
            ({"amountCcy1": "Infinity"}, "Parameter amountCcy1 should be a number"),
            ({"comment": "x" * 256}, "Parameter comment is limited to 255 characters"),
        ],
    )
    def test_each(self, client: Client, key: Key, changes: dict[str, Any], text: str) -> None:
        assert place(client, key, **changes).refusal == (422, text)

    def test_a_sub_account_that_is_not_there(self, client: Client, key: Key) -> None:
        assert place(client, key, accountId="other").refusal == (500, "Account other does not exist")
        client.page.switches({"unknown_sub_account": "ignored"})
        assert place(client, key, accountId="other").data["rejectReason"] == "Insufficient funds"

    @pytest.mark.parametrize("amounts", [{}, {"amountCcy1": "0.001", "amountCcy2": "60"}])
    def test_a_market_order_takes_one_amount(self, client: Client, key: Key, amounts: dict[str, str]) -> None:
        order = {"amountCcy1": None, "price": None, "orderType": "Market"} | amounts
        data = place(client, key, **order).data
        assert data["rejectCode"] == 405
        assert data["rejectReason"].startswith("Either AmountCcy1")


class TestAnOrderLivesAndEnds:
    """Bots are tried against this; money that appears or vanishes hides their faults."""

    def test_it_rests_holds_money_and_gives_it_back(self, client: Client, key: Key) -> None:
        made = place(client, key, clientOrderId="mine").data
        assert (made["status"], made["executionType"]) == ("NEW", "New")
        [row] = client.private(key, "get_my_orders", {"pageSize": 1}).data
        assert (row["orderId"], row["clientOrderId"], row["statusIsFinal"]) == (
            made["orderId"],
            "mine",
            False,
        )
        assert row["initialOnHoldAmountCcy2"] == "40.10000000"
        assert balance(client, key, "USD") == (Decimal(500), Decimal("40.1"))
        assert cancel(client, key, clientOrderId="mine").data == {}
        assert balance(client, key, "USD") == (Decimal(500), Decimal(0))
        assert [each["status"] for each in archived(client, key)] == ["CANCELLED"]

    def test_a_market_order_fills_with_its_fee(self, client: Client, key: Key) -> None:
        data = place(client, key, orderType="Market", price=None).data
        assert data["status"] == "FILLED"
        cost, fee = Decimal(data["executedAmountCcy2"]), Decimal(data["feeAmount"])
        assert balance(client, key, "BTC") == (Decimal("0.011"), Decimal(0))
        assert balance(client, key, "USD") == (Decimal(500) - cost - fee, Decimal(0))
        history = client.private(key, "get_my_transaction_history").data
        assert sorted(row["type"] for row in history) == ["commission", "trade", "trade"]

    def test_an_ioc_far_from_the_market_ends_unfilled(self, client: Client, key: Key) -> None:
        data = place(client, key, timeInForce="IOC").data
        assert (data["status"], data["executedAmountCcy1"]) == ("CANCELLED", "0.00000000")
        assert balance(client, key, "USD")[1] == 0

    def test_a_resting_order_fills_when_the_price_comes(self, client: Client, key: Key) -> None:
        pair, hour = PAIRS["BTC-USD"], 3_600_000
        falling = next(
            at
            for at in range(1_800_000_000_000, 1_900_000_000_000, hour)
            if best_ask(pair, at + hour) < best_bid(pair, at) * Decimal("0.998")
        )
        client.clock.ahead = falling / 1000 - time.time()
        price = pair.price(best_ask(pair, falling + hour) * Decimal("1.001"))
        assert place(client, key, price=str(price)).data["status"] == "NEW"
        client.clock.ahead += 3600
        assert client.private(key, "get_my_orders").data == []
        [order] = client.exchange.store.accounts["1"].orders
        assert (order.status, order.executed1) == ("FILLED", Decimal("0.001"))

    def test_a_good_till_date_order_expires(self, client: Client, key: Key) -> None:
        place(client, key, timeInForce="GTD", expireTime=client.now() + 30_000)
        client.clock.ahead = 31
        assert client.private(key, "get_my_orders").data == []
        assert balance(client, key, "USD")[1] == 0

    def test_a_stop_waits_for_its_price(self, client: Client, key: Key) -> None:
        data = place(client, key, orderType="Stop Limit", stopPrice="100000", price="120000").data
        assert (data["status"], data["stopPrice"]) == ("NEW", "100000")
        book = client.public("get_order_book", {"pair": "BTC-USD"}).data
        assert "120000" not in [price for price, _ in book["bids"]]

    def test_no_money_has_a_number_and_stays_in_the_archive(self, client: Client, key: Key) -> None:
        data = place(client, key, amountCcy1="1").data
        assert (data["rejectCode"], data["rejectReason"]) == (403, "Insufficient funds")
        assert [row["orderId"] for row in archived(client, key)] == [data["orderId"]] != ["NONE"]

    def test_one_too_many_is_refused(self, client: Client, key: Key) -> None:
        client.page.switches({"max_active_orders": 1})
        place(client, key)
        data = place(client, key).data
        assert (data["rejectCode"], data["rejectReason"]) == (437, "Too many active orders")

    def test_cancel_all_takes_the_accounts_named_or_all(self, client: Client, key: Key) -> None:
        for name in ("a", "b"):
            place(client, key, clientOrderId=name)
        assert client.private(key, "do_cancel_all_orders", {"accountIds": ["x"]}).data == {
            "clientOrderIds": []
        }
        assert client.private(key, "do_cancel_all_orders").data == {"clientOrderIds": ["a", "b"]}


class TestARepeatedOrderIsMadeOnce:
    """A client that lost the answer asks again; without this it buys twice."""

    def test_equal_terms_answer_the_first(self, client: Client, key: Key) -> None:
        first = place(client, key, clientOrderId="once").data
        client.clock.ahead = 2
        again = place(client, key, clientOrderId="once").data
        assert again["orderId"] == first["orderId"]
        assert len(client.private(key, "get_my_orders").data) == 1

    def test_other_terms_are_rejected(self, client: Client, key: Key) -> None:
        place(client, key, clientOrderId="once")
        assert place(client, key, clientOrderId="once", price="41000").data["status"] == "REJECTED"


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("place"),
            st.sampled_from(["BUY", "SELL"]),
            st.sampled_from(["Limit", "Market"]),
            st.sampled_from(["0.0002", "0.001", "0.02"]),
            st.sampled_from(["30000", "59000", "61000", "90000"]),
        ),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(1, 4000)),
    ),
    max_size=12,
)


class TestMoneyIsNeverMadeOrLost:
    """A ledger that drifts makes every bot look profitable."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(STEPS)
    def test_after_any_story(self, client: Client, steps: list[Any]) -> None:
        client.page.switches({"key_points_per_minute": 1_000_000, "max_active_orders": 1_000})
        client.exchange.store.accounts.pop("1", None)
        (client.exchange.store.directory / "accounts" / "1.json").unlink(missing_ok=True)
        key = client.key("Trade")
        for step in steps:
            self._do(client, key, step)
        account = client.exchange.store.accounts["1"]
        opening = {"USD": Decimal(500), "BTC": Decimal("0.01")}
        for currency, start in opening.items():
            held = account.spot["bot"][currency]
            moved = sum((row.amount for row in account.transactions if row.currency == currency), Decimal(0))
            on_hold = sum(
                (order.held for order in account.orders if order.active and order.held_currency == currency),
                Decimal(0),
            )
            assert held.total == start + moved
            assert held.on_hold == on_hold
            assert held.free >= 0

    def _do(self, client: Client, key: Key, step: Any) -> None:
        if step[0] == "place":
            _, side, kind, amount, price = step
            place(client, key, side=side, orderType=kind, amountCcy1=amount, price=price)
        elif step[0] == "cancel":
            orders = client.exchange.store.accounts["1"].orders
            if orders:
                cancel(client, key, orderId=orders[step[1] % len(orders)].order_id)
        else:
            client.clock.ahead += step[1]
