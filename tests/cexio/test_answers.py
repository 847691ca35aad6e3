"""The models of answers: exact, tolerant, frozen, and without a word of the answer in their errors."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cexio import errors
from cexio.answers.account import Balance
from cexio.answers.market import Candle
from cexio.answers.orders import Order
from cexio.answers.reply import PerPair, per_pair
from cexio.call import typed
from cexio.credentials import Credentials
from tests.cexio.both_clients import BOTH
from tests.cexio.tiny_exchange import tiny_exchange

KEY = Credentials(key="k" * 9, secret="s")
DIGITS = st.from_regex(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,12})?", fullmatch=True)
ORDER = {
    "orderId": 17,
    "status": "NEW",
    "currency1": "BTC",
    "currency2": "USD",
    "side": "BUY",
    "orderType": "Limit",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


class TestAmountsKeepTheirDigits:
    """0.50000000 that comes back as 0.5 is a difference that a reconciliation finds."""

    @given(DIGITS)
    def test_there_and_back(self, text: str) -> None:
        amount = typed(Balance)({"balance": text}).balance
        assert f"{amount:f}" == text
        assert typed(Balance)({"balance": text}).model_dump(mode="json")["balance"] == text

    @BOTH
    def test_a_number_of_a_candle_is_not_rounded(self, make: Any) -> None:
        body = '{"ok":"ok","data":[{"timestamp":1,"open":0.1000000000000000055511151231257827,"close":3}]}'
        with tiny_exchange({"get_candles": (200, body)}) as server, make(server.base_url) as api:
            (candle,) = api.get_candles(["A-B"], resolution="1m", to_iso=1)["A-B"]
        assert candle.open == Decimal("0.1000000000000000055511151231257827")
        assert candle.close == 3

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "x", None, [], True])
    def test_what_is_no_amount_is_refused(self, value: Any) -> None:
        with pytest.raises(ValidationError):
            typed(Balance)({"balance": value})


class TestTheExchangeMayAddWhatItLikes:
    """A field that is new on a Tuesday must not stop a bot."""

    @given(st.dictionaries(st.text(min_size=1), JSON, max_size=4))
    def test_unknown_fields_are_kept(self, extra: dict[str, Any]) -> None:
        known = {alias for field in Order.model_fields.values() if (alias := field.alias)}
        added = {f"x{name}": value for name, value in extra.items() if f"x{name}" not in known}
        order = typed(Order)({**ORDER, **added})
        assert order.model_extra == added
        assert (order.order_id, order.price, order.account_id) == ("17", None, None)

    def test_an_empty_text_is_no_amount(self) -> None:
        assert typed(Order)({**ORDER, "price": ""}).price is None

    def test_an_answer_cannot_be_changed(self) -> None:
        order = typed(Order)(ORDER)
        with pytest.raises(ValidationError):
            order.status = "FILLED"

    @given(st.dictionaries(st.text(max_size=6), JSON, max_size=4) | JSON)
    def test_answers_by_pair_are_read_or_refused(self, data: Any) -> None:
        try:
            found = typed(PerPair[tuple[Candle, ...]])(per_pair(data))
        except ValidationError:
            return
        assert set(found.rows) | set(found.refused) == set(data)


class TestAnAnswerOfAnotherFormIsUnclear:
    """A half-read answer that passes for a whole one is a balance of nothing."""

    @BOTH
    @pytest.mark.parametrize(
        "data",
        [None, [], "x", {"balancesPerAccounts": {"bot": {"USD": {"balance": "canary-1234"}}}}, {"a": 1}],
    )
    def test_it_names_the_place_and_shows_no_value(self, make: Any, data: Any) -> None:
        replies = {"get_my_account_status_v3": (200, {"ok": "ok", "data": data})}
        with (
            tiny_exchange(replies) as server,
            make(server.base_url, KEY) as api,
            pytest.raises(errors.UnclearAnswerError, match=r"get_my_account_status_v3: data") as raised,
        ):
            api.get_my_account_status_v3()
        assert "canary" not in str(raised.value)

    @BOTH
    @pytest.mark.parametrize("body", ['{"ok":"ok"}', '{"ok":"ok","data":NaN}', '{"ok":"ok","data":[1e9999]}'])
    def test_numbers_that_are_none(self, make: Any, body: str) -> None:
        with (
            tiny_exchange({"get_pairs_info": (200, body)}) as server,
            make(server.base_url) as api,
            pytest.raises(errors.UnclearAnswerError),
        ):
            api.get_pairs_info()

    @BOTH
    @pytest.mark.parametrize("status", ["rejected", "REJECTED"])
    def test_a_rejected_transfer_inside_ok_is_an_error(self, make: Any, status: str) -> None:
        data = {"accountId": "bot", "clientTxId": "t", "currency": "USD", "status": status}
        replies = {"do_deposit_funds_from_wallet": (200, {"ok": "ok", "data": data})}
        with (
            tiny_exchange(replies) as server,
            make(server.base_url, KEY) as api,
            pytest.raises(errors.BusinessError),
        ):
            api.do_deposit_funds_from_wallet(account_id="bot", currency="USD", amount=1, client_tx_id="t")
