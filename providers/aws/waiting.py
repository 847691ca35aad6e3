"""Waits with an end: short first looks, longer later ones, a deadline for each.

The provider has four threads for every call of the engine. A wait that outlasts its first look takes one of
two places; a third queues, its time already running, so AWS is asked for two things at a time and no more.

botocore's waiters are not used: they start with seconds and their end cannot be set in time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from botocore.exceptions import ClientError

from providers.aws.failures import answer_was_lost, code_of, is_gone, was_throttled
from providers.aws.patience import patiently
from providers.errors import StillBusy

FIRST, FACTOR, LONGEST = 0.2, 1.5, 5.0  # seconds between looks
FRESH = 60.0  # until then, "not found" about an object of ours that is new means "not yet"
CLEARING = 180.0  # a use of an object that was just ended often shows for minutes
PROFILE = 120.0  # until EC2 knows a new instance profile
LIFECYCLE = 300.0  # an instance's way to running or terminated
LOST = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # looks for the owner tag after a lost answer

T = TypeVar("T")

_places = threading.BoundedSemaphore(2)
_depth = threading.local()  # a wait within a wait has its place already


def wait_for(look: Callable[[], T | None], awaited: str, within: float) -> T:
    """What `look` finds, asked until it is not None; StillBusy, naming what was awaited, after `within` s."""
    seen = look()
    if seen is not None:
        return seen
    end = time.monotonic() + patiently(within)
    with _place(end, awaited):
        for _ in _pauses(end):
            seen = look()
            if seen is not None:
                return seen
    raise StillBusy(
        f"{awaited} took more than {within:.0f} s: run the same command again, it goes on from there"
    )


def persistently(call: Callable[[], T], passing: Callable[[ClientError], bool], within: float) -> T:
    """The call's result, repeated while it fails in a passing way; the last error after `within` seconds."""
    end = time.monotonic() + patiently(within)
    try:
        return call()
    except ClientError as error:
        if not passing(error):
            raise
        last = error
    with _place(end, "a place to wait"):
        for _ in _pauses(end):
            try:
                return call()
            except ClientError as error:
                if not passing(error):
                    raise
                last = error
    raise last


def made_once(
    call: Callable[[], T],
    find: Callable[[], T | None],
    looks: tuple[float, ...] = LOST,
    within: float = FRESH,
    passing: Callable[[ClientError], bool] = lambda error: was_throttled(error) or is_gone(error),
) -> T:
    """Send a create that has no token of AWS's; settle a lost answer by looking for what it may have made.

    A call that was throttled, or whose parent is too new to be seen, did nothing and is sent again. After a
    lost answer nothing is sent again: if the owner tag does not show up, the error is raised, and the next
    run looks first.
    """
    try:
        return persistently(call, passing, within)
    except Exception as error:
        if not answer_was_lost(error):
            raise
        for pause in looks:
            time.sleep(patiently(pause))
            found = find()
            if found is not None:
                return found
        raise


def removed(call: Callable[[], object], within: float, *passing: str, done: tuple[str, ...] = ()) -> None:
    """Send a delete until it is done: not found is done, and what still uses the object is waited out.

    done: other codes that say so, as a call repeated after a lost answer meets its own work.
    """
    try:
        persistently(call, code_in("DependencyViolation", "DeleteConflict", *passing), within)
    except ClientError as error:
        if not is_gone(error) and code_of(error) not in done:
            raise


def code_in(*codes: str) -> Callable[[ClientError], bool]:
    """A test for `persistently`: the error has one of these codes."""
    return lambda error: code_of(error) in codes


def fresh(error: ClientError) -> bool:
    """A test for `persistently`: an object of ours that AWS does not see yet."""
    return is_gone(error)


def _pauses(end: float) -> Iterator[None]:
    pause = FIRST
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        yield
        pause = min(pause * FACTOR, LONGEST)


class _place:  # noqa: N801  reads as a word where it is used
    """One of the two places for long waits."""

    def __init__(self, end: float, awaited: str) -> None:
        self._left = max(end - time.monotonic(), 0.001)
        self._awaited = awaited

    def __enter__(self) -> None:
        _depth.count = getattr(_depth, "count", 0) + 1
        if _depth.count == 1 and not _places.acquire(timeout=self._left):
            _depth.count = 0
            raise StillBusy(f"{self._awaited}: two other waits took all the time: run the same command again")

    def __exit__(self, *_: object) -> None:
        _depth.count -= 1
        if _depth.count == 0:
            _places.release()
