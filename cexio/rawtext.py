"""The raw text of an answer: bounded, printable, and cleaned of what was sent.

An exchange (or a proxy's debug page) may echo a key or a signature; it must not travel on. Where the
text is cut, the document's upper levels are kept beside it, so that an envelope stays readable.
`host/probe.py` has the same functions, for it is one file of standard library; a test holds
them equal.
"""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from collections.abc import Iterable
from typing import Any

_SHORTEST_SECRET = 8
_HIDDEN = "[hidden]"


def printable(body: bytes, hide: Iterable[str]) -> str:
    """The body as text, without control characters and without any form of the values in `hide`."""
    text = body.decode("utf-8", "replace")
    lower = text.lower()
    for value in hide:
        # What has none of its letters in a row is not searched: this runs over every answer of a client.
        longest = max(re.findall("[a-z0-9]+", value.lower()), key=len, default="")
        if len(value) >= _SHORTEST_SECRET and longest in lower:
            text = re.sub("".join(map(_any_form, value)), _HIDDEN, text, flags=re.IGNORECASE)
    return "".join(each if each >= " " or each in "\n\r\t" else "\ufffd" for each in text)


def _any_form(sign: str) -> str:
    """A pattern for one character of a value, as JSON, a URL or a page may write it."""
    if sign.isascii() and sign.isalnum():
        return sign
    number = ord(sign)
    forms = {sign, json.dumps(sign)[1:-1], urllib.parse.quote(sign, safe=""), html.escape(sign)}
    numbered = f"u{number:04x}|&#0*{number};|&#x0*{number:x};"
    return r"\\{0,3}(?:" + "|".join(map(re.escape, sorted(forms, key=len, reverse=True))) + f"|{numbered})"


def as_object(text: str) -> dict[str, Any] | None:
    """The text as a JSON object; None where it is none, or names a field twice and so says two things."""
    try:
        document = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unambiguous)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def head(text: str) -> dict[str, Any] | None:
    """The upper two levels of a JSON object with long values shortened; None where it is no object."""
    document = as_object(text)
    return None if document is None else _shallow(document, 2)


def shortened(text: str, limit: int) -> tuple[str, bool, dict[str, Any] | None]:
    """Text cut to `limit` characters, whether it was cut, and its head if it was."""
    if len(text) <= limit:
        return text, False, None
    return text[:limit], True, head(text)


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is named twice")
    return found


def _shallow(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        pairs = list(value.items())[:40] if levels else []
        return {str(name)[:60]: _shallow(each, levels - 1) for name, each in pairs}
    if isinstance(value, list):
        return []
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and abs(value) < 1e18:
        return value
    return str(value)[:120]
