"""Asynchronous client of the Spot Trading API (asyncio): the methods of `cexio.client`, as coroutines.

async with AsyncSpotClient(credentials=Credentials(key=..., secret=...)) as exchange:
    status = await exchange.get_my_account_status_v3(account_ids=["bot"])
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cexio.actions.account import AccountActions
from cexio.actions.funds import FundsActions
from cexio.actions.market import MarketActions, RawActions
from cexio.actions.orders import OrderActions
from cexio.async_transport import AsyncTransport
from cexio.budget import SHARED, Budgets
from cexio.call import Awaiting, Call
from cexio.clock import Clock
from cexio.core import Core
from cexio.credentials import Credentials
from cexio.errors import TransportError
from cexio.urls import DEFAULT_BASE_URL
from cexio.wire import Raw, Request

__all__ = ["AsyncSpotClient"]

T = TypeVar("T")


class AsyncSpotClient(
    AsyncTransport, AccountActions, OrderActions, FundsActions, MarketActions, RawActions, Awaiting
):
    """Calls of one key (or of none: public ones) from one address. Close it, or use it in `async with`.

    timeout: seconds for each step of a request, twice that for the whole. A cancelled task's call may have
    been carried out, as one whose answer was lost.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_BASE_URL,
        credentials: Credentials | None = None,
        *,
        source_address: str | None = None,
        timeout: float = 10.0,
        proxy: str | None = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        budgets: Budgets = SHARED,
    ) -> None:
        super().__init__(
            base_url, credentials, source_address=source_address, timeout=timeout, proxy=proxy, now=now
        )
        self._sleep = sleep
        self._core = Core(self._wire, Clock(now), budgets)

    async def run(self, call: Call[T]) -> T:
        """Makes a call. Raises the error tree."""
        talk = self._core.talk(call)
        reply: Raw | TransportError | None = None
        try:
            while True:
                step = talk.send(reply)
                if isinstance(step, Request):
                    reply = await self._answered(step)
                else:
                    reply = None
                    await self._sleep(step)
        except StopIteration as end:
            answer: T = end.value
            return answer

    async def websocket_login(self) -> None:
        """Logs in over WebSocket once and closes: tells UnknownKeyError, SignatureError, ClockError and
        ActivationError apart, for which REST has one 401. Raises the error tree."""
        from cexio.websocket import async_login, told_answer  # only who logs in pays for it

        credentials, wire = self._core.login_credentials(), self._wire
        told = await async_login(
            wire.base_url,
            credentials,
            source_address=wire.source_address,
            timeout=wire.timeout,
            now=self._core.clock.now,
        )
        self._core.check_login(told_answer(told, credentials))

    async def _answered(self, request: Request) -> Raw | TransportError:
        try:
            return await self._exchange(request)
        except TransportError as error:
            return error
