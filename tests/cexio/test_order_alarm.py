"""From an order probe that may have been sent to what the operator is told, whatever fails after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cexio.causes import calibrated_by, read
from cexio.errors import CalibrationUnreadable, ExchangeFaultError, UnclearAnswerError
from cexio.failures import error_for
from cexio.judgement import Judgement, Verdict
from cexio.measurement import Measurement, answers_hash, measurement_from_host, not_ready
from cexio.order_alarm import in_doubt
from cexio.probes import PLACE, Probe, aftermath_plan, elsewhere_plan, probe_plan, recheck_plan
from cexio.proving import prove
from tests.cexio.answers import AWAY, EXPECTED, FROM_ELSEWHERE, HERE, HOST, answer, host, measured, rejected

ACCEPTED = (200, rejected(None, "", "12", status="NEW"))
PLAN = probe_plan("bot", "BTC-USD", 1_700_000_000_000, "n1")
NAMES = tuple(probe.name for probe in PLAN)


class Place:
    """A vantage that answers each plan by its kind: replies, a measurement, or an exception to raise."""

    def __init__(self, vantage: str = "host", address: str = HOST, **by_plan: Any) -> None:
        self.vantage, self.address, self.by_plan = vantage, address, by_plan
        self.asked: list[str] = []

    def __call__(self, plan: Sequence[Probe]) -> Measurement:
        kind = kind_of(plan)
        self.asked.append(kind)
        told = self.by_plan.get(kind, {})
        if isinstance(told, Exception):
            raise told
        if isinstance(told, Measurement):
            return told
        return measured(list(plan), self.vantage, self.address, told)


def kind_of(plan: Sequence[Probe]) -> str:
    names = [probe.name for probe in plan]
    for kind, each in (
        ("full", PLAN),
        ("aftermath", aftermath_plan(PLAN, 0)),
        ("elsewhere", elsewhere_plan("BTC-USD")),
        ("recheck", recheck_plan("BTC-USD")),
    ):
        if names == [probe.name for probe in each]:
            return kind
    raise AssertionError(names)


def here(**by_plan: Any) -> Place:
    """Refused as a whitelist refuses, unless said otherwise."""
    refused = {"cancel-again": AWAY, "resting": AWAY, "archived": AWAY}
    return Place("here", HERE, **{"elsewhere": FROM_ELSEWHERE, "aftermath": refused, **by_plan})


def proven(asked: Place, from_here: Place | None = None) -> Judgement:
    return prove(EXPECTED, "BTC-USD", asked, from_here)


class TestAnAlarmOutlivesWhatFailsAfterIt:
    """An order may rest at the exchange, and all that the operator reads is a throttle of AWS's."""

    @pytest.mark.parametrize("kind", ["aftermath", "recheck"])
    def test_whatever_a_later_question_raises(self, kind: str) -> None:
        asked = Place(full={"place": ACCEPTED}, **{kind: RuntimeError("ExpiredToken: log in\nagain")})
        found = proven(asked, here())
        assert (found.alarm, found.promotes) == (True, False)
        assert found.line.startswith("ALARM: the order probe was not rejected")
        assert "cancel was sent and acknowledged" in found.line
        if kind == "aftermath":
            assert (
                "the host could not be asked again (RuntimeError: ExpiredToken: log in again)" in found.line
            )

    def test_nor_does_a_fault_from_here_hide_it(self) -> None:
        asked = Place(full={"place": ACCEPTED})
        found = proven(asked, here(elsewhere=OSError("no route")))
        assert found.alarm
        found = proven(Place(full={"place": ACCEPTED}, aftermath=OSError()), here(aftermath=OSError("x")))
        assert found.alarm
        assert "from here nothing could be asked either (OSError: x)" in found.line

    def test_without_an_order_in_doubt_a_fault_is_raised_as_it_is(self) -> None:
        with pytest.raises(RuntimeError):
            proven(Place(recheck=RuntimeError("throttled")), here())

    def test_a_calibration_that_cannot_be_read_stops_it_before_anything_is_sent(self, tmp_path: Path) -> None:
        broken = tmp_path / "calibrated.json"
        broken.write_text("{")
        asked = Place(full={"place": ACCEPTED})
        with calibrated_by(broken), pytest.raises(CalibrationUnreadable):
            proven(asked)
        assert asked.asked == []


class TestTheLookFromHere:
    """The host is dead, and the key that could cancel the order lies in this process's memory."""

    gone = not_ready("host", "agent", "its agent lost its connection", HOST)

    def test_where_the_host_was_asked_again_nothing_more_is_asked_from_here(self) -> None:
        away = here()
        proven(Place(full={"place": ACCEPTED}), away)
        assert away.asked == ["elsewhere"]

    def test_a_refusal_by_the_whitelist_is_told_as_what_was_not_possible(self) -> None:
        away = here()
        found = proven(Place(full={"place": "timeout"}, aftermath=self.gone), away)
        assert away.asked[0] == "aftermath"
        assert found.alarm
        assert "the host could not be asked again (agent: its agent lost its connection)" in found.line
        assert "its cancel from here was refused (HTTP 401 'IP address is not allowed'" in found.line
        assert "could not be looked up" in found.line

    def test_a_look_that_is_answered_from_here_settles_a_lost_answer(self) -> None:
        asked = Place(full={"place": "timeout"}, aftermath=self.gone)
        found = proven(asked, here(aftermath={}))
        assert not found.alarm
        assert {row["vantage"] for row in found.evidence if row["probe"] == "resting"} == {"here"}

    def test_and_what_it_finds_is_told(self) -> None:
        rests = {"resting": (200, {"ok": "ok", "data": [{"status": "NEW"}]})}
        found = proven(Place(full={"place": "timeout"}, aftermath=self.gone), here(aftermath=rests))
        assert "RESTS in the book" in found.line
        assert "its cancel from here was acknowledged" in found.line

    def test_without_the_key_here_that_is_said(self) -> None:
        found = proven(Place(full={"place": ACCEPTED}, aftermath=self.gone))
        assert "from here it could not be tried: the key is not in this process" in found.line


class TestAReportThatNeverCame:
    """The host sent the order and died: a missing report is no proof that nothing was ordered."""

    lost = not_ready("host", "command", "the command was not done in time", HOST, unreported=NAMES)
    unsent = not_ready("host", "agent", "its agent never came online", HOST)

    def test_it_is_in_doubt_and_an_alarm_where_no_look_is_possible(self) -> None:
        assert in_doubt(self.lost)
        again = not_ready("host", "agent", "its agent lost its connection", HOST)
        found = proven(Place(full=self.lost, aftermath=again), here())
        assert (found.verdict, found.alarm) == (Verdict.UNDETERMINED, True)
        assert "may have been sent" in found.line
        assert "command: the command was not done in time" in found.line
        assert "whether its cancel was sent is not known" in found.line

    def test_the_look_settles_it_and_the_verdict_is_of_the_host(self) -> None:
        asked = Place(full=self.lost)
        found = proven(asked, here())
        assert asked.asked == ["full", "aftermath"]
        assert (found.verdict, found.alarm) == (Verdict.HOST_NOT_READY, False)

    def test_what_was_never_sent_is_not_looked_for(self) -> None:
        asked = Place(full=self.unsent)
        assert proven(asked, here()).verdict is Verdict.HOST_NOT_READY
        assert asked.asked == ["full"]

    @pytest.mark.parametrize("output", ["", "{", '{"v":1}', "Traceback"])
    def test_a_report_that_cannot_be_read(self, output: str) -> None:
        assert in_doubt(measurement_from_host(output, PLAN, HOST))
        assert not in_doubt(measurement_from_host(output, recheck_plan("BTC-USD"), HOST))

    def reported(self, stage: str, *names: str, check: Any = (200, {"ok": "ok", "data": {}})) -> Measurement:
        told = {**dict.fromkeys(names, (200, {"ok": "ok", "data": {}})), "key-check": check}
        rows = []
        for probe in PLAN:
            if probe.name in names:
                row = answer(probe, told[probe.name], "host", HOST).model_dump()
                rows.append({name: row[name] for name in row if name not in ("vantage", "address")})
        report = {"v": 1, "answers": rows, "clockSkew": 0.1, "problem": {"stage": stage, "text": "broke"}}
        return measurement_from_host(json.dumps({**report, "sha256": answers_hash(rows)}), PLAN, HOST)

    def test_a_program_that_broke_off_has_the_order_in_doubt_unless_it_was_answered(self) -> None:
        found = self.reported("time", "clock", "key-check", "balance")
        assert in_doubt(found)
        assert (found.ready, found.stage) == (False, "time")
        assert [each.probe for each in found.answers] == ["clock", "key-check", "balance"]

    @pytest.mark.parametrize("stage", ["argument", "metadata", "secret"])
    def test_a_program_that_never_had_the_key_ordered_nothing(self, stage: str) -> None:
        assert not in_doubt(self.reported(stage, "clock"))

    def test_nor_did_one_whose_key_was_refused(self) -> None:
        refused = (401, {"error": "Authorization Failed"})
        assert not in_doubt(self.reported("time", "clock", "key-check", check=refused))

    def test_answers_beside_a_problem_are_evidence_and_prove_nothing(self) -> None:
        found = self.reported("program", "clock", "key-check", "balance")
        judged = proven(Place(full=found), here())
        assert {"key-check", "balance"} <= {row["probe"] for row in judged.evidence}
        assert judged.verdict is Verdict.HOST_NOT_READY


DOUBTFUL = [
    (500, {"error": "Order processing timeout"}),
    (503, {"error": "Service unavailable, try again"}),
    (500, {"error": "Too many requests"}),
    (408, {"error": "Request Timeout"}),
    (408, {"error": "Order timeout"}),
    (202, {"error": "Order queued"}),
    (200, {"ok": "ok", "data": {"orderId": "123", "error": "x"}}),
    (200, {"ok": "ok", "data": {"orderId": "123", "error": "Insufficient funds"}}),
]
SETTLED = [
    (500, {"error": "Insufficient funds"}),
    (500, {"error": "Mandatory parameter price is missing"}),
    (200, {"ok": "ok", "data": {"orderId": "NONE", "error": "Insufficient funds"}}),
    (400, {"error": "Order is not valid"}),
    (429, {"error": "API rate limit reached"}),
]


class TestWordsThatSettleNothing:
    """A gateway's `Order processing timeout` was read as a refusal of a parameter: the bot ordered twice."""

    @pytest.mark.parametrize("reply", DOUBTFUL)
    def test_an_order_answered_so_is_looked_for(self, reply: Any) -> None:
        assert in_doubt(host(place=reply))

    @pytest.mark.parametrize("reply", SETTLED)
    def test_documented_refusals_settle_it(self, reply: Any) -> None:
        assert not in_doubt(host(place=reply))

    @pytest.mark.parametrize("reply", DOUBTFUL)
    def test_to_a_client_they_are_errors_that_leave_it_open(self, reply: Any) -> None:
        told = host(place=reply).answer(PLACE)
        assert told is not None
        error = error_for("do_my_new_order", read(told))
        assert isinstance(error, (ExchangeFaultError, UnclearAnswerError))

    @pytest.mark.parametrize("fault", ["tls", "timeout", "cut"])
    def test_a_fault_that_reading_can_have_is_no_proof_that_nothing_left(self, fault: str) -> None:
        assert in_doubt(host(place=fault))
