"""Rate points: what is counted, against whom, and when it is forgiven."""

from __future__ import annotations

import json

from sandbox.exchange.points import Points
from tests.sandbox.exchange.conftest import ELSEWHERE, HOST, Client, Clock

BODY = '{"error":"API rate limit reached"}'


def at_the_start_of_a_minute(clock: Clock) -> None:
    clock.ahead += 61 - clock() % 60


class TestAKeyHasTwoHundredPointsAMinute:
    """A verification that spends the bot's own points stops the bot."""

    def test_rest_and_websocket_draw_on_the_same_points(self, client: Client, clock: Clock) -> None:
        at_the_start_of_a_minute(clock)
        key = client.key()
        for _ in range(39):
            assert client.private(key, "get_my_wallet_balance").status == 200
        with client.socket() as socket:
            socket.recv()
            socket.send(client.ws_auth(key))
            socket.recv()
            socket.recv()
            for oid, expected in (("1", "ok"), ("2", "API rate limit reached")):
                socket.send(json.dumps({"e": "get_my_wallet_balance", "oid": oid, "data": {}}))
                answer = json.loads(socket.recv())
                assert answer.get("ok") or answer["data"]["error"] == expected
            assert answer == {
                "e": "get_my_wallet_balance",
                "oid": "2",
                "data": {"error": "API rate limit reached"},
            }
            assert json.loads(socket.recv()) == {"e": "disconnected"}
        assert client.private(key, "get_my_wallet_balance").refusal == (429, "API rate limit reached")

    def test_the_refusal_is_the_34_bytes_and_names_no_time(self, client: Client) -> None:
        key = client.key()
        client.page.switches({"key_points_per_minute": 4, "status_code_in_body": True})
        answer = client.private(key, "get_my_wallet_balance")
        assert (answer.status, answer.text, len(answer.text)) == (429, BODY, 34)
        assert "retry-after" not in answer.headers

    def test_the_next_calendar_minute_forgives(self, client: Client, clock: Clock) -> None:
        at_the_start_of_a_minute(clock)
        key = client.key()
        client.page.switches({"key_points_per_minute": 5})
        asked = [client.private(key, "get_my_wallet_balance").status for _ in range(2)]
        clock.ahead += 60
        assert [*asked, client.private(key, "get_my_wallet_balance").status] == [200, 429, 200]

    def test_a_refused_signature_costs_nothing(self, client: Client) -> None:
        key = client.key()
        client.page.switches({"key_points_per_minute": 5})
        for _ in range(3):
            client.private(key | {"secret": "wrong"}, "get_my_wallet_balance")
        assert client.private(key, "get_my_wallet_balance").status == 200


class TestPublicCallsAreCountedByAddress:
    """Two hosts behind one address share its points; two addresses do not."""

    def test_each_address_has_its_own(self, client: Client, clock: Clock) -> None:
        at_the_start_of_a_minute(clock)
        asked = [client.public("get_processing_info", source=HOST).status for _ in range(11)]
        assert asked == [200] * 10 + [429]
        assert client.public("get_processing_info", source=ELSEWHERE).status == 200

    def test_nothing_is_taken_from_who_is_short(self) -> None:
        points = Points()
        assert points.spend("a", 8, 10, 0)
        assert not points.spend("a", 5, 10, 0)
        assert points.spend("a", 2, 10, 59_999)
        assert points.spend("a", 10, 10, 60_000)
