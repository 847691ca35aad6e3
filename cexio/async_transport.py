"""Asynchronous transport (asyncio): one request out, one answer back. The blocking one's twin."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import httpx

from cexio.credentials import Credentials
from cexio.urls import DEFAULT_BASE_URL
from cexio.wire import FAULTS, Channel, Raw, Receipt, Request, Wire

Own = TypeVar("Own", bound="AsyncTransport")


class AsyncTransport:
    """Raw calls of one key (or of none: public ones) from one address. Close it, or use `async with`."""

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
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(**self._wire.connection_settings()),
            **self._wire.client_settings(),
        )

    async def __aenter__(self: Own) -> Own:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    async def send(self, channel: Channel, action: str, body: bytes) -> Raw:
        """One request by this machine's own clock, whatever is answered. Raises TransportError where
        nothing whole is."""
        return await self._exchange(self._wire.request(channel, action, body, self._now()))

    async def _exchange(self, request: Request) -> Raw:
        receipt = Receipt(request)
        try:
            await asyncio.wait_for(self._receive(request, receipt), self._wire.longest_s)
            return receipt.whole()
        except asyncio.TimeoutError:  # which is no TimeoutError before Python 3.11
            raise receipt.lost(TimeoutError()) from None
        except FAULTS as error:
            raise receipt.lost(error) from None

    async def _receive(self, request: Request, receipt: Receipt) -> None:
        async with self._http.stream(
            request.method, request.url, content=request.body, headers=request.headers
        ) as response:
            receipt.opened(response)
            async for part in response.aiter_raw():
                receipt.add(part)
