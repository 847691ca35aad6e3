"""WebSocket: the greeting, the four texts of a refused auth, requests, events, and how it ends."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.sandbox.exchange.conftest import ELSEWHERE, HOST, Client


def receive(socket: ClientConnection) -> dict[str, Any]:
    return dict(json.loads(socket.recv(timeout=5)))


def ask(socket: ClientConnection, action: str, data: Any = None, oid: Any = "1") -> dict[str, Any]:
    """The answer of that oid; events that come between are skipped, as a client must."""
    socket.send(json.dumps({"e": action, "oid": oid, "data": data or {}}))
    while (answer := receive(socket)).get("oid") != oid:
        pass
    return answer


def closed_with(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    return closed.value.rcvd.code if closed.value.rcvd else None


def authenticated(client: Client, socket: ClientConnection, *permissions: str) -> dict[str, str]:
    key = client.key(*permissions)
    receive(socket)
    socket.send(client.ws_auth(key))
    assert receive(socket)["ok"] == "ok"
    assert receive(socket)["e"] == "account_update"
    return key


def auth_error(client: Client, key: dict[str, str], source: str = HOST, at: float | None = None) -> str:
    with client.socket(source) as socket:
        assert receive(socket) == {"e": "connected"}
        socket.send(client.ws_auth(key, at))
        answer = receive(socket)
    assert answer["e"] == "auth"
    assert "ok" not in answer
    return str(answer["data"]["error"])


class TestARefusedAuthTellsTheCause:
    """REST says one 401 for all of them, so a diagnosis rests on these texts alone."""

    def test_the_four_texts(self, client: Client) -> None:
        key = client.key(activate=False)
        assert auth_error(client, {"key": "nobody", "secret": "x"}) == "Invalid API key"
        assert auth_error(client, key | {"secret": "wrong"}) == "Invalid signature"
        assert auth_error(client, key, at=client.clock() - 60) == "Timestamp is not in 20sec range"
        assert auth_error(client, key) == "API key is not activated"

    @pytest.mark.parametrize(
        ("setting", "text"),
        [("own-text", "IP address is not allowed"), ("like-wrong-key", "Invalid API key")],
    )
    def test_the_address_is_a_switch(self, client: Client, setting: str, text: str) -> None:
        client.page.switches({"ws_address_refused": setting})
        assert auth_error(client, client.key(), source=ELSEWHERE) == text

    def test_a_refused_address_may_be_closed_without_a_word(self, client: Client) -> None:
        client.page.switches({"ws_address_refused": "close"})
        key = client.key()
        with client.socket(ELSEWHERE) as socket:
            receive(socket)
            socket.send(client.ws_auth(key))
            assert receive(socket) == {"e": "disconnected"}
            assert closed_with(socket) == 1000

    def test_a_login_may_look_at_no_address(self, client: Client) -> None:
        client.page.switches({"ws_address_refused": "not-checked"})
        key = client.key()
        with client.socket(ELSEWHERE) as socket:
            receive(socket)
            socket.send(client.ws_auth(key))
            assert receive(socket)["ok"] == "ok"
        assert client.private(key, "get_my_wallet_balance", source=ELSEWHERE).status == 401

    def test_whether_it_closes_is_a_switch(self, client: Client) -> None:
        client.page.switches({"ws_failed_auth_closes": True})
        with client.socket() as socket:
            receive(socket)
            socket.send(client.ws_auth({"key": "nobody", "secret": "x"}))
            receive(socket)
            assert receive(socket) == {"e": "disconnected"}
            assert closed_with(socket) == 1000

    def test_after_a_refusal_one_may_try_again(self, client: Client) -> None:
        key = client.key()
        with client.socket() as socket:
            receive(socket)
            socket.send(client.ws_auth(key | {"secret": "wrong"}))
            receive(socket)
            socket.send(client.ws_auth(key))
            assert receive(socket) == {"e": "auth", "ok": "ok", "data": {"ok": "ok"}}

    def test_a_fractional_timestamp_is_signed_as_written(self, client: Client) -> None:
        key, timestamp = client.key(), f"{client.clock():.3f}"
        signed = hmac.new(key["secret"].encode(), f"{timestamp}{key['key']}".encode(), hashlib.sha256)
        with client.socket() as socket:
            receive(socket)
            raw = '{"e":"auth","auth":{"key":"%s","signature":"%s","timestamp":%s},"oid":"auth"}'
            socket.send(raw % (key["key"], signed.hexdigest(), timestamp))
            assert receive(socket) == {"e": "auth", "oid": "auth", "ok": "ok", "data": {"ok": "ok"}}

    @pytest.mark.parametrize("auth", [None, 5, {}, {"key": 1, "signature": None, "timestamp": "NaN"}])
    def test_an_auth_without_sense_is_a_wrong_key(self, client: Client, auth: Any) -> None:
        with client.socket() as socket:
            receive(socket)
            socket.send(json.dumps({"e": "auth", "auth": auth}))
            assert receive(socket)["data"] == {"error": "Invalid API key"}


class TestRequestsAreTheSameAsRest:
    """A permission that one channel forgets is a hole."""

    def test_an_action_answers_by_oid(self, client: Client) -> None:
        with client.socket() as socket:
            authenticated(client, socket)
            answer = ask(socket, "get_my_wallet_balance", oid="abc")
            assert (answer["e"], answer["ok"]) == ("get_my_wallet_balance", "ok")
            assert answer["data"]["USD"] == {"balance": "1000.00000000"}

    def test_nothing_is_answered_before_auth(self, client: Client) -> None:
        with client.socket() as socket:
            receive(socket)
            assert ask(socket, "get_my_orders")["data"] == {"error": "Authorization required"}

    def test_a_missing_permission_is_refused(self, client: Client) -> None:
        with client.socket() as socket:
            authenticated(client, socket)
            answer = ask(socket, "do_my_new_order", client.order())
            assert answer["data"] == {"error": "Permission denied"}
            assert "ok" not in answer

    def test_a_key_that_is_edited_meanwhile_is_refused(self, client: Client) -> None:
        with client.socket() as socket:
            key = authenticated(client, socket)
            client.page.key("PATCH", "1", key["key"], form={"whitelist": ELSEWHERE})
            assert ask(socket, "get_my_orders")["data"] == {"error": "API key is not activated"}
            client.page.activate("1", key["key"])
            assert ask(socket, "get_my_orders")["data"] == {"error": "IP address is not allowed"}
            client.page.key("DELETE", "1", key["key"])
            assert ask(socket, "get_my_orders")["data"] == {"error": "Invalid API key"}

    def test_an_order_over_rest_is_told_to_open_sockets(self, client: Client) -> None:
        with client.socket() as socket:
            key = authenticated(client, socket, "Trade")
            made = client.private(key, "do_my_new_order", client.order()).data
            event = receive(socket)
            assert (event["e"], event["data"]["orderId"]) == ("executionReport", made["orderId"])
            update = receive(socket)
            assert update["data"]["balance"]["bot"]["USD"]["balanceOnHold"] == "40.10000000"

    def test_a_cancel_of_an_unknown_order_is_rejected_by_an_event(self, client: Client) -> None:
        with client.socket() as socket:
            authenticated(client, socket, "Trade")
            body = {"clientOrderId": "never", "cancelRequestId": "c", "timestamp": client.now()}
            assert ask(socket, "do_cancel_my_order", body)["data"] == {}
            data = receive(socket)["data"]
            assert (data["orderId"], data["cancelRejectReason"]) == ("NONE", "unknown_order")


class TestHowAConnectionEnds:
    """A client that does not know the endings hangs on one of them."""

    @pytest.mark.parametrize(
        "frame",
        ["not json", "[]", '{"e":"\\ud800","oid":1}', '{"e":"get_my_orders"}', '{"oid":"1"}', b"\xff"],
    )
    def test_a_frame_that_is_no_request_ends_it(self, client: Client, frame: str | bytes) -> None:
        with client.socket() as socket:
            receive(socket)
            socket.send(frame)
            assert receive(socket) == {"e": "disconnected"}
            assert closed_with(socket) == 1000

    @pytest.mark.parametrize("path", ["ws", "ws-public"])
    def test_an_unknown_message_is_told_and_ends_it(self, client: Client, path: str) -> None:
        with client.socket(path=path) as socket:
            receive(socket)
            answer = ask(socket, "nope")
            assert answer == {"e": "nope", "oid": "1", "data": {"error": "Unsupported message type nope"}}
            assert receive(socket) == {"e": "disconnected"}
            assert closed_with(socket) == 1000

    def test_silence_ends_it(self, client: Client) -> None:
        client.page.switches({"ws_idle_seconds": 0.05})
        with client.socket() as socket:
            receive(socket)
            assert receive(socket) == {"e": "disconnected"}
            assert closed_with(socket) == 1000

    def test_a_ping_is_answered_before_auth_too(self, client: Client) -> None:
        with client.socket() as socket:
            receive(socket)
            socket.send('{"e":"ping"}')
            assert receive(socket) == {"e": "pong"}

    def test_no_compression_is_agreed_on(self, client: Client) -> None:
        with client.socket(compression="deflate") as socket:
            assert socket.response is not None
            assert "Sec-WebSocket-Extensions" not in socket.response.headers


class TestPublicMarketData:
    """The public socket serves without a key, in its own words."""

    def test_a_request_is_answered(self, client: Client) -> None:
        with client.socket(path="ws-public") as socket:
            receive(socket)
            assert "BTC-USD" in ask(socket, "get_ticker", {"pairs": ["BTC-USD"]})["data"]

    def test_a_book_starts_with_a_snapshot_and_goes_on_by_one(self, client: Client) -> None:
        with client.socket(path="ws-public") as socket:
            receive(socket)
            book = ask(socket, "order_book_subscribe", {"pair": "BTC-USD"})["data"]
            assert len(book["bids"]) == len(book["asks"]) == 20
            increment = receive(socket)
            assert increment["e"] == "order_book_increment"
            assert increment["data"]["seqId"] == book["seqId"] + 1
            kept = dict(book["bids"]) | dict(increment["data"]["bids"])
            assert sum(float(size) > 0 for size in kept.values()) == 20

    def test_an_unknown_pair_is_refused_and_the_socket_stays(self, client: Client) -> None:
        with client.socket(path="ws-public") as socket:
            receive(socket)
            answer = ask(socket, "order_book_subscribe", {"pair": "btc-usd"})
            assert answer["data"] == {"error": "Currency pair btc-usd is not supported"}
            assert ask(socket, "order_book_unsubscribe", {"pair": "BTC-USD"}, oid=2)["ok"] == "ok"

    def test_private_actions_are_unknown_there(self, client: Client) -> None:
        with client.socket(path="ws-public") as socket:
            receive(socket)
            assert "Unsupported message type" in ask(socket, "get_my_orders")["data"]["error"]
