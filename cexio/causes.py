"""What an answer of the exchange means: its shape, and the cause that its text stands for.

The texts are data: `causes.json`, one row per documented text, first match wins. A row has a cause,
how to compare (`exact`, `starts`, `ends`, `contains`, `regex` over the whole text, `words` anywhere),
where it applies (REST, WebSocket, order rejections), statuses where they matter, its source (letters
as in the project's exchange facts) and the confidence in it. Rows marked `guess` are vocabulary, not
quotations: nobody outside the exchange knows how a refused address or a missing permission is worded.
Whoever has an account can find out: `make calibrate` writes `calibrated.json` beside the table, and its
rows, exact and dated, come before the guesses.

Does not judge: whether an unclear text amounts to a refusal is decided by elimination in `verdicts`.

Errors: CalibrationUnreadable (a CexioError): the calibration's file is there and is none.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from cexio.errors import CalibrationUnreadable
from cexio.measurement import Answer

Cause = Literal[
    "gate-passed",
    "credentials",
    "key",
    "signature",
    "clock",
    "activation",
    "address",
    "country",
    "permission",
    "legacy",
    "rate",
    "maintenance",
    "fault",
    "request",
    "validation",
    "business",
    "unclear",
]
Shape = Literal["ok", "rejected", "error", "page", "silent", "odd"]
"""ok: the success envelope. rejected: success envelope around a rejected order. error: the exchange's
own JSON refusal. page: something that is not JSON. silent: no answer. odd: JSON, but no envelope."""

_SERVER_SIDE = range(500, 600)
_OWN_ERROR_KEYS = {"error", "statusCode", "ok", "data"}


class Row(BaseModel):
    """One row of the table. `date`: of the calibration that it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: Cause
    match: Literal["exact", "starts", "ends", "contains", "regex", "words"]
    text: str
    channel: Literal["any", "websocket", "order"] = "any"
    status: tuple[int, ...] = ()
    code: int | None = None
    order_id: Literal["NONE", "any"] | None = None
    source: str
    confidence: Literal["confirmed", "inferred", "guess"]
    date: dt.date | None = None

    def matches(self, text: str) -> bool:
        """Whether the row's text fits, case and outer spaces apart."""
        seen, own = text.strip().lower(), self.text.lower()
        if self.match == "regex":
            return re.fullmatch(self.text, text.strip(), re.IGNORECASE | re.DOTALL) is not None
        if self.match == "words":
            return re.search(rf"(?<!\w)(?:{self.text})(?!\w)", text, re.IGNORECASE) is not None
        return {
            "exact": seen == own.strip(),
            "starts": seen.startswith(own),
            "ends": seen.endswith(own),
            "contains": own in seen,
        }[self.match]


@dataclass(frozen=True)
class Reading:
    """An answer understood as far as it can be. `text` is the exchange's error text, if there is one."""

    shape: Shape
    cause: Cause | None = None
    text: str = ""
    status: int | None = None
    data: Any = None
    row: Row | None = None

    @property
    def transient(self) -> bool:
        """No statement about the key: rate, outage, page, silence. Asking again later may settle it."""
        if self.cause in ("validation", "business") and self.shape == "error":
            return False
        silent = self.shape in ("silent", "page") or self.cause in ("rate", "maintenance", "fault")
        return silent or self.status in _SERVER_SIDE


class Calibration(BaseModel):
    """What a person with an account found out, in the exchange's own words.

    permission_first: whether the permission is checked before the parameters; None where it did not show.
    cancel_proves: whether an acknowledged cancel shows that the key may trade; None where it did not show.
    notes: what was found and is no row, because the same words stand for something else, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: tuple[Row, ...] = ()
    permission_first: bool | None = None
    cancel_proves: bool | None = None
    notes: tuple[str, ...] = ()


CALIBRATED = Path(__file__).with_name("calibrated.json")
_calibration_file: ContextVar[Path] = ContextVar("_calibration_file", default=CALIBRATED)


@contextmanager
def calibrated_by(file: Path) -> Iterator[None]:
    """Within the block another calibration holds: a rehearsal's, not the one beside the table."""
    token = _calibration_file.set(file)
    try:
        yield
    finally:
        _calibration_file.reset(token)


def calibration() -> Calibration:
    """The calibration that holds here; an empty one where nobody has made any."""
    return _calibration(_calibration_file.get())


def table() -> tuple[Row, ...]:
    """The table of causes: documented texts, calibrated ones, guesses."""
    return _table(_calibration_file.get())


def documented() -> tuple[Row, ...]:
    """The rows that quote a source."""
    return tuple(row for row in _rows() if row.confidence != "guess")


@lru_cache(maxsize=8)
def _table(file: Path) -> tuple[Row, ...]:
    guesses = tuple(row for row in _rows() if row.confidence == "guess")
    return (*documented(), *_calibration(file).rows, *guesses)


@lru_cache(maxsize=1)
def _rows() -> tuple[Row, ...]:
    rows = json.loads(Path(__file__).with_name("causes.json").read_text("utf-8"))
    return tuple(TypeAdapter(list[Row]).validate_python(rows))


@lru_cache(maxsize=8)
def _calibration(file: Path) -> Calibration:
    try:
        return Calibration.model_validate_json(file.read_text("utf-8"))
    except FileNotFoundError:
        return Calibration()
    except (OSError, ValueError):
        line = (
            f"{file.name}: is not what `make calibrate` writes: restore it, or remove it and calibrate anew"
        )
        raise CalibrationUnreadable(line) from None


def read(answer: Answer) -> Reading:
    """Shape and cause of one answer, envelope traps included. Never raises."""
    if answer.fault is not None:
        return Reading(shape="silent", text=answer.fault, status=answer.status)
    document = answer.document()
    if document is None:
        return Reading(shape="page", text=f"HTTP {answer.status}, not JSON", status=answer.status)
    if answer.action == "auth":
        return _read_login(document, answer.status)
    error = _error_text(document)
    if error is not None:
        return _refusal(error, answer.status, "any", document.get("data"))
    data = document.get("data")
    if answer.status != 200 or document.get("ok") != "ok" or _is_wordless(document):
        return Reading(shape="odd", cause="unclear", status=answer.status, data=data)
    if isinstance(data, dict) and data.get("status") == "REJECTED":
        return _rejection(data)
    return Reading(shape="ok", status=200, data=data)


def cause_of(text: str, status: int | None = None, channel: str = "any") -> tuple[Cause, Row | None]:
    """The cause that an error text stands for, with the row that says so; `unclear` if none does."""
    row = row_for(table(), text, status, channel)
    return ("unclear", None) if row is None else (row.cause, row)


def row_for(rows: Sequence[Row], text: str, status: int | None, channel: str) -> Row | None:
    """The first of the rows that an error text fits."""
    for row in rows:
        fits = row.code is None and row.channel in ("any", channel) and row.matches(text)
        if fits and (not row.status or status in row.status):
            return row
    return None


def fits_guess(cause: Cause, text: str) -> bool:
    """Whether the wording alone would do for that cause, whatever else it does for."""
    guesses = (row for row in _rows() if row.confidence == "guess")
    return any(row.cause == cause and not row.status and row.matches(text) for row in guesses)


def _error_text(document: dict[str, Any]) -> str | None:
    data = document.get("data")
    for place in (document, data if isinstance(data, dict) else {}):
        error = place.get("error")
        if error and isinstance(error, str):
            return _sound(error)
    return None


def _is_wordless(document: dict[str, Any]) -> bool:
    """An `error` that is no text: not the exchange's way to refuse, and no success either."""
    data = document.get("data")
    return any(place.get("error") is not None for place in (document, data if isinstance(data, dict) else {}))


def _sound(text: str) -> str:
    """A JSON text may carry half a surrogate pair, which nothing can print."""
    return text.encode("utf-8", "replace").decode()


def _read_login(document: dict[str, Any], status: int | None) -> Reading:
    error = _error_text(document)
    if error is not None:
        return _refusal(error, status, "websocket")
    if document.get("e") == "auth" and document.get("ok") == "ok" and not _is_wordless(document):
        return Reading(shape="ok", status=status, data=document.get("data"))
    return Reading(shape="odd", cause="unclear", status=status)


def _refusal(error: str, status: int | None, channel: str, data: Any = None) -> Reading:
    cause, row = cause_of(error, status, channel)
    return Reading(shape="error", cause=cause, text=error, status=status, data=data, row=row)


def _rejection(data: dict[str, Any]) -> Reading:
    code, text = data.get("rejectCode"), data.get("rejectReason")
    text = _sound(text) if isinstance(text, str) else ""
    for row in table():
        if row.code is not None and str(row.code) == str(code) and row.matches(text):
            if row.order_id == "NONE" and data.get("orderId") != "NONE":
                continue
            return Reading(shape="rejected", cause=row.cause, text=text, status=200, data=data, row=row)
    return Reading(shape="rejected", cause="unclear", text=text, status=200, data=data)


def is_own_refusal(answer: Answer, reading: Reading) -> bool:
    """Whether a REST answer is the exchange's own JSON saying no, not a proxy, an outage or a limit."""
    document = answer.document()
    if document is None or reading.shape != "error" or reading.transient or answer.status is None:
        return False
    return set(document) <= _OWN_ERROR_KEYS and (answer.status == 200 or 400 <= answer.status < 500)
