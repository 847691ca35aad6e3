"""components/readme.py: the page that the stack exports."""

from __future__ import annotations

from typing import Any

from components.readme import readme

WHITELIST: dict[str, Any] = {
    "label": "Gunbot_Trading",
    "permissions": [{"guide": "Place order", "spot": "Trade"}],
    "addresses": [{"address": "8.8.8.8", "reason": "the static address of host bot"}],
    "addressText": "8.8.8.8",
    "limits": "not offered",
    "history": [],
}
ROW = {"item": "fee tier", "settled": "open", "finding": "undetermined", "evidence": "a | b", "next": "ask"}


def page(**changed: Any) -> str:
    given: dict[str, Any] = {
        "address": "8.8.8.8",
        "status": "verified",
        "line": "all is well",
        "whitelist": WHITELIST,
        "steps": ["1. Log in."],
        "readiness": [ROW],
        "secret_arn": "arn:secret",
        "review_due": None,
        **changed,
    }
    return readme(**given)


class TestPage:
    """A page that falls apart in the console is read by nobody."""

    def test_a_row_of_the_checklist_is_a_row_of_a_table_whatever_is_in_it(self) -> None:
        assert "| fee tier | open | undetermined | a / b | ask |" in page().splitlines()
        settled = {**ROW, "settled": "measured"}
        del settled["next"]
        assert "| fee tier | measured | undetermined | a / b |  |" in page(readiness=[settled]).splitlines()

    def test_a_changed_whitelist_shows_what_changed_and_the_steps(self) -> None:
        change = {"date": "2026-01-02", "line": "add 9.9.9.9", "steps": ["1. Open the page."]}
        told = page(whitelist={**WHITELIST, "change": change}).splitlines()
        assert "Last change, 2026-01-02: add 9.9.9.9." in told
        assert "1. Open the page." in told

    def test_a_first_record_has_changed_in_nothing(self) -> None:
        assert "Last change" not in page()
        assert page(whitelist={**WHITELIST, "change": None}) == page()
