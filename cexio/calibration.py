"""What a person with a real account can find out once: the texts that nobody else knows.

A key with Read alone is asked what it must not do (the requests of `probes`, which trade and move nothing),
asked with a stale time, asked from an address that is not on its whitelist, and asked while it is not active.
Each reply is one whose cause is known, because the same key was accepted just before. `learned` turns the
replies into rows of the table of causes; a text that already stands for another cause makes no row, but a
note, since a row would blame one thing for another. A missing permission is worded as the complete order was
told: the other requests are wrong in themselves, and may have been refused for that.

Does not ask (that is `commands.calibrate`), and keeps neither key nor signature: answers are bounded and
cleaned where they are taken.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from cexio.causes import Calibration, Cause, Reading, Row, documented, fits_guess, read, row_for
from cexio.measurement import Answer, Measurement
from cexio.probes import (
    CANCEL,
    FUNDS_INTERNAL_PROBE,
    FUNDS_WALLET_PROBE,
    KEY_CHECK,
    PLACE,
    WEBSOCKET,
    Probe,
    probe_plan,
    recheck_plan,
)

Step = Literal["baseline", "read-only", "stale", "foreign", "deactivated"]
STEPS: tuple[Step, ...] = ("baseline", "read-only", "stale", "foreign", "deactivated")
PLACE_TIER_1 = "place-without-price"
STALE_SECONDS = 300
_PERMISSION_PROBES = (PLACE_TIER_1, PLACE, CANCEL, FUNDS_WALLET_PROBE, FUNDS_INTERNAL_PROBE)
_PARAMETERS: tuple[Cause, ...] = ("validation", "business")
_CAUSE_OF: dict[Step, Cause] = {"stale": "clock", "foreign": "address", "deactivated": "activation"}
_QUOTED = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|(?:[a-z]+-)*[0-9a-f]{12}(?:-1)?|\d{4,}")
_SAID_OF: dict[Cause, str] = {
    "clock": "a stale time",
    "address": "a refused address",
    "activation": "a key that is not active",
    "permission": "a missing permission",
}


class Record(BaseModel):
    """The replies so far, kept between runs. `mark` names the key without showing it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    exchange: str
    mark: str = ""
    answers: dict[Step, list[Answer]] = Field(default_factory=dict)

    def with_step(self, step: Step, answers: list[Answer]) -> Record:
        return self.model_copy(update={"answers": {**self.answers, step: answers}})


class Reply(NamedTuple):
    """One refusal whose cause is known, and where it came from."""

    cause: Cause
    reading: Reading
    channel: Literal["any", "websocket"]


def plan_of(step: Step, account_id: str, pair: str, now_ms: int, nonce: str) -> list[Probe]:
    """The requests of one step."""
    if step != "read-only":
        return recheck_plan(pair)
    whole = [
        probe.model_copy(update={"after": None}) for probe in probe_plan(account_id, pair, now_ms, nonce)
    ]
    asked = [probe for probe in whole if probe.name in _PERMISSION_PROBES]
    place = next(probe for probe in asked if probe.name == PLACE)
    order = {name: value for name, value in json.loads(place.body).items() if name != "price"}
    order["clientOrderId"] = f"probe-{nonce}-1"
    body = json.dumps(order, separators=(",", ":"))
    return [place.model_copy(update={"name": PLACE_TIER_1, "body": body}), *asked]


def each_order(plan: Sequence[Probe], found: Measurement) -> Iterator[tuple[list[Probe], Measurement]]:
    """Each order of a plan as the one order probe of a pass, so that each is cancelled and looked for if it
    may have been taken. The plan's own cancel is that of the complete order."""
    for name in (PLACE_TIER_1, PLACE):
        kept = (name, CANCEL) if name == PLACE else (name,)
        probes = [each.model_copy(update={"name": PLACE}) for each in plan if each.name == name]
        answers = [
            each.model_copy(update={"probe": PLACE}) if each.probe == name else each
            for each in found.answers
            if each.probe in kept
        ]
        if probes:
            yield probes, found.model_copy(update={"answers": answers})


def fault_of(step: Step, answers: Sequence[Answer]) -> str | None:
    """Why the replies of a step teach nothing and it has to be done again; None where they do."""
    readings = {answer.probe: read(answer) for answer in answers}
    lost = next((name for name, one in readings.items() if one.transient and _matters(step, name)), None)
    if lost is not None:
        return f"{lost} was not answered by the exchange itself ({readings[lost].text[:80]}): do it again"
    accepted = readings[KEY_CHECK].shape == "ok" if KEY_CHECK in readings else False
    if step == "baseline":
        return None if accepted else "the key is refused though nothing should be wrong: mend that first"
    if step == "read-only":
        passed = [
            name for name, one in readings.items() if one.shape in ("rejected", "ok") and name != CANCEL
        ]
        if not passed:
            return None
        return (
            f"{passed[0]} got past the permission: this key may do more than read; make one with Read alone"
        )
    if step == "foreign" and accepted:
        return "the key is accepted from there: is the address on its whitelist, or is the whitelist empty?"
    if step == "deactivated" and accepted:
        return "the key is accepted: it is active still"
    return None  # a stale time may be accepted: REST need not look at it


def learned(record: Record, today: dt.date) -> Calibration:
    """The rows, and what can be said without one."""
    replies = list(_replies(record))
    notes = []
    rows: list[Row] = []
    for reply in dict.fromkeys(replies):
        clash = _clash(reply, replies)
        if clash is not None:
            notes.append(clash)
            continue
        pattern = _pattern(reply.reading.text)
        row = Row(
            cause=reply.cause,
            match="exact" if pattern is None else "regex",
            text=reply.reading.text if pattern is None else pattern,
            channel=reply.channel,
            status=() if reply.reading.status is None else (reply.reading.status,),
            source="calibrated",
            confidence="confirmed",
            date=today,
        )
        known = row_for(documented(), reply.reading.text, reply.reading.status, reply.channel)
        if known is None and row not in rows:
            rows.append(row)
    return Calibration(
        rows=tuple(rows),
        permission_first=_permission_first(record),
        cancel_proves=_cancel_proves(record),
        notes=tuple(dict.fromkeys([*notes, *_further(record)])),
    )


def _pattern(text: str) -> str | None:
    """A regular expression for a text that quotes what was sent (address, order, time); None for others."""
    found = _QUOTED.sub("\0", text)
    return None if found == text else re.escape(found).replace(re.escape("\0"), r"[\w.:-]+")


def _matters(step: Step, probe: str) -> bool:
    return probe == KEY_CHECK or (step == "read-only" and probe in _PERMISSION_PROBES)


def _replies(record: Record) -> Iterator[Reply]:
    for step, cause in _CAUSE_OF.items():
        for answer in record.answers.get(step, ()):
            reading = read(answer)
            if answer.probe in (KEY_CHECK, WEBSOCKET) and _refuses(reading):
                yield Reply(cause, _bare(reading), "websocket" if answer.probe == WEBSOCKET else "any")
    wording = _wording(record)
    if wording is not None:
        yield Reply("permission", wording, "any")


def _wording(record: Record) -> Reading | None:
    """How a missing permission is worded: as the complete order was told, unless that may be about the order.

    A cancel names neither account nor amount: where it was refused in other words, one of the two is about
    something else.
    """
    told = _without_permission(record)
    place, cancel = told.get(PLACE), told.get(CANCEL)
    if place is None or (cancel is not None and cancel != place):
        return None
    return None if any(fits_guess(cause, place.text) for cause in _PARAMETERS) else place


def _without_permission(record: Record) -> dict[str, Reading]:
    """The refusals of a key with Read alone that no source explains by their parameters, by probe."""
    readings = {answer.probe: read(answer) for answer in record.answers.get("read-only", ())}
    return {
        name: _bare(one)
        for name, one in readings.items()
        if name in _PERMISSION_PROBES and _refuses(one) and not _about_parameters(one)
    }


def _bare(reading: Reading) -> Reading:
    return Reading(shape="error", text=reading.text, status=reading.status)


def _refuses(reading: Reading) -> bool:
    return reading.shape == "error" and not reading.transient and bool(reading.text.strip())


def _about_parameters(reading: Reading) -> bool:
    """By a source: a guess at the wording must not hide the very text that is looked for."""
    row = row_for(documented(), reading.text, reading.status, "any")
    return row is not None and row.cause in _PARAMETERS


def _clash(reply: Reply, replies: Sequence[Reply]) -> str | None:
    """Why a reply makes no row: its words already stand, or stand as well, for another cause."""
    text, status = reply.reading.text, reply.reading.status
    where = "WebSocket" if reply.channel == "websocket" else f"HTTP {status}"
    known = row_for(documented(), text, status, reply.channel)
    if known is not None and known.cause != reply.cause:
        return (
            f"{_SAID_OF[reply.cause]} is told {text!r} ({where}), which is also said of: {known.source}; "
            "no row, elimination has to tell them apart"
        )
    others = {
        other.cause
        for other in replies
        if (other.channel, other.reading.text, other.reading.status) == (reply.channel, text, status)
    }
    if len(others) > 1:
        names = " and ".join(sorted(_SAID_OF[cause] for cause in others))
        return f"{names} are told the same {text!r} ({where}); no row, elimination has to tell them apart"
    return None


def _permission_first(record: Record) -> bool | None:
    """Whether incomplete requests of a key without the permission were refused like complete ones.

    False where one of them was told anything else: then something else was looked at before.
    """
    seen = {answer.probe: read(answer) for answer in record.answers.get("read-only", ())}
    whole = seen.get(PLACE)
    partial = [
        seen[name] for name in (PLACE_TIER_1, FUNDS_WALLET_PROBE, FUNDS_INTERNAL_PROBE) if name in seen
    ]
    if whole is None or not _refuses(whole) or not partial:
        return None
    if any(_about_parameters(one) or (_refuses(one) and _bare(one) != _bare(whole)) for one in partial):
        return False
    return True if all(_refuses(one) for one in partial) else None


def _cancel_proves(record: Record) -> bool | None:
    """Whether only a key that may trade gets its cancel acknowledged: another was refused like its order."""
    cancel = next((read(each) for each in record.answers.get("read-only", ()) if each.probe == CANCEL), None)
    if cancel is not None and cancel.shape == "ok":
        return False
    told = _without_permission(record)
    return True if CANCEL in told and told[CANCEL] == told.get(PLACE) else None


def _further(record: Record) -> Iterator[str]:
    for answer in record.answers.get("stale", ()):
        if answer.probe == KEY_CHECK and read(answer).shape == "ok":
            yield f"REST takes a time that is {STALE_SECONDS} s old: only the WebSocket login sees the clock"
    for answer in record.answers.get("read-only", ()):
        if answer.probe == CANCEL and read(answer).shape == "ok":
            yield "the cancel of an unknown order is acknowledged without Trade: it proves no permission"
    wording = _wording(record)
    for name, told in _without_permission(record).items():
        if told != wording:
            yield (
                f"{name} is told {told.text!r} (HTTP {told.status}) without its permission, which may be "
                "about the account or the order that it names; no row"
            )
