"""The one object that all parts of the stand-in share: store, clock, points, log and open sockets."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.exchange.points import Points
from sandbox.exchange.request_log import RequestLog
from sandbox.exchange.store import Store
from sandbox.exchange.switches import Switches

Event = dict[str, Any]
Listener = Callable[[Event], Awaitable[None]]


@dataclass
class Exchange:
    """State of a running stand-in. `wall` answers this machine's time in seconds."""

    store: Store
    log: RequestLog
    wall: Callable[[], float] = time.time
    points: Points = field(default_factory=Points)
    listeners: dict[str, set[Listener]] = field(default_factory=dict)

    @property
    def switches(self) -> Switches:
        return self.store.switches

    def now(self) -> int:
        """The exchange's clock, ms."""
        return int((self.wall() + self.switches.clock_offset_seconds) * 1000)

    async def publish(self, account: str, events: list[Event]) -> None:
        """Push events to every authenticated WebSocket of the account."""
        for listener in tuple(self.listeners.get(account, ())):
            for event in events:
                await listener(event)
