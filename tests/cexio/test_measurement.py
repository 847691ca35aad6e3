"""The host's report read back, and the table of causes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cexio.causes import cause_of, table
from cexio.measurement import answers_hash, measurement_from_host
from cexio.probes import recheck_plan

PLAN = recheck_plan("BTC-USD")


def report(**changes: Any) -> str:
    answers = [
        {
            "probe": each.name,
            "action": each.action,
            "status": 200,
            "text": "{}",
            "cut": False,
            "head": None,
            "fault": None,
            "at": "2026-01-02T03:04:05+00:00",
            "elapsed_ms": 1.5,
        }
        for each in PLAN
    ]
    whole = {"v": 1, "answers": answers, "clockSkew": 0.25, "problem": None, "sha256": answers_hash(answers)}
    return json.dumps({**whole, **changes})


class TestOnlyAWholeReportIsRead:
    """SSM cuts outputs without a word: half a report must not be half a verdict."""

    def test_a_whole_one_is(self) -> None:
        found = measurement_from_host(f"a banner\n{report()}\n", PLAN, "203.0.113.7")
        assert (found.ready, found.clock_skew_s, len(found.answers)) == (True, 0.25, len(PLAN))
        assert {each.address for each in found.answers} == {"203.0.113.7"}

    @given(st.integers(0, len(report()) - 1))
    def test_a_cut_one_is_not(self, length: int) -> None:
        found = measurement_from_host(report()[:length], PLAN, None)
        assert (found.ready, found.stage, found.answers) == (False, "output", [])

    @given(st.text())
    def test_other_output_is_not(self, text: str) -> None:
        assert not measurement_from_host(text, PLAN, None).ready

    @pytest.mark.parametrize(
        "changes",
        [{"v": 2}, {"sha256": "0" * 64}, {"clockSkew": float("nan")}, {"answers": []}, {"extra": 1}],
        ids=str,
    )
    def test_one_that_was_altered_is_not(self, changes: dict[str, Any]) -> None:
        assert not measurement_from_host(report(**changes), PLAN, None).ready

    def test_one_about_another_plan_is_not(self) -> None:
        assert not measurement_from_host(report(), PLAN[:1], None).ready

    def test_a_problem_is_not_ready_with_its_stage(self) -> None:
        text = report(problem={"stage": "secret", "text": "awaiting key"})
        found = measurement_from_host(text, PLAN, None)
        assert (found.ready, found.stage, found.problem) == (False, "secret", "awaiting key")


class TestTheTableOfCausesIsHonest:
    """A guess that passes for a quotation would one day be taken for proof."""

    def test_every_row_has_a_source_and_a_pattern_that_compiles(self) -> None:
        for row in table():
            assert row.source
            row.matches("any text")

    def test_what_nobody_has_seen_is_marked_as_a_guess(self) -> None:
        guessed = {row.cause for row in table() if row.confidence == "guess"}
        assert {"address", "permission"} <= guessed
        assert all(row.confidence == "guess" for row in table() if row.cause in ("address", "permission"))

    @pytest.mark.parametrize(
        ("text", "status", "cause"),
        [
            ("authorization failed ", 401, "credentials"),
            ("API key not passed or incorrect", None, "credentials"),
            ("Mandatory parameter price is missing", 422, "validation"),
            ("market_data is on maintenance", 500, "maintenance"),
            ("IP address is not in the whitelist", 403, "address"),
            ("Not enough permissions", 401, "permission"),
            ("Operation 17", 403, "unclear"),
            ("anything at all", 429, "rate"),
            ("anything at all", 422, "validation"),
        ],
    )
    def test_a_text_has_its_cause(self, text: str, status: int | None, cause: str) -> None:
        assert cause_of(text, status)[0] == cause

    @given(st.text(), st.integers(100, 599))
    def test_any_text_has_one(self, text: str, status: int) -> None:
        assert cause_of(text, status)[0]
