"""Ends a provider process whose engine has gone.

A killed engine leaves its provider behind, which would finish its call while the next run is at work. So a
thread holds a connection to the engine's own server and ends the process, in the middle of whatever it does,
when nobody listens there any more. What was sent to AWS by then is for the next run to find.

Asks the engine nothing: a connection that the engine closes, because nobody speaks on it, is opened again.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ADDRESS = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d{1,5})")
PAUSE = 0.2  # seconds before a closed connection is opened again
PATIENCE = 1.0  # seconds for the engine to take a connection
UNSEEN = 5.0  # seconds for an engine to be met at all
ORPHANED = 70  # the exit status of a process that ended for want of an engine

_started = threading.Lock()


def watch_engine() -> None:
    """Start the watch, once a process; without an address of an engine there is nothing to watch."""
    address = engine_address(sys.argv)
    if address is not None and _started.acquire(blocking=False):
        ended = lambda: os._exit(ORPHANED)  # noqa: E731  no thread may finish what it is at
        threading.Thread(target=watch, args=(address, ended), daemon=True, name="engine watch").start()


def engine_address(arguments: list[str]) -> tuple[str, int] | None:
    """The engine's host and port as `python -m pulumi.dynamic` was given them, or None in another process."""
    if Path(arguments[0]).parts[-3:] != ("pulumi", "dynamic", "__main__.py"):
        return None
    found = next(filter(None, map(ADDRESS.fullmatch, arguments[1:])), None)
    return (found[1].strip("[]"), int(found[2])) if found else None


def watch(address: tuple[str, int], ended: Callable[[], object], patience: float = UNSEEN) -> None:
    """Return after `ended()`, called as soon as nobody listens at the address any more.

    An address at which nobody was ever met within `patience` seconds is no engine's, and is not watched.
    """
    met, until = False, time.monotonic() + patience
    while met or time.monotonic() < until:
        try:
            with socket.create_connection(address, timeout=PATIENCE) as connection:
                met = True
                connection.settimeout(None)
                while connection.recv(4096):
                    pass
        except TimeoutError:
            continue  # too busy to take us is not gone
        except ConnectionRefusedError:
            if met:
                ended()
                return
        except OSError:
            pass  # reset: whether it is gone shows at the next attempt
        time.sleep(PAUSE)
