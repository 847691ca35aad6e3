"""What became of the order probe, where it was not plainly rejected: that may never stay silent.

A rejection settles it, and so does a refusal in the exchange's own words, or a request that never
left. An acceptance, a form that nobody knows and a lost answer do not: for those one more plan is sent
(`aftermath_plan` of `probes`), which cancels once more and then looks for the order. An acceptance is
an alarm whatever is found. A lost answer is one unless the order was looked for, among the open ones
and in the archive, and is in neither. Does not send anything itself: that is `proving`.
"""

from __future__ import annotations

from typing import Any

from cexio.causes import Reading, read
from cexio.findings import reading_of
from cexio.judgement import Verdict
from cexio.measurement import Answer, Measurement
from cexio.probes import ARCHIVED, CANCEL, CANCEL_AGAIN, PLACE, RESTING
from cexio.refusal import Refusal

_NEVER_LEFT = ("refused", "dns", "tls")
_NOTHING_DONE = ("validation", "business", "rate", "maintenance")


def in_doubt(before: Measurement) -> bool:
    """Whether the order probe may have made an order, as far as its own answer tells."""
    answer = before.answer(PLACE)
    return answer is not None and not _settled(answer, read(answer))


def alarm(before: Measurement, aftermath: Measurement | None) -> Refusal | None:
    """The alarm, or None where nothing can have been ordered."""
    answer = before.answer(PLACE)
    if answer is None or not in_doubt(before):
        return None
    reading = read(answer)
    accepted = answer.status == 200 and reading.shape in ("ok", "odd", "error")
    resting, archived = _rows(aftermath, RESTING), _rows(aftermath, ARCHIVED)
    if not accepted and resting == archived == []:
        return None
    what = "was not rejected" if accepted else "got no clear answer, so it may have been accepted"
    return Refusal(
        Verdict.UNDETERMINED,
        f"ALARM: the order probe {what} ({_told(answer, reading)}; {_cancelled(before, aftermath)}; "
        f"{_found(resting, archived)}): look at your open orders and order history at CEX.IO now, cancel the "
        "order whose client order id starts with probe-, and report this",
    )


def _settled(answer: Answer, reading: Reading) -> bool:
    if reading.shape == "silent":
        return answer.fault in _NEVER_LEFT
    if reading.shape == "rejected":
        return True
    if reading.shape != "error":
        return False
    if answer.status == 200 and isinstance(reading.data, dict) and reading.data.get("status"):
        return False  # an error beside an order
    return reading.cause in _NOTHING_DONE or (answer.status or 0) < 500


def _told(answer: Answer, reading: Reading) -> str:
    if answer.fault is not None:
        return f"no answer, {answer.fault}"
    status = reading.data.get("status") if isinstance(reading.data, dict) else None
    return f"HTTP {answer.status}" + (f", status {str(status)[:30]!r}" if status else "")


def _cancelled(before: Measurement, aftermath: Measurement | None) -> str:
    answers = [reading_of(before, CANCEL), reading_of(aftermath, CANCEL_AGAIN)]
    sent = [each for each in answers if each is not None]
    if not sent:
        return "its cancel was not sent"
    acknowledged = any(each.shape == "ok" for each in sent)
    return f"its cancel was sent and {'acknowledged' if acknowledged else 'NOT acknowledged'}"


def _found(resting: list[Any] | None, archived: list[Any] | None) -> str:
    if resting:
        return "it RESTS in the book still"
    if archived:
        status = archived[0].get("status") if isinstance(archived[0], dict) else None
        return f"the order history shows it as {str(status)[:30]}" if status else "the order history has it"
    if resting is None or archived is None:
        return "whether it rests could not be looked up"
    return "it is neither among the open orders nor in the history"


def _rows(aftermath: Measurement | None, probe: str) -> list[Any] | None:
    """What a look found; None where it could not be made."""
    answer = aftermath.answer(probe) if aftermath is not None else None
    reading = reading_of(aftermath, probe)
    if answer is None or reading is None or not isinstance(reading.data, list):
        return None
    # A list that was cut is shown empty, and is anything but.
    return [{}] if answer.cut and not reading.data else reading.data
