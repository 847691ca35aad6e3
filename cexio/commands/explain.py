"""`explain`: a raw error text, or a whole answer, to its cause and the next step. Asks nobody."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from cexio.causes import Cause, Reading, Row, cause_of, read, table
from cexio.commands.outcome import Outcome, Status, Table, UsageError
from cexio.commands.table import clean
from cexio.measurement import MAX_TEXT, Answer
from cexio.next_steps import NEXT_STEPS, PAGE
from cexio.rawtext import shortened

_CHANNELS = {"rest": "any", "websocket": "websocket", "order": "order"}
_LARGEST = 1_000_000


def add_arguments(parser: ArgumentParser) -> None:
    """The command's own words."""
    parser.add_argument("text", help="the error text, or the whole JSON answer; - reads it from the input")
    parser.add_argument("--status", type=int, metavar="N", help="the HTTP status, where it is known")
    parser.add_argument(
        "--channel", choices=sorted(_CHANNELS), default="rest", help="where it was said (rest)"
    )


def run(words: Namespace) -> Outcome:
    """Looks it up. Raises UsageError for an empty text."""
    text = (sys.stdin.read(_LARGEST) if words.text == "-" else words.text).strip()
    if not text:
        raise UsageError("the text is empty: give the exchange's words")
    if words.status is not None and not 100 <= words.status <= 599:
        raise UsageError("--status: give an HTTP status, 100 to 599")
    cause: str
    row: Row | None
    if text.startswith("<"):
        said, cause, row, step = clean(text), "page", None, PAGE
    else:
        said, found, row = _found(text, words.status, words.channel)
        cause, step = found, NEXT_STEPS[found]
    known = cause != "unclear"
    source = "none" if row is None else f"{row.source} ({row.confidence})"
    if row is not None and row.confidence == "guess":
        source += "; a guess from the wording, so check it"
    rows = [
        ("Text", said[:200]),
        ("Cause", cause),
        ("That is", step.means),
        ("Next", step.do),
        ("Known from", source),
    ]
    document = {
        "text": said[:MAX_TEXT],
        "cause": cause,
        "means": step.means,
        "next": step.do,
        "source": None if row is None else row.source,
        "confidence": None if row is None else row.confidence,
    }
    return Outcome(Status.FINE if known else Status.AT_FAULT, [Table("Explained", ("", ""), rows)], document)


def _found(text: str, status: int | None, channel: str) -> tuple[str, Cause, Row | None]:
    """The error text, its cause, and the row of the table that says so."""
    reading = _as_answer(text, status, channel)
    if reading is None:
        return (clean(text), *_by_text(text, status, channel))
    if reading.shape == "error":
        return (clean(reading.text), *_by_text(reading.text, status, channel))
    return clean(reading.text or text), reading.cause or "unclear", reading.row


def _as_answer(text: str, status: int | None, channel: str) -> Reading | None:
    """The text read as a whole answer, where it is a JSON object."""
    try:
        if not isinstance(json.loads(text), dict):
            return None
    except (ValueError, RecursionError):
        return None
    kept, cut, head = shortened(text, MAX_TEXT)
    action = "auth" if channel == "websocket" else "explain"
    return read(
        Answer(
            probe="explain",
            vantage="here",
            action=action,
            status=200 if status is None else status,
            text=kept,
            cut=cut,
            head=head,
            at="",
        )
    )


def _by_text(text: str, status: int | None, channel: str) -> tuple[Cause, Row | None]:
    """Without a status, those that the table knows are tried before a guess from the wording is taken."""
    found = cause_of(text, status, _CHANNELS[channel])
    if status is None and (found[1] is None or found[1].confidence == "guess"):
        for each in sorted({number for row in table() if row.text for number in row.status}):
            tried = cause_of(text, each, _CHANNELS[channel])
            if tried[1] is not None and tried[1].text and tried[1].confidence != "guess":
                return tried
    return found
