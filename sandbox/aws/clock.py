"""The sandbox's time: delays that can be shortened as a whole, and skipped ahead.

Nothing here runs by itself. What is due happens when the next call settles the agenda, so that a test sees
either the state before or the state after, never one in between.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Clock:
    """Seconds since some moment, as the sandbox counts them.

    `pace` multiplies every delay: 1 is the sandbox's usual haste, 0 has no delays at all, and a large value
    stands still until somebody calls `forward`.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace
        self._skipped = 0.0
        self._moved = threading.Condition()

    def now(self) -> float:
        return time.monotonic() + self._skipped

    def forward(self, seconds: float) -> None:
        """Skip ahead; whoever waits for a moment that is now past goes on."""
        with self._moved:
            self._skipped += seconds
            self._moved.notify_all()

    def wait(self, seconds: float) -> None:
        """Hold the calling thread for that many paced seconds."""
        due = self.now() + seconds * self.pace
        with self._moved:
            while (left := due - self.now()) > 0:
                self._moved.wait(left)


class Agenda:
    """What will happen later, done in order of time by whoever calls `settle` first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do it after a delay of the sandbox's own, which the pace shortens."""
        self.at(self._clock.now() + seconds * self._clock.pace, action)

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do it at that moment of the clock, whatever the pace: for time limits that AWS states."""
        heapq.heappush(self._due, (moment, next(self._order), action))

    def settle(self) -> None:
        while self._due and self._due[0][0] <= self._clock.now():
            heapq.heappop(self._due)[2]()
