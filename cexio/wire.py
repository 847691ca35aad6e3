"""What goes over the wire and how it is read back, without any input or output of its own.

A body is encoded once, signed and sent as those bytes. Both transports, the blocking one and the
asynchronous one, take their settings, their requests and the reading of what comes in from here:
IPv4 only, time-outs on everything, no redirects, no proxies of the environment, answers of at most
4 MB. Nothing here has a key, a secret or a signature in its repr.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from cexio.credentials import Credentials
from cexio.errors import CredentialsError, TransportError
from cexio.measurement import MAX_TEXT, Answer, Fault
from cexio.rawtext import printable, shortened
from cexio.signing import rest_headers

Channel = Literal["private", "public"]
_PATHS = {"private": "/api/spot/rest/", "public": "/api/spot/rest-public/"}
_LARGEST_BODY = 4_000_000
FAULTS = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""What a transport raises where nothing whole is answered."""
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


@dataclass(frozen=True)
class Request:
    """One HTTP request, whole: `body` is what was signed."""

    method: str
    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Raw:
    """One HTTP answer. body: whole, at most 4 MB. local: the address that it was sent from."""

    status: int
    body: bytes = field(repr=False)
    at: str
    elapsed_s: float
    local: str | None
    signature: str = field(repr=False)


class Wire:
    """One exchange, one key or none, one address to send from: builds requests, reads answers.

    timeout: seconds for each step of a request. longest_s: for the whole of it.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        source_address: str | None,
        timeout: float,
        proxy: str | None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.credentials = credentials
        self.source_address = source_address
        self.timeout = timeout
        self.longest_s = 2 * timeout
        self.proxy = proxy

    def request(self, channel: Channel, action: str, body: bytes, now: float) -> Request:
        """A call, signed at `now` (Unix seconds) if it is private. Raises CredentialsError without a key."""
        headers = {"Content-Type": "application/json"}
        if channel == "private":
            if self.credentials is None:
                raise CredentialsError(f"{action} is a private call: give the client a key")
            headers = rest_headers(self.credentials, action, int(now), body)
        return Request("POST", f"{self.base_url}{_PATHS[channel]}{action}", body, headers)

    def trace_request(self) -> Request:
        """Asks the exchange's edge from which address it is asked."""
        return Request("GET", f"{self.base_url}/cdn-cgi/trace", b"", {})

    def own_address(self, local: str | None) -> str | None:
        """The address that the world sees, where the socket itself knows it: not behind NAT or a proxy."""
        if local is None or self.proxy is not None:
            return None
        own = ipaddress.ip_address(local)
        return local if own.is_loopback or own.is_global else None

    def traced_address(self, raw: Raw) -> str | None:
        """The address on the edge's trace page."""
        found = re.search(rb"^ip=(\d{1,3}(?:\.\d{1,3}){3})$", raw.body, re.MULTILINE)
        return found[1].decode() if found and raw.status == 200 else None

    def answer(self, raw: Raw, *, probe: str, action: str, vantage: str, address: str | None) -> Answer:
        """A raw answer as a row of a measurement: text bounded and cleaned."""
        text, cut, head = shortened(self.text(raw), MAX_TEXT)
        return Answer(
            probe=probe,
            vantage=vantage,
            address=address,
            action=action,
            status=raw.status,
            text=text,
            cut=cut,
            head=head,
            at=raw.at,
            elapsed_ms=round(raw.elapsed_s * 1000, 1),
        )

    def text(self, raw: Raw) -> str:
        """A raw answer's whole text, cleaned of key, secret and signature."""
        hidden: tuple[str, ...] = ()
        if self.credentials is not None:
            key, secret = self.credentials.key, self.credentials.secret
            hidden = key.get_secret_value(), secret.get_secret_value(), raw.signature
        return printable(raw.body, hidden)

    def connection_settings(self) -> dict[str, Any]:
        """For httpx's transport. A local IPv4 address is what keeps it from IPv6: whitelists hold IPv4."""
        local = self.source_address or "0.0.0.0"  # noqa: S104 - the wildcard to send from, not to listen on
        return {"local_address": local, "proxy": self.proxy, "verify": _trust(self.base_url)}

    def client_settings(self) -> dict[str, Any]:
        """For httpx's client."""
        return {
            "timeout": httpx.Timeout(self.timeout, connect=min(self.timeout, 5.0)),
            "follow_redirects": False,
            "trust_env": False,
            "headers": {
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "cexio-bot",
            },
        }


class Receipt:
    """One answer while it comes in, bounded in size. Time is for the transports to keep."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._started = time.monotonic()
        self._at = dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
        self._parts: list[bytes] = []
        self._size = 0
        self._status = 0
        self._local: str | None = None

    def opened(self, response: httpx.Response) -> None:
        """The head of the answer is there; the socket still is, too."""
        stream = response.extensions.get("network_stream")
        local = stream.get_extra_info("client_addr") if stream is not None else None
        self._status, self._local = response.status_code, local[0] if local else None

    def add(self, part: bytes) -> None:
        """A part of the body. Raises what httpx would where it is too much."""
        self._parts.append(part)
        self._size += len(part)
        if self._size > _LARGEST_BODY:
            raise httpx.DecodingError("the answer is larger than any the reference describes")

    def whole(self) -> Raw:
        """The answer, once all parts are added."""
        return Raw(
            status=self._status,
            body=b"".join(self._parts),
            at=self._at,
            elapsed_s=time.monotonic() - self._started,
            local=self._local,
            signature=self._request.headers.get("X-AGGR-SIGNATURE", ""),
        )

    def lost(self, error: BaseException) -> TransportError:
        """What to raise where no whole answer came."""
        fault = fault_of(error)
        action = self._request.url.rsplit("/", 1)[-1]
        sent = not isinstance(error, _NEVER_LEFT)
        return TransportError(f"{action}: no answer ({fault})", fault=fault, sent=sent)


def fault_of(error: BaseException) -> Fault:
    """One word for why there was no answer."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (httpx.TimeoutException, TimeoutError)):
            return "timeout"
        if isinstance(seen, ssl.SSLError):
            return "tls"
        if isinstance(seen, socket.gaierror):
            return "dns"
        if isinstance(seen, ConnectionRefusedError):
            return "refused"
        if isinstance(seen, (ConnectionError, EOFError, httpx.ReadError, httpx.WriteError)):
            return "cut"
        if isinstance(seen, httpx.RemoteProtocolError):
            gone = "disconnected" in str(seen) or "closed connection" in str(seen)
            return "cut" if gone else "garbage"
        if isinstance(seen, httpx.DecodingError):
            return "garbage"
        seen = seen.__cause__ or seen.__context__
    return "network"


def _trust(base_url: str) -> ssl.SSLContext | bool:
    """Reading the certificate store takes a tenth of a second, which plain HTTP need not wait for; the
    empty context trusts nobody."""
    return True if base_url.startswith("https") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
