"""What became of the order probe, where it was not plainly rejected: that may never stay silent.

A rejection settles it, and so does a refusal in the exchange's own words, or a request that never
left. An acceptance, a form that nobody knows, a lost answer and a lost report do not: for those one more
plan is sent (`aftermath_plan` of `probes`), which cancels once more and then looks for the order: from the
host, and from here where the host's look told nothing. An acceptance is an alarm whatever is found. A lost
answer is one unless the order was looked for, among the open ones and in the archive, and is in neither.
Does not send anything itself: that is `proving`.
"""

from __future__ import annotations

from typing import Any

from cexio.causes import Reading, read
from cexio.failures import leaves_open, says_no
from cexio.findings import reading_of
from cexio.judgement import Verdict
from cexio.measurement import Answer, Measurement
from cexio.probes import ARCHIVED, CANCEL, CANCEL_AGAIN, PLACE, RESTING
from cexio.refusal import Refusal

_NEVER_LEFT = ("refused", "dns")
_NOTHING_DONE = ("validation", "business", "rate", "maintenance")
_MAYBE_RUNNING = "command"
_LONGEST = 160


def in_doubt(before: Measurement) -> bool:
    """Whether the order probe may have made an order, as far as its own answer tells."""
    answer = before.answer(PLACE)
    if answer is None:
        return PLACE in before.unreported
    return not _settled(answer, read(answer))


def looked(aftermath: Measurement | None) -> bool:
    """Whether the order was looked for in both lists, and an answer came."""
    return _rows(RESTING, aftermath) is not None and _rows(ARCHIVED, aftermath) is not None


def alarm(
    before: Measurement, aftermath: Measurement | None, from_here: Measurement | None = None
) -> Refusal | None:
    """The alarm, or None where nothing can have been ordered."""
    if not in_doubt(before):
        return None
    answer = before.answer(PLACE)
    reading = read(answer) if answer is not None else None
    accepted = reading is not None and reading.status == 200 and reading.shape in ("ok", "odd", "error")
    resting, archived = _rows(RESTING, aftermath, from_here), _rows(ARCHIVED, aftermath, from_here)
    # A look from here may come before the order does, while the host's command is not known to have ended.
    ended = before.stage != _MAYBE_RUNNING or looked(aftermath)
    if not accepted and ended and resting == archived == []:
        return None
    what = "got no clear answer, so it may have been accepted"
    if accepted:
        what = "was not rejected"
    if answer is None:
        what = "may have been sent, and the host's report never came whole"
    told = [
        _told(answer, reading) if answer is not None and reading is not None else _why(before),
        _cancelled(before, aftermath),
        *_not_possible(aftermath, from_here),
        _found(resting, archived),
    ]
    return Refusal(
        Verdict.UNDETERMINED,
        f"ALARM: the order probe {what} ({'; '.join(told)}): look at your open orders and order history at "
        "CEX.IO now, cancel the order whose client order id starts with probe-, and report this",
    )


def _settled(answer: Answer, reading: Reading) -> bool:
    if reading.shape == "silent":
        return answer.fault in _NEVER_LEFT
    if reading.shape == "rejected":
        return True
    if reading.shape != "error" or leaves_open(reading):
        return False
    return says_no(answer.status) or reading.cause in _NOTHING_DONE


def _told(answer: Answer, reading: Reading) -> str:
    if answer.fault is not None:
        return f"no answer, {answer.fault}"
    status = reading.data.get("status") if isinstance(reading.data, dict) else None
    return f"HTTP {answer.status}" + (f", status {str(status)[:30]!r}" if status else "")


def _why(measurement: Measurement) -> str:
    problem = measurement.problem or "no answer"
    return f"{measurement.stage}: {problem if len(problem) <= _LONGEST else problem[:_LONGEST] + '…'}"


def _cancelled(before: Measurement, aftermath: Measurement | None) -> str:
    answers = [reading_of(before, CANCEL), reading_of(aftermath, CANCEL_AGAIN)]
    sent = [each for each in answers if each is not None]
    if not sent:
        known = CANCEL not in before.unreported
        return "its cancel was not sent" if known else "whether its cancel was sent is not known"
    acknowledged = any(each.shape == "ok" for each in sent)
    return f"its cancel was sent and {'acknowledged' if acknowledged else 'NOT acknowledged'}"


def _not_possible(aftermath: Measurement | None, from_here: Measurement | None) -> list[str]:
    """What could not be tried, and what was tried from here in its stead."""
    said = []
    if aftermath is not None and not aftermath.ready:
        said.append(f"the host could not be asked again ({_why(aftermath)})")
        if from_here is None:
            said.append("from here it could not be tried: the key is not in this process")
    if from_here is not None:
        said.append(_tried_from_here(from_here))
    return said


def _tried_from_here(measured: Measurement) -> str:
    reading = reading_of(measured, CANCEL_AGAIN)
    if reading is None:
        return f"from here nothing could be asked either ({_why(measured)})"
    if reading.shape == "ok":
        return "its cancel from here was acknowledged"
    if reading.shape == "error":
        text = f"HTTP {reading.status} {reading.text[:80]!r}"
        return f"its cancel from here was refused ({text}, as a whitelist without this address does)"
    return f"its cancel from here was NOT acknowledged ({reading.text or f'HTTP {reading.status}'})"


def _found(resting: list[Any] | None, archived: list[Any] | None) -> str:
    if resting:
        return "it RESTS in the book still"
    if archived:
        status = archived[0].get("status") if isinstance(archived[0], dict) else None
        return f"the order history shows it as {str(status)[:30]}" if status else "the order history has it"
    if resting is None or archived is None:
        return "whether it rests could not be looked up"
    return "it is neither among the open orders nor in the history"


def _rows(probe: str, *looks: Measurement | None) -> list[Any] | None:
    """What the looks found together; None where none could be made."""
    found = [rows for rows in (_rows_of(look, probe) for look in looks) if rows is not None]
    return [row for rows in found for row in rows] if found else None


def _rows_of(look: Measurement | None, probe: str) -> list[Any] | None:
    answer = look.answer(probe) if look is not None else None
    reading = reading_of(look, probe)
    if answer is None or reading is None or not isinstance(reading.data, list):
        return None
    # A list that was cut is shown empty, and is anything but.
    return [{}] if answer.cut and not reading.data else reading.data
