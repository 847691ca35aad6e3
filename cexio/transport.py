"""Blocking transport: one request out, one answer back. No budget, no retries, no judgement of the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import httpx

from cexio.credentials import Credentials
from cexio.deadline import BoundedTransport, Deadline
from cexio.errors import TransportError
from cexio.measurement import Answer
from cexio.urls import DEFAULT_BASE_URL
from cexio.wire import FAULTS, Channel, Raw, Receipt, Request, Wire

Own = TypeVar("Own", bound="Transport")


class Transport:
    """Raw calls of one key (or of none: public ones) from one address. Close it, or use it in `with`."""

    def __init__(
        self,
        base_url: str = DEFAULT_BASE_URL,
        credentials: Credentials | None = None,
        *,
        source_address: str | None = None,
        timeout: float = 10.0,
        proxy: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._wire = Wire(base_url, credentials, source_address, timeout, proxy)
        self._now = now
        self._deadline = Deadline()
        self._http = httpx.Client(
            transport=BoundedTransport(self._deadline, **self._wire.connection_settings()),
            **self._wire.client_settings(),
        )

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def send(self, channel: Channel, action: str, body: bytes) -> Raw:
        """One request by this machine's own clock, whatever is answered. Raises TransportError where
        nothing whole is."""
        return self._exchange(self._wire.request(channel, action, body, self._now()))

    def answer(self, raw: Raw, *, probe: str, action: str, vantage: str, address: str | None) -> Answer:
        """A raw answer as a row of a measurement: text bounded and cleaned."""
        return self._wire.answer(raw, probe=probe, action=action, vantage=vantage, address=address)

    def egress_address(self, local: str | None) -> str | None:
        """The address that the world sees, where it can be known: the socket's own if it is not behind
        NAT, else what the exchange's edge reports on its trace page, else None."""
        own = self._wire.own_address(local)
        if own is not None:
            return own
        try:
            return self._wire.traced_address(self._exchange(self._wire.trace_request()))
        except TransportError:
            return None

    def _exchange(self, request: Request) -> Raw:
        receipt = Receipt(request)
        self._deadline.begin(self._wire.longest_s)
        try:
            with self._http.stream(
                request.method, request.url, content=request.body, headers=request.headers
            ) as response:
                receipt.opened(response)
                for part in response.iter_raw():
                    receipt.add(part)
            return receipt.whole()
        except FAULTS as error:
            raise receipt.lost(error) from None
