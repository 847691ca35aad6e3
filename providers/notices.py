"""Lines for the operator from inside a provider that are no errors."""

from __future__ import annotations

import sys

_said: set[str] = set()


def notice(text: str) -> None:
    """Say one line to the operator; line breaks in it are taken out."""
    print(" ".join(text.split()), file=sys.stderr, flush=True)


def notice_once(text: str) -> None:
    """Say it, unless this process has: a run asks for the difference before it makes it."""
    if text not in _said:
        _said.add(text)
        notice(text)
