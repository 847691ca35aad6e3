"""cexio/readiness.py: the checklist of the exchange account, and how each item was settled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cexio.measurement import Measurement
from cexio.readiness import brief, readiness
from cexio.verdicts import evidence
from tests.cexio.answers import AT, BALANCES, HOST, host

STATED = {"twoFactorOn": "2026-01-01", "countryEligible": "2026-01-02", "apiRequirementsMet": "2026-01-03"}
ASKED = ["two-factor login", "country of the account", "API requirements"]
MEASURABLE = ["country of the host", "sub-account for API orders", "funds in the sub-account", "fee tier"]


def rows(measured: Measurement | None, **changed: Any) -> dict[str, dict[str, str]]:
    """The checklist by item, from what a host measured."""
    found = [] if measured is None else evidence(measured, account_id="bot")
    given: dict[str, Any] = {
        "evidence": found,
        "statements": {},
        "account_id": "bot",
        "pair": "BTC-USD",
        "region": "eu-central-1",
        "country": "Germany",
        **changed,
    }
    return {row["item"]: row for row in readiness(**given)}


class TestMeasured:
    """A checklist that ticks itself is read once."""

    def test_a_good_pass_measures_all_that_can_be(self) -> None:
        found = rows(host())
        assert list(found) == [*ASKED, *MEASURABLE]
        assert {found[item]["settled"] for item in MEASURABLE} == {"measured"}
        assert found["funds in the sub-account"]["finding"] == "funded"
        assert found["fee tier"]["finding"] == "0.25% on BTC-USD"
        for item in MEASURABLE:
            assert "next" not in found[item]
            assert HOST in found[item]["evidence"]
            assert AT in found[item]["evidence"]

    def test_nothing_is_measured_before_a_proof(self) -> None:
        for row in rows(None).values():
            assert (row["settled"], row["finding"]) == ("open", "undetermined")
            assert row["next"]

    @pytest.mark.parametrize(
        ("accounts", "item", "finding"),
        [
            ({}, "sub-account for API orders", "bot is not there"),
            ({"bot": {"USD": {"balance": "0.00"}}}, "funds in the sub-account", "not funded"),
        ],
    )
    def test_what_was_seen_to_be_wrong_is_measured_and_has_a_next_step(
        self, accounts: Any, item: str, finding: str
    ) -> None:
        reply = (200, {"ok": "ok", "data": {"balancesPerAccounts": accounts}})
        found = rows(host(balance=reply))[item]
        assert (found["settled"], found["finding"]) == ("measured", finding)
        assert "bot" in found["next"]

    def test_an_account_that_is_not_there_is_not_said_to_be_empty(self) -> None:
        reply = (200, {"ok": "ok", "data": {"balancesPerAccounts": {}}})
        assert rows(host(balance=reply))["funds in the sub-account"]["settled"] == "open"

    @pytest.mark.parametrize(
        "reply",
        [
            "timeout",
            (500, {"error": "Unexpected error"}),
            (200, "<html></html>"),
            (200, {"ok": "ok", "data": {"error": "no", "tradingFee": {"BTC-USD": {"percent": "1"}}}}),
            (401, {"ok": "ok", "data": {}}),
            (502, '{"ok":"ok","data":{"tradingFee":'),
            None,
        ],
    )
    def test_an_answer_that_is_none_leaves_its_items_open(self, reply: Any) -> None:
        found = rows(host(balance=reply, key_check=reply))
        assert {found[item]["settled"] for item in MEASURABLE} == {"open"}

    def test_a_success_that_was_cut_is_one_though_nothing_is_read_from_it(self) -> None:
        found = rows(host(key_check=(200, '{"ok":"ok","data":{"tradingFee":')))
        assert found["country of the host"]["settled"] == "measured"
        assert found["fee tier"]["settled"] == "open"

    @pytest.mark.parametrize("percent", [None, "", "soon", "nan", [], {"x": 1}])
    def test_a_fee_that_cannot_be_read_is_not_readable(self, percent: Any) -> None:
        fee = {"ok": "ok", "data": {"tradingFee": {"BTC-USD": {"percent": percent}}}}
        found = rows(host(key_check=(200, fee)))
        assert found["fee tier"]["settled"] == "open"
        assert found["country of the host"]["settled"] == "measured"

    def test_what_was_answered_elsewhere_says_nothing_of_the_host(self) -> None:
        moved = [{**row, "vantage": "here"} for row in evidence(host())]
        assert {rows(None, evidence=moved)[item]["settled"] for item in MEASURABLE} == {"open"}

    def test_evidence_about_another_sub_account_is_none(self) -> None:
        found = rows(host(), account_id="other")
        assert found["sub-account for API orders"]["settled"] == "open"
        assert found["funds in the sub-account"]["settled"] == "open"

    def test_without_a_sub_account_its_items_are_open_with_the_command_that_names_one(self) -> None:
        found = rows(host(), account_id=None)
        assert "cexio-bot:accountId" in found["funds in the sub-account"]["next"]


class TestStated:
    """A word given once for a form is taken for a measurement by whoever reads it next."""

    def test_a_statement_is_shown_as_yours_with_its_day(self) -> None:
        found = rows(None, statements=STATED)
        assert [found[item]["settled"] for item in ASKED] == [
            "stated by you on 2026-01-01",
            "stated by you on 2026-01-02",
            "stated by you on 2026-01-03",
        ]
        assert all("not measured" in found[item]["evidence"] for item in ASKED)

    def test_an_item_that_is_open_names_the_setting_that_states_it(self) -> None:
        found = rows(host())
        for item, setting in zip(ASKED, STATED, strict=True):
            assert f"cexio-bot:{setting}" in found[item]["next"]


class TestCountry:
    """A host in a country that the exchange turns away works until the day it does not."""

    @pytest.mark.parametrize("measured", [None, host()])
    def test_canada_is_advised_against_even_while_it_is_answered(self, measured: Measurement | None) -> None:
        found = rows(measured, region="ca-central-1", country="Canada")["country of the host"]
        assert found["finding"] == "advised against"
        assert "another region" in found["next"]

    def test_an_unknown_country_is_settled_by_an_answer_alone(self) -> None:
        assert rows(None, country=None)["country of the host"]["settled"] == "open"
        assert rows(host(), country=None)["country of the host"]["settled"] == "measured"


class TestBrief:
    """A summary of three screens hides the one line that matters."""

    def test_it_counts_and_names_what_is_left(self) -> None:
        assert brief(list(rows(host()).values())) == f"4 measured; left: {', '.join(ASKED)}"
        ready = list(rows(host(), statements=STATED).values())
        assert brief(ready) == "4 measured, 3 stated by you; nothing left"


class TestNothingIsShown:
    """The list is exported and read by everyone who can read the stack."""

    def test_no_amount_of_the_account_is_in_it(self) -> None:
        amount = BALANCES["data"]["balancesPerAccounts"]["bot"]["USD"]["balance"]  # type: ignore[index]
        assert amount not in json.dumps(rows(host(), statements=STATED))

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(["probe", "vantage", "status", "text", "at", "account", "fault", "action"]),
                st.one_of(st.none(), st.text(max_size=9), st.integers(), st.just("host"), st.just("balance")),
            ),
            max_size=4,
        )
    )
    def test_no_evidence_whatever_is_more_than_undetermined(self, found: list[dict[str, Any]]) -> None:
        told = rows(None, evidence=found)
        assert {row["settled"] for row in told.values()} == {"open"}
