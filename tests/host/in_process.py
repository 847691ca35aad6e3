"""The host's program called in this process, with its alarm clock set as its main block sets it."""

from __future__ import annotations

import signal
from typing import Any

from host import probe


def run_probe(asked: dict[str, str], base_url: str, credentials: tuple[str, str], limit: float) -> Any:
    """(row, text) of one probe."""
    before = signal.signal(signal.SIGALRM, probe.out_of_time)
    try:
        row, text, _, _ = probe.run(asked, base_url, credentials, limit)
        return row, text
    finally:
        signal.signal(signal.SIGALRM, before)
