"""The processes of one world, found by what they run and where they keep things, and ended for certain.

A process belongs to the world of a folder when its command line is that of one of its servers, or of a
host's program below it. Process numbers written down are never trusted: they may be a stranger's by now.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

SERVERS = {"AWS": "sandbox.aws.server", "exchange": "sandbox.exchange.server"}


@dataclass(frozen=True)
class Running:
    """A process of the world: `what` is AWS, exchange or program."""

    pid: int
    what: str


def of_world(folder: Path) -> list[Running]:
    """Every process that belongs to the world kept in `folder`, an absolute path."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            what = _what(folder, _arguments(int(entry.name)))
            if what is not None:
                found.append(Running(int(entry.name), what))
    return sorted(found, key=lambda process: (process.what, process.pid))


def end(folder: Path, seconds: float = 8) -> list[Running]:
    """End every process of the world: asked first, killed after `seconds`. The processes that were ended."""
    ended = of_world(folder)
    with contextlib.ExitStack() as stack:
        handles = {}
        for process in ended:
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(process.pid)
                stack.callback(os.close, handle)
                # The number may have passed to another process before the handle was taken.
                if _what(folder, _arguments(process.pid)) == process.what:
                    handles[handle] = process
        for number in (signal.SIGTERM, signal.SIGKILL):
            for handle in handles:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, number)
            handles = {handle: handles[handle] for handle in _alive(list(handles), seconds)}
    # What a killed server left behind has lost its parent by now.
    return ended + (end(folder, seconds) if ended and of_world(folder) else [])


def _alive(handles: list[int], seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while handles and (left := deadline - time.monotonic()) > 0:
        gone, _, _ = select.select(handles, [], [], left)
        handles = [handle for handle in handles if handle not in gone]
    return handles


def _arguments(pid: int) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode("utf-8", "replace") for part in raw.split(b"\0")]


def _what(folder: Path, arguments: list[str]) -> str | None:
    if "--store" in arguments[:-1]:
        store = arguments[arguments.index("--store") + 1]
        for what, module in SERVERS.items():
            if module in arguments and store == str(folder / what.lower()):
                return what
    hosts = f"{folder}/aws/instances/"
    bound = any(part.endswith("/bound_program.py") for part in arguments)
    return "program" if bound and any(part.startswith(hosts) for part in arguments) else None
