"""JSON as the exchange reads and writes it.

Fractions become Decimal, which keeps their digits: a WebSocket client signs the very text of its
timestamp. Compact when written, because clients of a signed API compare bytes.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn


def read_object(raw: bytes | str) -> dict[str, Any]:
    """The JSON object in `raw`, UTF-8; ValueError when it is anything else."""
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        value = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
        if "\\ud" in text.lower():  # half a surrogate pair can be read, but never written again
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except RecursionError as fault:
        raise ValueError("not a JSON object") from fault
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  one error for all that is none
    return value


def write(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
