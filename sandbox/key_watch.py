"""Follows the keys of one account: tells what changed and would be refused, has the one that is right proven.

Knows no page, no file and no engine: they are passed in.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.key_review import Row, Wanted, remarks

POLL_SECONDS = 0.5
Offer = Callable[[Row], contextlib.AbstractContextManager[Path | None]]


def follow(
    *,
    rows: Callable[[], list[Row]],
    wanted: Wanted,
    offer: Offer,
    prove: Callable[[Path], bool],
    going: Callable[[], bool],
    tell: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Watch until a key was proven; False when it is not `going` any more.

    offer: the file with the key in it, or None as long as the person brings none.
    """
    seen: list[Row] | None = None
    right: Row | None = None
    refused: tuple[Row, int] | None = None
    while going():
        now = rows()
        if now != seen:
            for line in _changes(seen, now, wanted):
                tell(line)
            seen = now
            right = next((row for row in reversed(now) if is_right(row, wanted)), None)
        if right is not None:
            with offer(right) as path:
                attempt = None if path is None else (right, path.stat().st_mtime_ns)
                # While the person was asked the key may have been edited; no attempt is made twice.
                if path is not None and attempt != refused and rows() == now:
                    if prove(path):
                        return True
                    refused = attempt
                    tell("Not proven, as told above. Mend it on the key page, or offer the key again.")
        pause(POLL_SECONDS)
    return False


def is_right(row: Row, wanted: Wanted) -> bool:
    """Whether nothing is left that a proof would refuse."""
    return not any(remark.proof for remark in remarks(row, wanted))


def named(row: Row) -> str:
    return f"Key {row.label} ({row.key[:4]}…)"


def _changes(before: list[Row] | None, now: list[Row], wanted: Wanted) -> Iterator[str]:
    """What is to be said about the keys that are new, changed or gone."""
    known = {row.key: row for row in before or []}
    for row in known.values():
        if row.key not in {each.key for each in now}:
            yield f"{named(row)} is deleted."
    if not now:
        yield "There is no key yet."
    for row in now:
        earlier = known.get(row.key)
        if earlier != row:
            yield f"{named(row)} {_state(earlier, row, wanted)}"
            yield from (f"  {remark.what}: {remark.line}" for remark in remarks(row, wanted))


def _state(earlier: Row | None, row: Row, wanted: Wanted) -> str:
    if is_right(row, wanted):
        return "is active, and a proof will find nothing wrong with it. Offer it."
    if earlier is not None and earlier.status == "active" and row.status == "deactivated":
        return "was switched off, as every edit does. The verifier would say:"
    if row.status == "active":
        return "is active. The verifier would say:"
    return "is made, and not active. The verifier would say:"
