"""Switches: each unknown of the real exchange under each of its guesses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from sandbox.exchange.key_page import KeyPageError
from sandbox.exchange.replies import PRESETS, reply_for
from sandbox.exchange.serving import serving
from sandbox.exchange.switches import Switches
from tests.sandbox.exchange.conftest import ELSEWHERE, Answer, Client, Clock

REPLIES = [(switch, name) for switch, names in PRESETS.items() for name in names]
TO_WALLET = {"accountId": "nobody", "currency": "USD", "amount": 1, "clientTxId": "t"}


def provoked(client: Client, switch: str) -> Answer:
    """The answer to a request that meets that switch."""
    key = client.key("Funds Wallet", activate=switch != "deactivated_key")
    action = "get_my_wallet_balance"
    if switch == "address_refused":
        return client.private(key, action, source=ELSEWHERE)
    if switch == "stale_timestamp":
        return client.private(key, action, at=client.clock() - 100)
    if switch == "unknown_key":
        return client.private(key | {"key": "nobody"}, action)
    if switch == "country_refused":
        client.page.switches({"country_refused_addresses": [ELSEWHERE]})
        return client.private(key, action, source=ELSEWHERE)
    if switch == "unknown_account":
        return client.private(key, "do_withdrawal_funds_to_wallet", TO_WALLET)
    if switch == "permission_missing":
        return client.private(key, "do_my_new_order", client.order())
    if switch == "repeated_wallet_transfer":
        action = "do_deposit_funds_from_wallet"
        body = {"accountId": "bot", "currency": "USD", "amount": 1, "clientTxId": "t"}
        client.private(key, action, body)
        return client.private(key, action, body)
    return client.private(key, action)


class TestEveryReplySwitchIsObeyed:
    """A client that passes under one guess only is wrong; so each guess must really be made."""

    @pytest.mark.parametrize(("switch", "name"), REPLIES)
    def test_each_name(self, client: Client, switch: str, name: str) -> None:
        client.page.switches({switch: name})
        expected = reply_for(switch, name)
        answer = provoked(client, switch)
        assert answer.status == expected.status
        said = answer.text if expected.html else answer.json["error"]
        assert said == expected.error.replace("{account}", "nobody")
        assert answer.headers["content-type"].startswith("text/html" if expected.html else "application/json")

    def test_any_status_and_text(self, client: Client) -> None:
        client.page.switches({"address_refused": "418 Not from here"})
        assert provoked(client, "address_refused").refusal == (418, "Not from here")


class TestPermissionBeforeOrAfterValidation:
    """Probes that count on one order of checks prove nothing under the other."""

    @pytest.mark.parametrize(
        ("setting", "expected"),
        [
            ("before-validation", (403, "Permission denied")),
            ("after-validation", (422, "Mandatory parameter price is missing")),
        ],
    )
    def test_an_incomplete_order_without_trade(
        self, client: Client, setting: str, expected: tuple[int, str]
    ) -> None:
        client.page.switches({"permission_check": setting})
        answer = client.private(client.key(), "do_my_new_order", client.order(price=None))
        assert answer.refusal == expected

    @pytest.mark.parametrize("setting", ["before-validation", "after-validation"])
    def test_a_complete_order_without_trade_is_refused_either_way(self, client: Client, setting: str) -> None:
        client.page.switches({"permission_check": setting})
        answer = client.private(client.key(), "do_my_new_order", client.order())
        assert answer.refusal == (403, "Permission denied")


class TestWhatIsLookedUpBeforeThePermission:
    """A text about an account, or an acknowledged cancel, was taken for what the permission decided."""

    def test_an_account_that_is_not_there(self, client: Client) -> None:
        key = client.key()
        assert client.private(key, "do_withdrawal_funds_to_wallet", TO_WALLET).status == 403
        client.page.switches({"account_check": "before-permission"})
        missing = (500, "Account nobody does not exist")
        worse = {**TO_WALLET, "currency": "XXX"}
        for which in (key, client.key("Funds Wallet")):
            assert client.private(which, "do_withdrawal_funds_to_wallet", worse).refusal == missing
        assert client.private(key, "do_my_new_order", client.order()).status == 403
        assert client.private(key, "do_my_new_order", client.order(accountId="nobody")).refusal == missing
        client.page.switches({"unknown_sub_account": "ignored"})
        assert client.private(key, "do_my_new_order", client.order(accountId="nobody")).status == 403

    def test_an_order_that_is_not_there(self, client: Client) -> None:
        reader, trader = client.key(), client.key("Trade")
        order = client.order(clientOrderId="resting")
        body = {"clientOrderId": "never", "cancelRequestId": "c", "timestamp": client.now()}
        assert client.private(reader, "do_cancel_my_order", body).status == 403
        client.page.switches({"cancel_check": "before-permission"})
        assert client.private(reader, "do_cancel_my_order", body).json == {"ok": "ok", "data": {}}
        assert client.private(trader, "do_my_new_order", order).json["data"]["status"] == "NEW"
        known = {**body, "clientOrderId": "resting"}
        assert client.private(reader, "do_cancel_my_order", known).status == 403
        client.page.switches({"cancel_of_unknown_order": "refused"})
        assert client.private(reader, "do_cancel_my_order", body).refusal == (500, "unknown_order")

    def test_a_country_is_turned_away_on_private_calls_alone(self, client: Client) -> None:
        client.page.switches({"country_refused_addresses": [ELSEWHERE]})
        text = "Service is not available in your country"
        key = client.key()
        assert client.private(key, "get_my_wallet_balance", source=ELSEWHERE).refusal == (403, text)
        assert client.private(key, "get_my_wallet_balance").status == 200
        assert client.public("get_server_time", source=ELSEWHERE).status == 200


class TestOtherGuesses:
    """The same for what is not a reply."""

    def test_a_cancel_of_an_unknown_order_may_be_refused(self, client: Client) -> None:
        client.page.switches({"cancel_of_unknown_order": "refused"})
        body = {"clientOrderId": "never", "cancelRequestId": "c", "timestamp": client.now()}
        answer = client.private(client.key("Trade"), "do_cancel_my_order", body)
        assert answer.refusal == (500, "unknown_order")

    @pytest.mark.parametrize(
        ("part", "action", "body"),
        [
            ("order_placement", "do_my_new_order", {"price": None}),
            ("order_cancellation", "do_cancel_all_orders", {}),
            ("order_status", "get_my_orders", {}),
            ("market_data", "get_ticker", {}),
        ],
    )
    def test_maintenance(self, client: Client, part: str, action: str, body: dict[str, object]) -> None:
        client.page.switches({"maintenance": part})
        asked = client.order() if body else body
        assert client.private(client.key("Trade"), action, asked).refusal == (
            500,
            f"{part} is on maintenance",
        )

    def test_the_order_window(self, client: Client) -> None:
        client.page.switches({"order_window_ms": 300_000})
        order = client.order(timestamp=client.now() - 100_000)
        assert client.private(client.key("Trade"), "do_my_new_order", order).data["status"] == "NEW"


class TestSwitchesAreKeptAndChecked:
    """A switch set wrong and taken silently makes a test pass for the wrong reason."""

    def test_they_survive_a_restart(self, tmp_path: Path, clock: Clock) -> None:
        with serving(tmp_path / "e", wall=clock) as stand:
            stand.page.switches({"address_refused": "forbidden", "maintenance": "market_data,order_status"})
        with serving(tmp_path / "e", wall=clock) as stand:
            now = stand.page.switches()
            assert (now["address_refused"], now["maintenance"]) == (
                "forbidden",
                ["market_data", "order_status"],
            )
            assert stand.page.switches({"address_refused": None})["address_refused"] == "own-text"

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"nope": 1}, "nope"),
            ({"address_refused": "whatever"}, "own-text"),
            ({"permission_check": "sometimes"}, "before-validation"),
            ({"rest_window_seconds": "soon"}, "rest_window_seconds"),
            ({"maintenance": "everything"}, "maintenance"),
        ],
    )
    def test_a_wrong_one_is_one_clear_line(
        self, client: Client, changes: dict[str, object], words: str
    ) -> None:
        with pytest.raises(KeyPageError, match=words) as told:
            client.page.switches(changes)
        assert "\n" not in str(told.value)
        assert client.page.switches() == json.loads(Switches().model_dump_json())

    def test_the_model_forbids_the_same(self) -> None:
        with pytest.raises(ValidationError):
            Switches(address_refused="whatever")
