"""The exchange's time, as far as this machine can tell it: its own clock and what that was seen to be off.

Learned from get_server_time: before the first private call, again after an hour, and after a refusal
that may be the clock's (see `core`), but never twice within a minute. The middle of the request counts
as the moment of the answer. Not learned from: an answer that took over ten seconds, which says too
little, and a time that no clock of this century shows. Sans I/O: others ask, this one computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_FRESH_S = 3600.0
_AGAIN_S = 60.0
_SLOWEST_S = 10.0
_CENTURY_MS = (1.5e12, 4.2e12)


class Clock:
    """offset_s: the exchange's clock minus this machine's; 0 until learned."""

    def __init__(self, machine: Callable[[], float]) -> None:
        self._machine = machine
        self._asked_at: float | None = None
        self._learned = False
        self.offset_s = 0.0

    def machine(self) -> float:
        """This machine's own time, in Unix seconds."""
        return self._machine()

    def now(self) -> float:
        """The exchange's time, in Unix seconds."""
        return self._machine() + self.offset_s

    def due(self) -> bool:
        """Whether it is time to learn, before a call that is signed."""
        return self._age() > (_FRESH_S if self._learned else _AGAIN_S)

    def doubtful(self) -> bool:
        """Whether learning again could change anything, after a refusal that may be the clock's."""
        return self._age() > _AGAIN_S

    def asked(self) -> None:
        """The exchange is about to be asked, whatever comes of it."""
        self._asked_at = self._machine()

    def learn(self, server_ms: float, sent_at: float, received_at: float) -> None:
        """Takes the exchange's time from an answer that came between two moments of this machine."""
        self._asked_at = received_at
        if _CENTURY_MS[0] < server_ms < _CENTURY_MS[1] and 0 <= received_at - sent_at <= _SLOWEST_S:
            self.offset_s = server_ms / 1000 - (sent_at + received_at) / 2
            self._learned = True

    def _age(self) -> float:
        """Seconds since it was asked; a clock that was set back counts as well."""
        return math.inf if self._asked_at is None else abs(self._machine() - self._asked_at)
