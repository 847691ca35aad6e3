"""Who is let in, from where, and in which order that is looked at."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.exchange.conftest import ELSEWHERE, HOST, Client

READ = "get_my_current_fee"
OWN_ADDRESS_TEXT = (401, "IP address is not allowed")
AUTHORIZATION_FAILED = (401, "Authorization Failed")


class TestTheWhitelistIsTheSocketsPeer:
    """A whitelist that a header can talk round protects nobody."""

    def test_the_listed_address_is_let_in(self, client: Client) -> None:
        assert client.private(client.key(), READ).data["tradingFee"]["BTC-USD"] == {"percent": "0.25"}

    def test_another_address_is_refused(self, client: Client) -> None:
        assert client.private(client.key(), READ, source=ELSEWHERE).refusal == OWN_ADDRESS_TEXT

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"])
    def test_forwarding_headers_are_not_looked_at(self, client: Client, header: str) -> None:
        value = f"for={HOST}" if header == "Forwarded" else HOST
        key = client.key(addresses=(HOST,))
        # uvicorn would believe such a header from 127.0.0.1, which is where proxies sit.
        answer = client.private(key, READ, source="127.0.0.1", headers={header: value})
        assert answer.refusal == OWN_ADDRESS_TEXT

    def test_an_empty_list_is_any_address(self, client: Client) -> None:
        assert client.private(client.key(addresses=()), READ, source=ELSEWHERE).status == 200

    def test_public_actions_know_no_whitelist(self, client: Client) -> None:
        client.key()
        assert client.public("get_server_time", source=ELSEWHERE).status == 200


class TestAKeyIsLookedAtInTheExchangesOrder:
    """Out of order, a probe reads the wrong cause from a right answer."""

    def test_route_and_json_come_first(self, client: Client) -> None:
        stranger = {"key": "nobody", "secret": "x"}
        assert client.private(stranger, "get_nope").refusal == (400, "Bad Request")
        assert client.private(stranger, READ, b"not json").refusal == (400, "Bad Request")
        assert client.private(stranger, READ, b"[]").refusal == (400, "Bad Request")
        assert client.private(stranger, READ).refusal == AUTHORIZATION_FAILED

    def test_signature_before_activation_before_address(self, client: Client) -> None:
        client.page.switches({"deactivated_key": "own-text"})
        key = client.key(activate=False)
        wrong = key | {"secret": "wrong"}
        assert client.private(wrong, READ, source=ELSEWHERE).refusal == AUTHORIZATION_FAILED
        asleep = client.private(key, READ, source=ELSEWHERE)
        assert asleep.refusal == (401, "API key is not activated")
        client.page.activate("1", key["key"])
        assert client.private(key, READ, source=ELSEWHERE).refusal == OWN_ADDRESS_TEXT

    def test_address_before_permission(self, client: Client) -> None:
        answer = client.private(client.key(), "do_my_new_order", client.order(), source=ELSEWHERE)
        assert answer.refusal == OWN_ADDRESS_TEXT

    def test_a_missing_key_is_refused(self, client: Client) -> None:
        answer = client.post("/api/spot/rest/get_my_orders", b"{}", HOST, {})
        assert answer.refusal == AUTHORIZATION_FAILED

    def test_a_private_action_on_the_public_path_is_unknown(self, client: Client) -> None:
        assert client.public("get_my_orders").refusal == (400, "Bad Request")


class TestTheClockIsEnforced:
    """A host whose clock drifts works until it does not; the stand-in must show it."""

    @pytest.mark.parametrize("off", [-60, 60])
    def test_a_stale_timestamp_is_refused(self, client: Client, off: int) -> None:
        assert client.private(client.key(), READ, at=client.clock() + off).refusal == AUTHORIZATION_FAILED

    def test_the_window_is_a_switch(self, client: Client) -> None:
        key = client.key()
        client.page.switches({"rest_window_seconds": "120"})
        assert client.private(key, READ, at=client.clock() - 60).status == 200
        client.page.switches({"rest_window_seconds": "none"})
        assert client.private(key, READ, at=1_700_000_000).status == 200

    def test_a_moved_exchange_clock_refuses_everybody_else(self, client: Client) -> None:
        key = client.key()
        client.page.switches({"clock_offset_seconds": 300})
        assert client.private(key, READ).refusal == AUTHORIZATION_FAILED
        told = client.public("get_server_time").data["timestamp"]
        assert abs(told - client.now() - 300_000) < 5_000

    @pytest.mark.parametrize("timestamp", ["", "soon", "1700000000.5", "-1", "٣", "9" * 400])
    def test_a_timestamp_that_is_none_is_refused(self, client: Client, timestamp: str) -> None:
        key = client.key()
        text = f"{READ}{timestamp}".encode() + b"{}"
        signature = base64.b64encode(hmac.new(key["secret"].encode(), text, hashlib.sha256).digest())
        headers = {"X-AGGR-KEY": key["key"], "X-AGGR-SIGNATURE": signature.decode()}
        raw = timestamp.encode().decode("latin-1")
        answer = client.post(f"/api/spot/rest/{READ}", b"{}", HOST, headers | {"X-AGGR-TIMESTAMP": raw})
        assert answer.status == 401


class TestEachLevelOpensItsOwnActions:
    """A stand-in that grants too much lets a probe report a permission that is not there."""

    TRANSFER = {"fromAccountId": "bot", "toAccountId": "two", "currency": "USD", "amount": "1"}  # noqa: RUF012
    WALLET = {"accountId": "bot", "currency": "USD", "amount": "1", "clientTxId": "t"}  # noqa: RUF012

    @pytest.mark.parametrize(
        ("level", "open_to"),
        [
            ("Read", set()),
            ("Trade", {"do_my_new_order", "do_cancel_my_order", "do_cancel_all_orders"}),
            ("Funds Internal", {"do_my_internal_transfer"}),
            ("Funds Wallet", {"do_deposit_funds_from_wallet", "do_withdrawal_funds_to_wallet"}),
        ],
    )
    def test_and_no_other(self, client: Client, level: str, open_to: set[str]) -> None:
        key = client.key(level)
        client.private(key, "do_create_account", {"accountId": "two", "currency": "USD"})
        cancel = {"clientOrderId": "x", "cancelRequestId": "c", "timestamp": client.now()}
        asked = {
            "do_my_new_order": client.order(),
            "do_cancel_my_order": cancel,
            "do_cancel_all_orders": {},
            "do_my_internal_transfer": self.TRANSFER,
            "do_deposit_funds_from_wallet": self.WALLET,
            "do_withdrawal_funds_to_wallet": self.WALLET | {"clientTxId": "u"},
        }
        answers = {action: client.private(key, action, body) for action, body in asked.items()}
        assert {action for action, answer in answers.items() if answer.status == 200} == open_to
        refused = {answer.refusal for action, answer in answers.items() if action not in open_to}
        assert refused == {(403, "Permission denied")}

    def test_read_is_always_on(self, client: Client) -> None:
        assert client.private(client.key("Trade"), "get_my_wallet_balance").status == 200


class TestNothingAClientSendsBreaksTheServer:
    """A fault of the stand-in reads like a fault of the exchange."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.binary(max_size=200)
        | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(
            lambda value: json.dumps(value).encode()
        )
    )
    def test_any_body_is_answered(self, client: Client, body: bytes) -> None:
        client.page.switches({"address_points_per_minute": 100_000})
        assert client.public("get_order_book", body).status in (400, 422)

    @pytest.mark.parametrize(
        "body", [b"[" * 50_000, b'{"a":' * 50_000, b'{"amount":1e999999999}', b"{}" * 900_000]
    )
    def test_hostile_json_is_a_bad_request(self, client: Client, body: bytes) -> None:
        answer = client.public("get_order_book", body)
        assert answer.status in (400, 422)
