"""One start or stop of a sandbox folder at a time, over processes.

The lock file lies in the folder that it guards, so it may vanish, folder and all, while one waits for it;
who gets it looks whether it is still the one at that path.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LOCK_SECONDS = 120.0

Say = Callable[[str], None]


class WorldError(Exception):
    """The world cannot do what was asked: one line that says why and what to do."""


@contextlib.contextmanager
def locked(folder: Path, say: Say) -> Iterator[None]:
    """Hold the folder's lock, making the folder when it is missing. Raises WorldError after two minutes."""
    deadline = time.monotonic() + LOCK_SECONDS
    told = False
    while True:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # a stop removed the folder in between
        try:
            if _taken(descriptor) and _is_at(descriptor, folder / "lock"):
                yield
                return
        finally:
            os.close(descriptor)
        if not told:
            say("Another start or stop of this sandbox is under way: waiting for it.")
            told = True
        if time.monotonic() > deadline:
            raise WorldError(
                f"another start or stop of {folder} has taken {LOCK_SECONDS:.0f} s: see whether it hangs"
            )
        time.sleep(0.1)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
