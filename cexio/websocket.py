"""One private login over WebSocket: connect, authenticate, close. Nothing else is asked.

REST says one and the same 401 for several causes; this login has a text for each of wrong key,
wrong signature, clock and missing activation (https://trade.cex.io/docs, authentication). `login` blocks,
`async_login` does not; what is said and heard is written once, in `_talk`. The library's own logging is
off here: it would write down key and signature.
Does not judge the text: that is `causes`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import socket
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from cexio.credentials import Credentials
from cexio.errors import TransportError
from cexio.measurement import MAX_TEXT, Answer
from cexio.rawtext import printable, shortened
from cexio.signing import websocket_signature
from cexio.wire import fault_of

PATH = "/api/spot/ws"
_MOST_FRAMES = 20
_SILENT = logging.Logger("cexio.websocket", level=logging.CRITICAL + 1)


@dataclass(frozen=True)
class Login:
    """What the login was told. status: 101 once upgraded. text: the deciding frame, raw."""

    status: int
    text: str = field(repr=False)
    signature: str = field(repr=False)


def login(
    base_url: str,
    credentials: Credentials,
    *,
    source_address: str | None = None,
    timeout: float = 10.0,
    now: Callable[[], float] = time.time,
    spoilt: bool = False,
) -> Login:
    """Logs in once and closes. Raises TransportError where no deciding frame comes in time.

    spoilt: signs wrongly on purpose, to learn whether the exchange knows the key at all.
    """
    deadline = time.monotonic() + timeout
    url = _url(base_url)
    request, signature = _request(credentials, int(now()), spoilt=spoilt)
    try:
        own = _ipv4_socket(url, source_address, timeout)
        with connect(url, sock=own, **_settings(timeout)) as connection:
            text = _carried_out(connection, _talk(request), deadline)
    except (WebSocketException, OSError, EOFError, ValueError) as error:
        return _turned_away(error, signature)
    return Login(101, text, signature)


async def async_login(
    base_url: str,
    credentials: Credentials,
    *,
    source_address: str | None = None,
    timeout: float = 10.0,
    now: Callable[[], float] = time.time,
    spoilt: bool = False,
) -> Login:
    """The same without blocking the event loop (asyncio)."""
    url = _url(base_url)
    request, signature = _request(credentials, int(now()), spoilt=spoilt)
    try:
        text = await asyncio.wait_for(_converse(url, request, source_address, timeout), timeout)
    except asyncio.TimeoutError:
        return _turned_away(TimeoutError(), signature)
    except (WebSocketException, OSError, EOFError, ValueError) as error:
        return _turned_away(error, signature)
    return Login(101, text, signature)


def told_answer(told: Login, credentials: Credentials) -> Answer:
    """What the login was told as an answer that `causes` can read, bounded and cleaned."""
    hidden = credentials.key.get_secret_value(), credentials.secret.get_secret_value(), told.signature
    text, cut, head = shortened(printable(told.text.encode(), hidden), MAX_TEXT)
    at = dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
    return Answer(
        probe="login", vantage="here", action="auth", status=told.status, text=text, cut=cut, head=head, at=at
    )


def _talk(request: str) -> Generator[str | None, str | bytes | None, str]:
    """Yields what is to be said, or None to be sent the next frame (None: closed). Returns the answer to the
    login, or the error that came before a close. Other frames are passed over."""
    error = ""
    for _ in range(_MOST_FRAMES):
        frame = yield None
        if frame is None:
            if error:
                return error
            raise EOFError
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        kind, is_error = _kind(text)
        if kind == "auth":
            return text
        if kind == "connected":
            yield request
        if is_error:
            error = text
        if kind == "disconnected" and error:
            return error
    raise TimeoutError


def _carried_out(
    connection: ClientConnection, talk: Generator[str | None, str | bytes | None, str], deadline: float
) -> str:
    heard: str | bytes | None = None
    try:
        while True:
            say = talk.send(heard)
            heard = None
            with suppress(ConnectionClosed):  # after a failed saying, its last frames are still to be read
                if say is None:
                    heard = connection.recv(timeout=max(0.0, deadline - time.monotonic()))
                else:
                    connection.send(say)
    except StopIteration as end:
        return str(end.value)


async def _converse(url: str, request: str, source_address: str | None, timeout: float) -> str:
    from websockets.asyncio.client import connect as async_connect  # blocking callers do not pay for it

    own = await asyncio.to_thread(_ipv4_socket, url, source_address, timeout)
    talk, heard = _talk(request), None
    async with async_connect(url, sock=own, **_settings(timeout)) as connection:
        try:
            while True:
                say = talk.send(heard)
                heard = None
                with suppress(ConnectionClosed):
                    if say is None:
                        heard = await connection.recv()
                    else:
                        await connection.send(say)
        except StopIteration as end:
            return str(end.value)


def _settings(timeout: float) -> dict[str, Any]:
    return {
        "open_timeout": timeout,
        "close_timeout": 1,
        "ping_interval": None,
        "compression": None,
        "proxy": None,
        "max_size": 65536,
        "logger": _SILENT,
    }


def _url(base_url: str) -> str:
    scheme, _, rest = base_url.rstrip("/").partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}{PATH}"


def _request(credentials: Credentials, stamp: int, *, spoilt: bool) -> tuple[str, str]:
    """The frame to say, and its signature."""
    key = credentials.key.get_secret_value()
    secret = credentials.secret.get_secret_value()
    signature = websocket_signature(secret[::-1] + "?" if spoilt else secret, stamp, key)
    auth = {"key": key, "signature": signature, "timestamp": stamp}
    return json.dumps({"e": "auth", "auth": auth}), signature


def _turned_away(error: BaseException, signature: str) -> Login:
    """A page instead of the upgrade; TransportError where not even that was answered.

    A redirect is not followed on our own socket: the library says so around the answer that it was.
    """
    answer = error if isinstance(error, InvalidStatus) else error.__cause__ or error.__context__
    if isinstance(answer, InvalidStatus):
        body = answer.response.body or b""
        return Login(answer.response.status_code, body.decode("utf-8", "replace"), signature)
    fault = "garbage" if isinstance(error, (WebSocketException, ValueError)) else fault_of(error)
    fault = "cut" if isinstance(error, ConnectionClosed) else fault
    raise TransportError(f"WebSocket login: no answer ({fault})", fault=fault) from None


def _kind(text: str) -> tuple[str, bool]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return "", False
    if not isinstance(frame, dict):
        return "", False
    data = frame.get("data")
    kind = frame.get("e")
    is_error = bool(frame.get("error")) or (isinstance(data, dict) and bool(data.get("error")))
    return (kind if isinstance(kind, str) else ""), is_error


def _ipv4_socket(url: str, source_address: str | None, timeout: float) -> socket.socket:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    address = socket.getaddrinfo(parts.hostname, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    own = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    own.settimeout(timeout)
    try:
        if source_address:
            own.bind((source_address, 0))
        own.connect(address)
    except OSError:
        own.close()
        raise
    return own
