"""How long this process bears with AWS: a factor on every wait and time-out, 1 but in tests.

Only a sandbox's stack listens to CEXIO_BOT_SANDBOX_PATIENCE, a number from 0.01 to 1, so that a test of a
call that never answers takes seconds. It is no setting: no real account is ever waited for less than it
should be.
"""

from __future__ import annotations

import os

VARIABLE = "CEXIO_BOT_SANDBOX_PATIENCE"

_factor = 1.0


def listen(*, sandbox: bool) -> None:
    """Take the factor from the environment, in a sandbox; once a process, before its first call."""
    global _factor  # noqa: PLW0603  one process serves one stack
    try:
        asked = float(os.environ.get(VARIABLE, "1"))
    except ValueError:
        asked = 1.0
    _factor = min(max(asked, 0.01), 1.0) if sandbox else 1.0


def patiently(seconds: float) -> float:
    """The seconds, or the part of them that a test grants."""
    return seconds * _factor
