"""Lines for the operator from inside a provider that are no errors."""

from __future__ import annotations

import sys


def notice(text: str) -> None:
    """Say one line to the operator; line breaks in it are taken out."""
    print(" ".join(text.split()), file=sys.stderr, flush=True)
