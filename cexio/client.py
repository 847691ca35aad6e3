"""Synchronous REST client of the Spot Trading API: httpx, IPv4 only, time-outs on everything.

A body is encoded once, signed and sent as those bytes. `data` returns what a success carries and
raises the error tree for everything else, envelope traps included (200 around a rejected order,
`data.error` beside ok). Reads are asked again after a transport error or a gateway's 5xx; whatever
writes (`do_…`) is sent once and never repeated. Redirects are not followed, proxies of the environment
not used, raw texts bounded and free of secrets. Does not keep a rate budget.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

import httpx

from cexio import errors
from cexio.causes import Reading, read
from cexio.credentials import Credentials
from cexio.measurement import MAX_TEXT, Answer
from cexio.rawtext import printable, shortened
from cexio.signing import SpotAuth

DEFAULT_BASE_URL = "https://trade.cex.io"
_PATHS = {"private": "/api/spot/rest/", "public": "/api/spot/rest-public/"}
_LARGEST_BODY = 4_000_000
_READ_ATTEMPTS = 3
_GATEWAY = (502, 503, 504)
_ERRORS: dict[str, type[errors.CexioError]] = {
    "credentials": errors.CredentialsError,
    "key": errors.CredentialsError,
    "signature": errors.CredentialsError,
    "legacy": errors.WrongKindOfKeyError,
    "clock": errors.ClockError,
    "activation": errors.ActivationError,
    "address": errors.AddressError,
    "permission": errors.PermissionMissingError,
    "rate": errors.RateLimitError,
    "request": errors.InvalidRequestError,
    "validation": errors.InvalidRequestError,
    "business": errors.BusinessError,
    "maintenance": errors.ExchangeFaultError,
    "fault": errors.ExchangeFaultError,
}


@dataclass(frozen=True)
class Raw:
    """One HTTP answer. body: whole, at most 4 MB. local: the address that it was sent from."""

    status: int
    body: bytes
    at: str
    elapsed_s: float
    local: str | None
    signature: str


class SpotClient:
    """Calls of one key (or of none: public ones) from one address. Close it, or use it in `with`."""

    def __init__(
        self,
        base_url: str = DEFAULT_BASE_URL,
        credentials: Credentials | None = None,
        *,
        source_address: str | None = None,
        timeout: float = 10.0,
        proxy: str | None = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._timeout = timeout
        self._now = now
        self._sleep = sleep
        self._proxied = proxy is not None
        # A local IPv4 address is what keeps httpx from IPv6: the whitelist holds IPv4 addresses.
        local = source_address or "0.0.0.0"  # noqa: S104 - the wildcard to send from, not to listen on
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(local_address=local, proxy=proxy, verify=_trust(self._base_url)),
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "cexio-bot"},
        )

    def __enter__(self) -> SpotClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def public(self, action: str, params: Mapping[str, Any] | None = None) -> Any:
        """`data` of a public action. Raises the error tree."""
        return self._data("public", action, params)

    def private(self, action: str, params: Mapping[str, Any] | None = None) -> Any:
        """`data` of a private action. Raises the error tree. An action that writes is sent once."""
        return self._data("private", action, params)

    def server_time_ms(self) -> int:
        """The exchange's time in Unix milliseconds (public get_server_time)."""
        data = self.public("get_server_time")
        stamp = data.get("timestamp") if isinstance(data, dict) else None
        if not isinstance(stamp, (int, float)):
            raise errors.UnclearAnswerError("get_server_time: the answer has no timestamp")
        return int(stamp)

    def lowest_price(self, pair: str) -> str | None:
        """The lowest price that a pair allows (public get_pairs_info), or None for an unknown pair."""
        base, _, quote = pair.partition("-")
        rows = self.public("get_pairs_info")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and (row.get("base"), row.get("quote")) == (base, quote):
                price = row.get("minPrice")
                return price if isinstance(price, str) else None
        return None

    def send(self, channel: Literal["private", "public"], action: str, body: bytes) -> Raw:
        """One request, whatever is answered. Raises TransportError where nothing whole is answered."""
        if channel == "private" and self._credentials is None:
            raise errors.CredentialsError(f"{action} is a private call: give the client a key")
        auth = SpotAuth(self._credentials, self._now) if channel == "private" and self._credentials else None
        url = f"{self._base_url}{_PATHS[channel]}{action}"
        return self._exchange("POST", url, body, auth)

    def answer(self, raw: Raw, *, probe: str, action: str, vantage: str, address: str | None) -> Answer:
        """A raw answer as a row of a measurement: text bounded and cleaned."""
        text, cut, head = shortened(printable(raw.body, self._hidden(raw)), MAX_TEXT)
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

    def egress_address(self, local: str | None) -> str | None:
        """The address that the world sees, where it can be known: the socket's own if it is not behind
        NAT, else what the exchange's edge reports on its trace page, else None."""
        if local is not None and not self._proxied:
            own = ipaddress.ip_address(local)
            if own.is_loopback or own.is_global:
                return local
        try:
            raw = self._exchange("GET", f"{self._base_url}/cdn-cgi/trace", b"", None)
        except errors.TransportError:
            return None
        found = re.search(rb"^ip=(\d{1,3}(?:\.\d{1,3}){3})$", raw.body, re.MULTILINE)
        return found[1].decode() if found and raw.status == 200 else None

    def _data(
        self, channel: Literal["private", "public"], action: str, params: Mapping[str, Any] | None
    ) -> Any:
        body = json.dumps(dict(params or {}), separators=(",", ":")).encode()
        attempts = 1 if action.startswith("do_") else _READ_ATTEMPTS
        for attempt in range(1, attempts + 1):
            try:
                raw = self.send(channel, action, body)
            except errors.TransportError:
                if attempt == attempts:
                    raise
            else:
                if raw.status not in _GATEWAY or attempt == attempts:
                    return self._success(raw, action)
            self._sleep(0.3 * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _success(self, raw: Raw, action: str) -> Any:
        text = printable(raw.body, self._hidden(raw))
        answer = self.answer(raw, probe="call", action=action, vantage="here", address=None)
        reading = read(answer)
        if reading.shape == "ok":
            return json.loads(text).get("data")
        raise error_for(action, reading)

    def _hidden(self, raw: Raw) -> tuple[str, ...]:
        if self._credentials is None:
            return ()
        key, secret = self._credentials.key, self._credentials.secret
        return key.get_secret_value(), secret.get_secret_value(), raw.signature

    def _exchange(self, method: str, url: str, body: bytes, auth: httpx.Auth | None) -> Raw:
        started, at = time.monotonic(), dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
        headers = {"Content-Type": "application/json"}
        try:
            request = self._http.build_request(method, url, content=body, headers=headers)
            response = self._http.send(request, auth=auth, stream=True)
            try:
                stream = response.extensions.get("network_stream")
                local = stream.get_extra_info("client_addr") if stream is not None else None
                whole = _whole_body(response, started + 2 * self._timeout)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            fault = fault_of(error)
            raise errors.TransportError(
                f"{url.rsplit('/', 1)[-1]}: no answer ({fault})", fault=fault
            ) from None
        return Raw(
            status=response.status_code,
            body=whole,
            at=at,
            elapsed_s=time.monotonic() - started,
            local=local[0] if local else None,
            signature=request.headers.get("X-AGGR-SIGNATURE", ""),
        )


def error_for(action: str, reading: Reading) -> errors.CexioError:
    """The error that a reading which is no success stands for."""
    text = " ".join(reading.text.split())[:300]
    if reading.shape == "rejected":
        code = reading.data.get("rejectCode") if isinstance(reading.data, dict) else None
        number = code if isinstance(code, int) else None
        return errors.OrderRejectedError(f"{action}: order rejected, {code} {text!r}", code=number, text=text)
    if reading.shape == "page":
        message = f"{action}: {text}: a page instead of the API, try again later"
        return errors.ExchangeFaultError(message, text=text, status=reading.status)
    kind = _ERRORS.get(reading.cause or "", errors.UnclearAnswerError)
    if kind is errors.UnclearAnswerError and (reading.status or 0) >= 500:
        kind = errors.ExchangeFaultError
    return kind(f"{action}: HTTP {reading.status} {text!r}", text=text, status=reading.status)


def fault_of(
    error: BaseException,
) -> Literal["refused", "timeout", "tls", "dns", "cut", "garbage", "network"]:
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


def _whole_body(response: httpx.Response, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_raw():
        parts.append(part)
        size += len(part)
        if size > _LARGEST_BODY:
            raise httpx.DecodingError("the answer is larger than any the reference describes")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer drips")
    return b"".join(parts)
