"""The WebSocket login, over real sockets, by the client and by the host's own few lines of RFC 6455."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from cexio.credentials import Credentials
from cexio.errors import TransportError
from cexio.websocket import async_login, login
from tests.cexio.tiny_exchange import FAULTS, closed_port, http, tiny_exchange
from tests.host.in_process import run_probe

KEY, SECRET = "canary-key-0123456789", "canary/secret+0123456789=="
Say = Callable[[ServerConnection], None]


def by_client(base_url: str) -> tuple[int | None, str]:
    """(status, deciding frame or fault)."""
    try:
        told = login(base_url, Credentials(key=KEY, secret=SECRET), timeout=0.5)
    except TransportError as error:
        return None, error.fault
    return told.status, told.text


def by_async_client(base_url: str) -> tuple[int | None, str]:
    try:
        told = asyncio.run(async_login(base_url, Credentials(key=KEY, secret=SECRET), timeout=0.5))
    except TransportError as error:
        return None, error.fault
    return told.status, told.text


def by_host(base_url: str) -> tuple[int | None, str]:
    asked = {"name": "websocket", "channel": "websocket", "action": "auth", "body": ""}
    row, text = run_probe(asked, base_url, (KEY, SECRET), 0.5)
    return row["status"], row["fault"] or text


HELLO = {"e": "connected"}
WAYS = pytest.mark.parametrize("way", [by_client, by_async_client, by_host])


@contextmanager
def exchange(say: Say) -> Iterator[str]:
    def handle(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            say(connection)

    with serve(handle, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"


def send(connection: ServerConnection, *frames: Any) -> None:
    for frame in frames:
        connection.send(json.dumps(frame))


class TestTheLoginTellsTheCause:
    """REST has one 401 for four causes: this frame is the diagnosis."""

    @WAYS
    def test_a_good_login_is_signed_as_the_exchange_asks(self, way: Any) -> None:
        def say(connection: ServerConnection) -> None:
            send(connection, HELLO)
            auth = json.loads(connection.recv())["auth"]
            text = f"{auth['timestamp']}{auth['key']}".encode()
            good = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest() == auth["signature"]
            send(connection, {"e": "auth", "ok": "ok", "data": {"ok": good}})

        with exchange(say) as url:
            assert way(url) == (101, '{"e": "auth", "ok": "ok", "data": {"ok": true}}')

    @WAYS
    @pytest.mark.parametrize("text", ["Invalid API key", "API key is not activated", "é" * 200])
    def test_a_refused_login_is_told_past_pings_and_other_events(self, way: Any, text: str) -> None:
        def say(connection: ServerConnection) -> None:
            send(connection, HELLO)
            connection.recv()
            connection.ping(b"there?").wait(2)
            send(connection, {"e": "account_update"}, "no object", {"e": "auth", "data": {"error": text}})

        with exchange(say) as url:
            status, frame = way(url)
        assert status == 101
        assert json.loads(frame)["data"]["error"] == text

    @WAYS
    def test_a_frame_in_parts_is_put_together(self, way: Any) -> None:
        def say(connection: ServerConnection) -> None:
            send(connection, HELLO)
            connection.recv()
            connection.send(iter(['{"e":"auth",', '"ok":', '"ok"}']))

        with exchange(say) as url:
            assert way(url) == (101, '{"e":"auth","ok":"ok"}')

    @WAYS
    def test_an_error_before_the_farewell_is_the_answer(self, way: Any) -> None:
        def say(connection: ServerConnection) -> None:
            send(connection, HELLO)
            connection.recv()
            send(connection, {"e": "x", "error": "API rate limit reached"}, {"e": "disconnected"})

        with exchange(say) as url:
            assert way(url) == (101, '{"e": "x", "error": "API rate limit reached"}')


class TestALoginWithoutAnAnswerIsSilence:
    """Silence taken for a refusal would blame the key for an outage."""

    @WAYS
    @pytest.mark.parametrize(
        "frames", [[], [{"e": "connected"}], [{"e": "connected"}, {"e": "disconnected"}]]
    )
    def test_a_close_is_cut(self, way: Any, frames: list[Any]) -> None:
        def say(connection: ServerConnection) -> None:
            send(connection, *frames)
            connection.close()

        with exchange(say) as url:
            assert way(url) == (None, "cut")

    @WAYS
    def test_no_word_in_time_is_a_timeout(self, way: Any) -> None:
        def say(connection: ServerConnection) -> None:
            send(connection, HELLO)
            connection.recv(timeout=5)
            connection.recv(timeout=5)

        with exchange(say) as url:
            assert way(url) == (None, "timeout")

    @WAYS
    def test_a_page_instead_of_the_upgrade_is_told_with_its_status(self, way: Any) -> None:
        with tiny_exchange({"ws": (403, "<html>challenge</html>")}) as server:
            assert way(server.base_url) == (403, "<html>challenge</html>")

    @pytest.mark.parametrize("way", [by_client, by_async_client])
    def test_a_redirect_is_not_followed(self, way: Any) -> None:
        with tiny_exchange({"other": (500, "")}) as other:
            moved = http(302, "moved", extra=f"Location: {other.base_url.replace('http', 'ws')}/other\r\n")
            with tiny_exchange({"ws": moved}) as server:
                assert way(server.base_url) == (302, "moved")
            assert not other.seen

    @WAYS
    @pytest.mark.parametrize("name", ["hangs", "closes at once", "is no HTTP"])
    def test_a_server_that_misbehaves_is_a_fault(self, way: Any, name: str) -> None:
        reply, fault = FAULTS[name]
        with tiny_exchange({"ws": reply}) as server:
            status, told = way(server.base_url)
        assert status is None
        assert told in (fault, "garbage")

    @WAYS
    def test_nobody_at_the_port_is_refused(self, way: Any) -> None:
        assert way(closed_port()) == (None, "refused")
