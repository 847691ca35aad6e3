"""Faults to order: what the client sees, and whether the thing was done."""

from __future__ import annotations

import http.client
import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sandbox.exchange.in_the_way import DRESSED, RAW, WHOLE
from sandbox.exchange.key_page import KeyPageError
from tests.sandbox.exchange.conftest import ELSEWHERE, Client

ORDER = "do_my_new_order"


def orders_made(client: Client) -> int:
    return len(client.exchange.store.accounts["1"].orders)


class TestAFaultIsSeenAsOrdered:
    """A client is only as good as the faults it was tried with."""

    def test_a_server_error(self, client: Client) -> None:
        client.page.switches({"fault": "error-500"})
        assert client.private(client.key("Trade"), ORDER, client.order()).refusal == (500, "Unexpected error")
        assert orders_made(client) == 0

    def test_a_proxys_page(self, client: Client) -> None:
        client.page.switches({"fault": "html-502"})
        answer = client.public("get_server_time")
        assert answer.status == 502
        assert answer.text.startswith("<!DOCTYPE html>")

    def test_slowness_still_answers(self, client: Client) -> None:
        client.page.switches({"fault": "slow", "fault_seconds": 0.05})
        assert client.public("get_server_time").status == 200

    @pytest.mark.parametrize(
        ("fault", "seen", "made"),
        [
            ("cut", (ConnectionError, http.client.RemoteDisconnected), 0),
            ("lost-reply", (ConnectionError, http.client.RemoteDisconnected), 1),
            ("truncated", (ConnectionError, http.client.IncompleteRead), 1),
        ],
    )
    def test_a_broken_connection(
        self, client: Client, fault: str, seen: tuple[type[Exception], ...], made: int
    ) -> None:
        key = client.key("Trade")
        client.page.switches({"fault": fault})
        with pytest.raises(seen):
            client.private(key, ORDER, client.order())
        assert orders_made(client) == made
        assert client.log()[-1]["reply"] == "connection cut"

    def test_a_websocket_that_breaks(self, client: Client) -> None:
        client.page.switches({"fault": "cut", "fault_actions": "auth"})
        with client.socket() as socket:
            socket.recv()
            socket.send(client.ws_auth(client.key()))
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=5)


class TestWhatStandsInTheWay:
    """A proxy's words taken for the exchange's, or the exchange's own spoilt on their way."""

    @pytest.mark.parametrize("fault", [name for name in WHOLE if name != "noise"])
    def test_answers_in_the_exchanges_place_and_nothing_is_done(self, client: Client, fault: str) -> None:
        key = client.key("Trade")
        client.page.switches({"fault": fault})
        answer = client.private(key, ORDER, client.order())
        assert (answer.status, answer.text.encode()) == (WHOLE[fault].status, WHOLE[fault].body)
        assert orders_made(client) == 0
        client.page.switches({"fault": None})

    @pytest.mark.parametrize("fault", [*RAW, "drip"])
    def test_what_breaks_the_rules_of_http_is_seen_to(self, client: Client, fault: str) -> None:
        key = client.key("Trade")
        client.page.switches({"fault": fault, "fault_seconds": 0.1})
        with pytest.raises((http.client.HTTPException, OSError, ValueError)):
            client.private(key, ORDER, client.order())
        assert orders_made(client) == 0

    @pytest.mark.parametrize("fault", [name for name in DRESSED if name != "gzip"])
    def test_the_exchanges_own_answer_is_changed_after_the_thing_was_done(
        self, client: Client, fault: str
    ) -> None:
        key = client.key("Trade")
        client.page.switches({"fault": fault})
        answer = client.private(key, ORDER, client.order())
        assert "NEW" in answer.text
        assert orders_made(client) == 1
        refused = client.private(key, "do_my_internal_transfer", {})
        assert "ermission denied" in refused.text
        assert (fault == "twice") == (refused.text.count('"error"') == 2)

    def test_a_websocket_meets_it_at_the_door(self, client: Client) -> None:
        client.page.switches({"fault": "challenge"})
        with pytest.raises(InvalidStatus) as refused, client.socket():
            pass
        assert refused.value.response.status_code == 403

    def test_an_unknown_fault_is_refused_with_the_names(self, client: Client) -> None:
        with pytest.raises(KeyPageError, match="takes one of none, error-500"):
            client.page.switches({"fault": "gremlins"})

    def test_an_exchange_that_takes_any_order_lets_it_rest(self, client: Client) -> None:
        client.page.switches({"orders_taken": "any"})
        order = client.order(amountCcy1="0.00000001", price="0.00000001", timestamp=1, timeInForce="IOC")
        assert client.private(client.key("Trade"), ORDER, order).data["status"] == "NEW"


class TestAFaultMeetsOnlyWhomItIsMeantFor:
    """A fault that hits the control question too hides which of the two failed."""

    def test_by_action(self, client: Client) -> None:
        client.page.switches({"fault": "error-500", "fault_actions": "get_ticker,get_my_orders"})
        assert client.public("get_server_time").status == 200
        assert client.public("get_ticker").status == 500

    def test_by_address(self, client: Client) -> None:
        client.page.switches({"fault": "error-500", "fault_addresses": ELSEWHERE})
        assert client.public("get_server_time").status == 200
        assert client.public("get_server_time", source=ELSEWHERE).status == 500

    def test_by_number(self, client: Client) -> None:
        client.page.switches({"fault": "error-500", "fault_times": 2})
        assert [client.public("get_server_time").status for _ in range(3)] == [500, 500, 200]


class TestTheRequestLogProvesWhatWasAsked:
    """That a probe moved nothing is believed only when every request is on record."""

    def test_every_request_is_there_with_its_body(self, client: Client) -> None:
        key = client.key("Trade")
        client.private(key, ORDER, client.order(clientOrderId="mine"))
        client.public("get_server_time", source=ELSEWHERE)
        private, public = client.log()
        assert (private["channel"], private["action"], private["status"]) == ("rest", ORDER, 200)
        assert json.loads(private["body"])["clientOrderId"] == "mine"
        assert (private["key"], public["key"]) == (key["key"], None)
        assert (public["channel"], public["source"]) == ("rest-public", ELSEWHERE)

    def test_no_secret_and_no_signature_is_in_it(self, client: Client) -> None:
        key = client.key()
        client.private(key, "get_my_orders")
        with client.socket() as socket:
            socket.recv()
            auth = client.ws_auth(key)
            socket.send(auth)
            socket.recv()
        text = client.exchange.store.request_log.read_text()
        assert key["secret"] not in text
        assert json.loads(auth)["auth"]["signature"] not in text
        assert [entry["action"] for entry in client.log()] == ["get_my_orders", "auth"]
