"""Rate points, counted by calendar minute of the exchange's clock: per key over REST and WebSocket, and
per address for public calls. Kept in memory: a restart of the server forgives everybody.
"""

from __future__ import annotations


class Points:
    def __init__(self) -> None:
        self._minute = -1
        self._spent: dict[str, int] = {}

    def spend(self, who: str, cost: int, limit: int, now_ms: int) -> bool:
        """Take `cost` points from `who`'s `limit` of this minute; False, and nothing taken, when short."""
        minute = now_ms // 60_000
        if minute != self._minute:
            self._minute, self._spent = minute, {}
        spent = self._spent.get(who, 0) + cost
        if spent > limit:
            return False
        self._spent[who] = spent
        return True
