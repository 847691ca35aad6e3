"""One private login over WebSocket: connect, authenticate, close. Nothing else is asked.

REST says one and the same 401 for several causes; this login has a text for each of wrong key,
wrong signature, clock and missing activation (https://trade.cex.io/docs, authentication).
Does not judge the text: that is `causes`.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from cexio.client import fault_of
from cexio.credentials import Credentials
from cexio.errors import TransportError
from cexio.signing import websocket_signature

PATH = "/api/spot/ws"
_MOST_FRAMES = 20


@dataclass(frozen=True)
class Login:
    """What the login was told. status: 101 once upgraded. text: the deciding frame, raw."""

    status: int
    text: str
    signature: str


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
    scheme, _, rest = base_url.rstrip("/").partition("://")
    url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}{PATH}"
    stamp = int(now())
    key = credentials.key.get_secret_value()
    secret = credentials.secret.get_secret_value()
    signature = websocket_signature(secret[::-1] + "?" if spoilt else secret, stamp, key)
    request = json.dumps({"e": "auth", "auth": {"key": key, "signature": signature, "timestamp": stamp}})
    try:
        with connect(
            url,
            sock=_ipv4_socket(url, source_address, timeout),
            open_timeout=timeout,
            close_timeout=1,
            ping_interval=None,
            compression=None,
            proxy=None,
            max_size=65536,
        ) as connection:
            text = _deciding_frame(connection, request, deadline)
    except (WebSocketException, OSError, EOFError, ValueError) as error:
        # A redirect is not followed on our own socket; the library says so around the answer that it was.
        refused = error if isinstance(error, InvalidStatus) else error.__cause__ or error.__context__
        if isinstance(refused, InvalidStatus):
            body = refused.response.body or b""
            return Login(refused.response.status_code, body.decode("utf-8", "replace"), signature)
        fault = "garbage" if isinstance(error, (WebSocketException, ValueError)) else fault_of(error)
        fault = "cut" if isinstance(error, ConnectionClosed) else fault
        raise TransportError(f"WebSocket login: no answer ({fault})", fault=fault) from None
    return Login(101, text, signature)


def _deciding_frame(connection: ClientConnection, request: str, deadline: float) -> str:
    """The answer to the login, or the error that came before a close. Other frames are passed over."""
    error = ""
    for _ in range(_MOST_FRAMES):
        try:
            frame = connection.recv(timeout=max(0.0, deadline - time.monotonic()))
        except ConnectionClosed:
            if error:
                return error
            raise
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        kind, is_error = _kind(text)
        if kind == "auth":
            return text
        if kind == "connected":
            with suppress(ConnectionClosed):  # its last frames are still to be read
                connection.send(request)
        if is_error:
            error = text
        if kind == "disconnected" and error:
            return error
    raise TimeoutError


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
