"""Faults to order: server errors, slowness, connections that break, and whatever stands in the way.

`cut` and all that answers in the exchange's place (`in_the_way.py`) come before anything is done;
`truncated`, `lost-reply` and an answer that was changed on its way back come after it, which is the
accident that makes a client double its orders.
"""

from __future__ import annotations

import asyncio

from sandbox.exchange import in_the_way
from sandbox.exchange.errors import ApiFault
from sandbox.exchange.exchange import Exchange
from sandbox.exchange.replies import BAD_GATEWAY, Reply


class CutConnection(Exception):
    """The connection breaks now; `partly`: after half an answer."""

    def __init__(self, *, partly: bool = False) -> None:
        super().__init__("the connection was cut")
        self.partly = partly


class Intercepted(Exception):
    """Something else answers: a whole answer, or bytes on the wire; `drips`: a byte now and then."""

    def __init__(self, whole: in_the_way.Whole | None, raw: bytes = b"", *, drips: bool = False) -> None:
        super().__init__("the request did not reach the exchange")
        self.whole = whole
        self.raw = raw
        self.drips = drips


def ordered(exchange: Exchange, action: str, source: str) -> str:
    """The fault that this request meets, `none` mostly; one of a limited number is used up by it."""
    switches = exchange.switches
    spared = (switches.fault_actions and action not in switches.fault_actions) or (
        switches.fault_addresses and source not in switches.fault_addresses
    )
    if switches.fault == "none" or spared or switches.fault_times == 0:
        return "none"
    if switches.fault_times is not None:
        left = switches.model_copy(update={"fault_times": switches.fault_times - 1})
        exchange.store.set_switches(left)
    return switches.fault


async def before(exchange: Exchange, fault: str) -> None:
    """Raise or wait as the fault says, before anything is done."""
    if fault == "error-500":
        raise ApiFault(Reply(500, "Unexpected error"))
    if fault == "html-502":
        raise ApiFault(BAD_GATEWAY)
    if fault == "cut":
        raise CutConnection
    if fault in in_the_way.WHOLE:
        raise Intercepted(in_the_way.WHOLE[fault])
    if fault in in_the_way.RAW:
        raise Intercepted(None, in_the_way.RAW[fault])
    if fault == "drip":
        raise Intercepted(None, in_the_way.RAW["short-body"], drips=True)
    if fault == "slow":
        await asyncio.sleep(exchange.switches.fault_seconds)


def after(fault: str) -> None:
    """Raise CutConnection when the answer is to be lost."""
    if fault in ("truncated", "lost-reply"):
        raise CutConnection(partly=fault == "truncated")
