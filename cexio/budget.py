"""Rate points of a calendar minute: 200 for each key, 100 for each address in public calls.

A request may be counted by the exchange a little before or after the moment at which it is sent (its
way, and what this machine's idea of the exchange's time is off by). Near the turn of a minute its points
are therefore taken from both minutes, so that the exchange's own count never passes the limit.

Every client of a process shares the budget of its key and of its address. What other processes spend on
the same key is not seen; the 429 that it leads to marks the minute as spent. Sans I/O: `take` says how
long to wait and never waits itself. Safe among threads.
"""

from __future__ import annotations

import hashlib
from threading import Lock

from cexio.credentials import Credentials

KEY_POINTS = 200
ADDRESS_POINTS = 100
_MINUTE = 60
UNSURE_S = 2.0
_AFTER_S = 0.01

_DEAREST = 10
POINTS = {
    "get_my_current_fee": 5,
    "get_fee_strategy": 1,
    "get_my_volume": 5,
    "do_create_account": 1,
    "get_my_account_status_v3": 5,
    "get_my_account_status_v2": 5,
    "get_my_wallet_balance": 5,
    "get_my_orders": 5,
    "do_my_new_order": 1,
    "do_cancel_my_order": 1,
    "do_cancel_all_orders": 5,
    "get_my_transaction_history": 5,
    "get_my_funding_history": 5,
    "do_my_internal_transfer": 1,
    "do_deposit_funds_from_wallet": 1,
    "do_withdrawal_funds_to_wallet": 1,
    "get_deposit_address": 5,
    "get_processing_info": 10,
    "get_server_time": 1,
    "get_pairs_info": 1,
    "get_currencies_info": 1,
    "get_ticker": 1,
    "get_order_book": 1,
    "get_candles": 1,
    "get_trade_history": 1,
}
"""Points of every action of the reference; where it gives two figures, the higher one."""


def points_of(action: str) -> int:
    """What an action costs; one that is not in the reference, as much as the dearest that is."""
    return POINTS.get(action, _DEAREST)


class Budget:
    """The points that one key or one address has left. Times are the exchange's, in Unix seconds."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._spent: dict[int, int] = {}
        self._lock = Lock()

    def take(self, points: int, now: float) -> float:
        """0.0, and the points are taken; or the seconds after which to ask again, and nothing is taken."""
        first, last = int((now - UNSURE_S) // _MINUTE), int((now + UNSURE_S) // _MINUTE)
        minutes = range(first, last + 1)
        with self._lock:
            self._spent = {minute: spent for minute, spent in self._spent.items() if minute >= first}
            full = [each for each in minutes if self._spent.get(each, 0) + points > self.limit]
            if full:
                return (full[-1] + 1) * _MINUTE + UNSURE_S + _AFTER_S - now
            for minute in minutes:
                self._spent[minute] = self._spent.get(minute, 0) + points
            return 0.0

    def exhaust(self, now: float) -> None:
        """The exchange said 429: whatever was counted here, this minute is spent."""
        with self._lock:
            self._spent[int(now // _MINUTE)] = self.limit


class Budgets:
    """The budgets of a process, by exchange and by key or address. Holds a digest of the key, not the key."""

    def __init__(self, key_points: int = KEY_POINTS, address_points: int = ADDRESS_POINTS) -> None:
        self._limits = key_points, address_points
        self._held: dict[tuple[str, str], Budget] = {}
        self._lock = Lock()

    def of_key(self, base_url: str, credentials: Credentials) -> Budget:
        """The budget that all private calls with this key share."""
        digest = hashlib.sha256(credentials.key.get_secret_value().encode()).hexdigest()
        return self._of(base_url, f"key {digest}", self._limits[0])

    def of_address(self, base_url: str, address: str | None) -> Budget:
        """The budget that all public calls from this address share; None: from whichever the system takes."""
        return self._of(base_url, f"address {address}", self._limits[1])

    def _of(self, base_url: str, who: str, limit: int) -> Budget:
        with self._lock:
            return self._held.setdefault((base_url, who), Budget(limit))


SHARED = Budgets()
"""What clients use that are not given others."""
