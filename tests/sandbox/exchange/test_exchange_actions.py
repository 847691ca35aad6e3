"""Every action of the reference: points, permission, mandatory parameters, form of a success, its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.exchange import dispatch
from tests.sandbox.exchange.conftest import Client

READ, TRADE, INTERNAL, WALLET = "Read", "Trade", "Funds Internal", "Funds Wallet"
LEVELS = (READ, TRADE, INTERNAL, WALLET)
MOVE = {"accountId": "bot", "currency": "BTC", "amount": "0.005", "clientTxId": "t1"}
TYPES = "Supported types: trade,commission,deposit,withdraw,internalTransfer"
HOUR = {"resolution": "1h", "toISO": "2026-01-01T00:00:00Z", "dataType": "bestAsk"}


@dataclass(frozen=True)
class Spec:
    """One row of the reference. `holds`: what the data of a success looks like."""

    action: str
    cost: int
    level: str
    holds: Callable[[Any], bool]
    params: dict[str, Any]
    mandatory: tuple[str, ...] = ()


def fields(*names: str) -> Callable[[Any], bool]:
    return lambda data: isinstance(data, dict) and set(names) <= set(data)


def rows(data: Any) -> bool:
    return isinstance(data, list)


PRIVATE = [
    Spec("get_my_current_fee", 5, READ, fields("tradingFee"), {"pairs": ["BTC-USD"]}),
    Spec("get_fee_strategy", 1, READ, fields("strategyConfig"), {}),
    Spec("get_my_volume", 5, READ, fields("period", "volume", "currency"), {}),
    Spec(
        *("do_create_account", 1, READ, fields("accountId"), {"accountId": "two", "currency": "USD"}),
        ("accountId", "currency"),
    ),
    Spec("get_my_account_status_v3", 5, READ, fields("convertedCurrency", "balancesPerAccounts"), {}),
    Spec("get_my_account_status_v2", 5, READ, fields("convertedCurrency", "balancesPerAccounts"), {}),
    Spec("get_my_wallet_balance", 5, READ, fields("USD"), {}),
    Spec("get_my_orders", 5, READ, rows, {"pageSize": 1}),
    Spec(
        *("do_cancel_my_order", 1, TRADE, lambda data: data == {}),
        {"clientOrderId": "x", "cancelRequestId": "c", "timestamp": 1},
        ("cancelRequestId", "timestamp"),
    ),
    Spec("do_cancel_all_orders", 5, TRADE, fields("clientOrderIds"), {}),
    Spec("get_order_book", 1, READ, fields("bids", "asks"), {"pair": "BTC-USD"}, ("pair",)),
    Spec("get_candles", 1, READ, rows, {"pair": "BTC-USD", **HOUR}, ("pair", "resolution", "dataType")),
    Spec("get_trade_history", 1, READ, fields("trades"), {"pair": "BTC-USD"}, ("pair",)),
    Spec("get_ticker", 1, READ, fields("BTC-USD"), {"pairs": ["BTC-USD"]}),
    Spec("get_my_transaction_history", 5, READ, rows, {}),
    Spec("get_my_funding_history", 5, READ, rows, {}),
    Spec(
        *("do_my_internal_transfer", 1, INTERNAL, fields("transactionId")),
        {"fromAccountId": "bot", "toAccountId": "two", "currency": "USD", "amount": 1},
        ("fromAccountId", "toAccountId", "currency", "amount"),
    ),
    Spec("get_processing_info", 10, READ, fields("BTC"), {"currencies": ["BTC"]}),
    Spec(
        *("get_deposit_address", 5, READ, fields("accountId", "currency", "blockchain")),
        {"accountId": "bot", "currency": "BTC", "blockchain": "bitcoin"},
        ("accountId", "currency", "blockchain"),
    ),
    *(
        Spec(
            *(action, 1, WALLET, fields("accountId", "clientTxId", "currency", "status")),
            MOVE,
            ("accountId", "currency", "amount", "clientTxId"),
        )
        for action in ("do_deposit_funds_from_wallet", "do_withdrawal_funds_to_wallet")
    ),
]
ORDER = ("accountId", "currency1", "currency2", "side", "orderType", "timestamp")
EVERY = [*PRIVATE, Spec("do_my_new_order", 1, TRADE, fields("orderId", "status"), {}, ORDER)]
BY_ACTION = pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.action)


def params_of(spec: Spec, client: Client) -> dict[str, Any]:
    return client.order() if spec.action == "do_my_new_order" else spec.params


def spent(client: Client, key: dict[str, str]) -> int:
    return client.exchange.points._spent.get(f"key {key['key']}", 0)


class TestEveryActionIsAsTheReferenceSays:
    """A stand-in that asks for less or answers more lets a client pass that the exchange refuses."""

    def test_none_is_missing_and_none_is_invented(self) -> None:
        assert {spec.action for spec in EVERY} == set(dispatch.PRIVATE)

    @BY_ACTION
    def test_a_success_has_its_form_and_costs_its_points(self, client: Client, spec: Spec) -> None:
        key = client.key(*LEVELS)
        if spec.action == "do_my_internal_transfer":
            client.private(key, "do_create_account", {"accountId": "two", "currency": "USD"})
        before = spent(client, key)
        assert spec.holds(client.private(key, spec.action, params_of(spec, client)).data)
        assert spent(client, key) - before == spec.cost

    @BY_ACTION
    def test_its_own_level_is_needed_and_no_other(self, client: Client, spec: Spec) -> None:
        if spec.level != READ:
            without = client.key(*(level for level in LEVELS if level != spec.level))
            assert client.private(without, spec.action, params_of(spec, client)).status == 403
        alone = client.key(spec.level, label="alone")
        assert client.private(alone, spec.action, params_of(spec, client)).status != 403

    @pytest.mark.parametrize(
        ("spec", "name"),
        [(spec, name) for spec in EVERY for name in spec.mandatory],
        ids=lambda value: value if isinstance(value, str) else value.action,
    )
    def test_what_is_mandatory_is_asked_for(self, client: Client, spec: Spec, name: str) -> None:
        params = {each: value for each, value in params_of(spec, client).items() if each != name}
        told = client.private(client.key(*LEVELS), spec.action, params).refusal
        assert told == (422, f"Mandatory parameter {name} is missing")


class TestStatesThatAClientMeets:
    """A sequence that the exchange refuses must not pass here."""

    def test_both_and_neither_id_of_a_cancel(self, client: Client) -> None:
        key = client.key(TRADE)
        both = {"orderId": 7, "clientOrderId": "x", "cancelRequestId": "c", "timestamp": 1}
        assert client.private(key, "do_cancel_my_order", both).refusal[1].endswith("not both")
        neither = {"cancelRequestId": "c", "timestamp": 1}
        expected = (422, "ClientOrderId or orderId should be specified")
        assert client.private(key, "do_cancel_my_order", neither).refusal == expected

    def test_an_account_that_is_there_is_answered_and_not_made_again(self, client: Client) -> None:
        key = client.key()
        for _ in range(2):
            asked = {"accountId": "two", "currency": "USD"}
            assert client.private(key, "do_create_account", asked).data == {"accountId": "two"}
        listed = client.private(key, "get_my_account_status_v3", {}).data["balancesPerAccounts"]
        assert sorted(listed) == ["", "bot", "two"]

    def test_unknown_accounts_are_left_out_in_silence(self, client: Client) -> None:
        asked = {"accountIds": ["nobody"]}
        found = client.private(client.key(), "get_my_account_status_v3", asked).data
        assert found["balancesPerAccounts"] == {}

    def test_a_ripple_deposit_has_destination_and_memo(self, client: Client) -> None:
        asked = {"accountId": "bot", "currency": "XRP", "blockchain": "ripple"}
        found = client.private(client.key(), "get_deposit_address", asked).data
        assert {"destination", "memo"} <= set(found)
        assert "address" not in found

    def test_the_exchanges_own_words_where_they_are_known(self, client: Client) -> None:
        key = client.key(*LEVELS)
        for action, params, text in (
            ("get_my_orders", {"pageSize": 1001}, "Page size is limited to 1000 items"),
            ("get_my_orders", {"archived": "yes"}, "Archived parameter should be boolean"),
            ("get_my_transaction_history", {"pageSize": 101}, "Page size is limited to 100 items"),
            ("get_my_transaction_history", {"type": "x"}, f"Operation type is not supported. {TYPES}"),
            (
                "get_my_account_status_v3",
                {"accountIds": [1]},
                "accountIds array should consist of string type values",
            ),
            (
                "do_withdrawal_funds_to_wallet",
                {**MOVE, "amount": "0.00000002"},
                "Too low amount to withdraw 0.00000002 BTC. Minimum amount 0.00100000 BTC",
            ),
            ("do_withdrawal_funds_to_wallet", {**MOVE, "currency": "XXX"}, "Unsupported currency XXX"),
            (
                "get_deposit_address",
                {"accountId": "bot", "currency": "BTC", "blockchain": "x"},
                "Blockchain is not supported.",
            ),
        ):
            assert client.private(key, action, params).json["error"] == text
