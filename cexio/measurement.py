"""Answers to a plan of probes, and the report of the host's program read back into them.

A measurement that could not be taken is `ready=False` with the reason; it is never an answer
about the key. Does not judge: that is `verdicts`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cexio.probes import Probe
from cexio.rawtext import as_object

MAX_TEXT = 600
AWAITING_KEY = "awaiting key"
_WITHOUT_A_KEY = ("argument", "metadata", "secret")
"""Stages at which the host's program has no key yet, so that it signs and sends nothing."""

Fault = Literal["refused", "timeout", "tls", "dns", "cut", "garbage", "network"]


class Answer(BaseModel):
    """One answer. `text` is the raw body (frame), cut to 600 characters, cleaned of the key.

    status: HTTP status, 101 for a WebSocket login. fault: why there is no answer at all.
    cut: `text` is not the whole; `head` then holds the document's upper levels, shortened.
    at: ISO time (UTC). elapsed_ms: time of the request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    probe: str = Field(max_length=40)
    vantage: str = Field(max_length=40)
    address: str | None = None
    action: str = Field(max_length=60)
    status: int | None = None
    text: str = Field(default="", max_length=MAX_TEXT)
    cut: bool = False
    head: dict[str, Any] | None = None
    fault: Fault | None = None
    at: str = Field(max_length=40)
    elapsed_ms: float = 0.0

    def document(self) -> dict[str, Any] | None:
        """The answer as a JSON object, or None where it is none (a page, an empty body, a fault)."""
        if self.fault is not None:
            return None
        if self.cut:
            return self.head
        return as_object(self.text)


class Measurement(BaseModel):
    """What one vantage saw. `clock_skew_s` is the vantage's clock minus the exchange's, in seconds.

    stage: where a measurement that is not ready stopped (`agent`, `metadata`, `secret`, `output`, …).
    mark: `key_mark` of the key that was asked with, so that two vantages are known to speak of one key.
    unreported: probes that may have been sent for all that is known, and whose answers never came.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    vantage: str = Field(max_length=40)
    address: str | None = None
    ready: bool
    problem: str | None = Field(default=None, max_length=MAX_TEXT)
    stage: str | None = Field(default=None, max_length=40)
    clock_skew_s: float | None = Field(default=None, allow_inf_nan=False)
    mark: str | None = Field(default=None, max_length=12)
    answers: list[Answer] = Field(default_factory=list)
    unreported: tuple[str, ...] = ()

    def answer(self, probe: str) -> Answer | None:
        """The answer to one probe of the plan, or None if it was not asked or not reported."""
        return next((answer for answer in self.answers if answer.probe == probe), None)


def key_mark(key: str, secret: str) -> str:
    """Twelve hexadecimal digits by which two answers are known to be about one key; it signs nothing."""
    return hashlib.sha256(f"cexio-bot\n{key}\n{secret}".encode()).hexdigest()[:12]


def not_ready(
    vantage: str, stage: str, problem: str, address: str | None = None, unreported: Sequence[str] = ()
) -> Measurement:
    """A measurement that could not be taken: the host or its agent is not there yet, or fails."""
    return Measurement(
        vantage=vantage,
        address=address,
        ready=False,
        stage=stage[:40],
        problem=" ".join(problem.split())[:MAX_TEXT],
        unreported=tuple(unreported),
    )


class _Problem(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    stage: str = Field(max_length=40)
    text: str = Field(max_length=MAX_TEXT)


class _HostAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    probe: str
    action: str
    status: int | None
    text: str = Field(max_length=MAX_TEXT)
    cut: bool
    head: dict[str, Any] | None
    fault: Fault | None
    at: str
    elapsed_ms: float


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    v: Literal[1]
    answers: list[_HostAnswer]
    clockSkew: float | None = Field(allow_inf_nan=False)  # noqa: N815 - the protocol's own name
    problem: _Problem | None
    mark: str | None = Field(default=None, max_length=12)
    sha256: str


def answers_hash(answers: Sequence[Mapping[str, Any]]) -> str:
    """Hash that the host's program puts beside its answers: an output cut by SSM shows."""
    return hashlib.sha256(
        json.dumps(list(answers), sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def measurement_from_host(
    program_output: str, plan: Sequence[Probe], address: str | None, vantage: str = "host"
) -> Measurement:
    """Reads what host/probe.py printed. Anything but a whole, matching report is `not ready`."""

    def unreadable(problem: str) -> Measurement:
        return not_ready(vantage, "output", problem, address, [probe.name for probe in plan])

    lines = [line for line in program_output.splitlines() if line.startswith("{")]
    if not lines:
        return unreadable("the probe program printed no report")
    try:
        raw = json.loads(lines[-1])
        report = _Report.model_validate(raw)
    except (ValueError, RecursionError, ValidationError):
        return unreadable("the probe program's report is cut short or not readable")
    if answers_hash(raw["answers"]) != report.sha256:
        return unreadable("the probe program's report was altered or cut on its way")
    planned = {(probe.name, probe.action) for probe in plan}
    seen = [(row.probe, row.action) for row in report.answers]
    if len(set(seen)) != len(seen) or not planned.issuperset(seen):
        return unreadable("the probe program answered another plan than was asked")
    answers = [Answer(vantage=vantage, address=address, **row.model_dump()) for row in report.answers]
    problem = report.problem
    broke_off = problem is not None and problem.stage not in _WITHOUT_A_KEY
    return Measurement(
        vantage=vantage,
        address=address,
        ready=problem is None,
        stage=problem.stage if problem else None,
        problem=" ".join(problem.text.split()) if problem else None,
        unreported=_unreported(plan, answers) if broke_off else (),
        clock_skew_s=report.clockSkew,
        mark=report.mark,
        answers=answers,
    )


def _unreported(plan: Sequence[Probe], answers: Sequence[Answer]) -> tuple[str, ...]:
    """What a program that broke off may have sent beyond what it reports."""
    told = {answer.probe: answer for answer in answers}
    check = next((told.get(probe.name) for probe in plan if probe.channel == "private"), None)
    accepted = check is not None and check.status == 200 and (check.document() or {}).get("ok") == "ok"
    return tuple(
        probe.name
        for probe in plan
        if probe.name not in told and (probe.after is None or (probe.after == "accepted") is accepted)
    )
