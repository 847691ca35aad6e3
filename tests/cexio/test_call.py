"""What a call sends, and what it refuses before anything is sent."""

from __future__ import annotations

import inspect
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cexio.actions.funds import FundsActions
from cexio.actions.market import MarketActions, RawActions
from cexio.actions.orders import OrderActions
from cexio.async_client import AsyncSpotClient
from cexio.budget import POINTS
from cexio.call import NOW, Call, amount_text
from cexio.client import SpotClient
from cexio.errors import InvalidRequestError

WHERE = OrderActions, FundsActions, MarketActions, RawActions
ORDER: dict[str, Any] = {
    "account_id": "bot",
    "pair": "BTC-USD",
    "side": "BUY",
    "order_type": "Limit",
    "client_order_id": "mine",
    "amount_ccy1": "1",
}
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)


def described(method: str, **words: Any) -> Call[Any]:
    """The call that a method describes, without a client."""
    home = next(each for each in WHERE if hasattr(each, method))
    call: Call[Any] = getattr(home, method)(None, **words)
    return call


class TestNumbersAreSentAsTheyAre:
    """A price that went through a float is another price."""

    @given(DECIMALS)
    def test_a_decimal_is_sent_in_plain_digits(self, value: Decimal) -> None:
        text = amount_text("price", value)
        assert text is not None
        assert "E" not in text.upper()
        assert Decimal(text) == value
        assert amount_text("price", text) == text

    @pytest.mark.parametrize("value", [0.1, True, "", "one", "NaN", Decimal("Infinity"), "1e999", None])
    def test_what_is_no_exact_number_is_refused(self, value: Any) -> None:
        with pytest.raises(InvalidRequestError, match="amountCcy1"):
            described("do_my_new_order", **{**ORDER, "amount_ccy1": value, "price": value})

    @given(st.dictionaries(st.text(max_size=5), st.one_of(st.text(), st.integers(), DECIMALS, st.none())))
    def test_a_body_is_json_without_what_is_none(self, params: dict[str, Any]) -> None:
        body = described("private", action="get_x", params=params).body(0)
        assert set(json.loads(body)) == {name for name, value in params.items() if value is not None}

    @given(st.floats(0, 4e9))
    def test_the_time_of_an_order_is_that_of_sending(self, now: float) -> None:
        call = Call("private", "get_x", {"timestamp": NOW}, lambda data: data)
        assert json.loads(call.body(now)) == {"timestamp": int(now * 1000)}


class TestAMistakeIsRefusedBeforeItIsSent:
    """To the exchange an empty list of accounts means all of them."""

    @pytest.mark.parametrize(
        ("action", "words"),
        [
            ("do_cancel_all_orders", {"account_ids": []}),
            ("do_cancel_all_orders", {"account_ids": "bot"}),
            ("do_cancel_my_order", {}),
            ("do_cancel_my_order", {"order_id": 1, "client_order_id": "a"}),
            ("do_cancel_my_order", {"order_id": "NONE"}),
            ("get_my_orders", {"archived": True}),
            ("get_my_orders", {"account_ids": "bot"}),
            ("get_ticker", {"pairs": "BTC-USD"}),
            ("do_my_new_order", {**ORDER, "pair": "BTCUSD"}),
            ("do_my_new_order", {**ORDER, "account_id": ""}),
            ("do_my_new_order", {**ORDER, "client_order_id": ""}),
            ("do_my_new_order", {**ORDER, "amount_ccy2": "1"}),
        ],
    )
    def test_it_names_the_field(self, action: str, words: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequestError):
            described(action, **words)

    @pytest.mark.parametrize("action", ["../x", "get x", "", "x" * 61, "GET_X"])
    def test_an_action_is_a_name(self, action: str) -> None:
        with pytest.raises(InvalidRequestError):
            described("private", action=action).body(0)

    @pytest.mark.parametrize("value", [float("nan"), object(), b"x"])
    def test_what_is_no_json_is_told_without_its_value(self, value: Any) -> None:
        with pytest.raises(InvalidRequestError, match="cannot be written"):
            described("private", action="get_x", params={"a": value}).body(0)


class TestBothClientsHaveTheSameMethods:
    """An action that one of them lacks is found out in production."""

    @pytest.mark.parametrize("action", sorted(POINTS))
    def test_every_action_is_a_method_of_both(self, action: str) -> None:
        here, there = getattr(SpotClient, action), getattr(AsyncSpotClient, action)
        assert here is there
        assert here.__doc__

    def test_a_bound_method_shows_its_own_parameters(self) -> None:
        with SpotClient("http://127.0.0.1:1") as api:
            assert list(inspect.signature(api.get_order_book).parameters) == ["pair", "depth", "channel"]

    def test_whatever_does_not_read_is_taken_for_a_write(self) -> None:
        for action in POINTS:
            assert Call("private", action, {}, lambda data: data).writes == action.startswith("do_")
        assert Call("private", "create_account", {}, lambda data: data).writes
