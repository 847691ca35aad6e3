"""A stand-in exchange of its own for each test, and clients that send from a chosen address."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import ClientConnection, connect

from sandbox.exchange.key_page import KeyPage
from sandbox.exchange.points import Points
from sandbox.exchange.request_log import RequestLog
from sandbox.exchange.serving import Serving, serving
from sandbox.exchange.store import Store

HOST = "127.1.2.3"
ELSEWHERE = "127.9.9.9"


class Clock:
    """This machine's time, until a test moves it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        assert self.status == 200, self.text
        assert self.json["ok"] == "ok"
        return self.json["data"]

    @property
    def refusal(self) -> tuple[int, Any]:
        return self.status, self.json.get("error")


class Client:
    """Signs the way the exchange's reference says, written a second time on purpose."""

    def __init__(self, stand: Serving, clock: Clock) -> None:
        self.stand = stand
        self.clock = clock
        self.page = stand.page
        self.exchange = stand.exchange
        self._address = urlsplit(stand.url)

    def key(self, *permissions: str, addresses: tuple[str, ...] = (HOST,), **more: Any) -> dict[str, str]:
        label = more.pop("label", "Bot")
        return self.page.make_key("1", label=label, permissions=permissions, addresses=addresses, **more)

    def post(self, path: str, raw: bytes, source: str, headers: dict[str, str], verb: str = "POST") -> Answer:
        connection = http.client.HTTPConnection(
            self._address.hostname or "", self._address.port, timeout=10, source_address=(source, 0)
        )
        try:
            connection.request(verb, path, raw, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            return Answer(answer.status, text, {k.lower(): v for k, v in answer.getheaders()})
        finally:
            connection.close()

    def signed(self, key: dict[str, str], action: str, raw: bytes, at: float | None = None) -> dict[str, str]:
        timestamp = str(int(self.clock() if at is None else at))
        text = action.encode() + timestamp.encode() + raw
        digest = hmac.new(key["secret"].encode(), text, hashlib.sha256).digest()
        return {
            "X-AGGR-KEY": key["key"],
            "X-AGGR-TIMESTAMP": timestamp,
            "X-AGGR-SIGNATURE": b64encode(digest).decode(),
        }

    def private(
        self,
        key: dict[str, str],
        action: str,
        body: Any = None,
        source: str = HOST,
        at: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        signed = self.signed(key, action, raw, at)
        return self.post(f"/api/spot/rest/{action}", raw, source, signed | (headers or {}))

    def public(self, action: str, body: Any = None, source: str = HOST) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return self.post(f"/api/spot/rest-public/{action}", raw, source, {})

    def socket(self, source: str = HOST, path: str = "ws", **more: Any) -> ClientConnection:
        url = f"ws://{self._address.netloc}/api/spot/{path}"
        return connect(url, source_address=(source, 0), **more)

    def ws_auth(self, key: dict[str, str], at: float | None = None) -> str:
        timestamp = int(self.clock() if at is None else at)
        text = f"{timestamp}{key['key']}".encode()
        signature = hmac.new(key["secret"].encode(), text, hashlib.sha256).hexdigest()
        auth = {"key": key["key"], "signature": signature, "timestamp": timestamp}
        return json.dumps({"e": "auth", "auth": auth})

    def now(self) -> int:
        return int(self.clock() * 1000)

    def order(self, **changes: Any) -> dict[str, Any]:
        """A limit order that rests: far below the market."""
        order = {
            "accountId": "bot",
            "currency1": "BTC",
            "currency2": "USD",
            "side": "BUY",
            "orderType": "Limit",
            "amountCcy1": "0.001",
            "price": "40000",
            "timestamp": self.now(),
        }
        return {name: value for name, value in (order | changes).items() if value is not None}

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.exchange.store.request_log.read_text().splitlines()]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("stand") / "exchange") as stand:
        yield stand


@pytest.fixture
def client(stand: Serving, tmp_path: Path, clock: Clock) -> Client:
    """A client of an exchange that nobody has used: the server goes on, all that it remembers is new."""
    store = Store(tmp_path / "exchange", "test")
    exchange = stand.exchange
    exchange.store, exchange.log = store, RequestLog(store.request_log)
    exchange.wall, exchange.points = clock, Points()
    return Client(Serving(stand.url, exchange, KeyPage(stand.url, store.directory)), clock)
