"""Countries whose visitors the exchange is known to turn away, and how surely that is known.

Inferred of the API: the exchange's website and documentation send Canadian visitors elsewhere, while its
public API was seen to answer them. So this advises and refuses nothing.
"""

from __future__ import annotations

TURNED_AWAY = {
    "Canada": "CEX.IO turns visitors from Canada away from its website, and may do so at its API any day"
}


def turned_away(country: str | None) -> str | None:
    """Why a bot had better not call from this country; None where nothing is known against it."""
    return TURNED_AWAY.get(country or "")
