"""Blocking client of the Spot Trading API: every action as a method with a typed answer.

    with SpotClient(credentials=Credentials(key=..., secret=...)) as exchange:
        status = exchange.get_my_account_status_v3(account_ids=["bot"])
        order = exchange.do_my_new_order(account_id="bot", pair="BTC-USD", side="BUY", order_type="Limit",
                                         client_order_id="mine-1", amount_ccy1="0.001", price="50000")

What it does about clock, rate points and lost answers, and what it never does, is told in `core`.
`send` is one raw request without any of that. For asyncio there is `cexio.async_client`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from cexio.actions.account import AccountActions
from cexio.actions.funds import FundsActions
from cexio.actions.market import MarketActions, RawActions
from cexio.actions.orders import OrderActions
from cexio.budget import SHARED, Budgets
from cexio.call import Blocking, Call
from cexio.clock import Clock
from cexio.core import Core
from cexio.credentials import Credentials
from cexio.errors import TransportError
from cexio.transport import Transport
from cexio.urls import DEFAULT_BASE_URL
from cexio.wire import Raw, Request

__all__ = ["DEFAULT_BASE_URL", "Raw", "SpotClient"]

T = TypeVar("T")


class SpotClient(Transport, AccountActions, OrderActions, FundsActions, MarketActions, RawActions, Blocking):
    """Calls of one key (or of none: public ones) from one address. Close it, or use it in `with`.

    Safe to share among threads but for the moment of closing. timeout: seconds for each step of a request,
    twice that for the whole. budgets: those of the process, unless others are given.
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
        sleep: Callable[[float], None] = time.sleep,
        budgets: Budgets = SHARED,
    ) -> None:
        super().__init__(
            base_url, credentials, source_address=source_address, timeout=timeout, proxy=proxy, now=now
        )
        self._sleep = sleep
        self._core = Core(self._wire, Clock(now), budgets)

    def run(self, call: Call[T]) -> T:
        """Makes a call. Raises the error tree."""
        talk = self._core.talk(call)
        reply: Raw | TransportError | None = None
        try:
            while True:
                step = talk.send(reply)
                if isinstance(step, Request):
                    reply = self._answered(step)
                else:
                    reply = None
                    self._sleep(step)
        except StopIteration as end:
            answer: T = end.value
            return answer

    def websocket_login(self) -> None:
        """Logs in over WebSocket once and closes: tells UnknownKeyError, SignatureError, ClockError and
        ActivationError apart, for which REST has one 401. Raises the error tree."""
        from cexio.websocket import login, told_answer  # only who logs in pays for it

        credentials, wire = self._core.login_credentials(), self._wire
        told = login(
            wire.base_url,
            credentials,
            source_address=wire.source_address,
            timeout=wire.timeout,
            now=self._core.clock.now,
        )
        self._core.check_login(told_answer(told, credentials))

    def _answered(self, request: Request) -> Raw | TransportError:
        try:
            return self._exchange(request)
        except TransportError as error:
            return error
