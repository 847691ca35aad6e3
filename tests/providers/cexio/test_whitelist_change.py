"""providers/cexio/whitelist_change.py: what the difference of two records asks of a person."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.output import Unknown

from providers.cexio.whitelist_change import DEACTIVATES, Change, change_between

OWN = {"address": "8.8.8.8", "reason": "the static address of host bot"}
OFFICE = {"address": "9.9.9.9", "reason": "the office"}
OTHER = {"address": "1.1.1.1", "reason": "a second host"}
ROWS = [OWN, OFFICE, OTHER, {"address": "4.4.4.4", "reason": "the stand-by"}]


def record(*addresses: Any, **changed: Any) -> dict[str, Any]:
    return {
        "label": "Gunbot_Trading",
        "permissions": [{"guide": "Account balance", "spot": "Read"}],
        "addresses": list(addresses),
        "limits": "not offered",
        "reviewDays": 90.0,
        **changed,
    }


def change(old: dict[str, Any], new: dict[str, Any]) -> Change:
    found = change_between(old, new)
    assert found is not None
    return found


class TestEdit:
    """An operator who does not know that an edit stops the bot edits while a position is open."""

    def test_the_line_says_what_to_add_and_remove_and_what_that_does(self) -> None:
        found = change(record(OWN, OFFICE), record(OWN, OTHER))
        assert found.line == (
            "key Gunbot_Trading: add 1.1.1.1 (a second host), remove 9.9.9.9 (the office): "
            "this edit deactivates the key; have your mail at hand"
        )
        assert (found.add, found.remove, found.deactivates) == (("1.1.1.1",), ("9.9.9.9",), True)

    def test_the_steps_give_the_whole_line_to_type_and_end_with_a_proof(self) -> None:
        steps = change(record(OWN), record(OWN, OFFICE)).steps(["8.8.8.8", "9.9.9.9"])
        assert [step.partition(".")[0] for step in steps] == [str(n + 1) for n in range(len(steps))]
        text = "\n".join(steps)
        for word in ("8.8.8.8,9.9.9.9", "Activate", "e-mail", "reviewRequest", "Gunbot_Trading"):
            assert word in text

    def test_other_permissions_are_an_edit_as_well(self) -> None:
        more = [{"guide": "Account balance", "spot": "Read"}, {"guide": "Open orders", "spot": "Read"}]
        assert DEACTIVATES in change(record(OWN), record(OWN, permissions=more)).line

    @given(st.permutations(ROWS), st.integers(0, 4), st.permutations(ROWS), st.integers(0, 4))
    def test_it_deactivates_if_and_only_if_the_sets_differ(
        self, olds: list[Any], few: int, news: list[Any], some: int
    ) -> None:
        old, new = record(*olds[:few]), record(*news[:some])
        before, after = ({row["address"] for row in rows["addresses"]} for rows in (old, new))
        found = change_between(old, new)
        assert set(found.add if found else ()) == after - before
        assert set(found.remove if found else ()) == before - after
        assert (found is not None and DEACTIVATES in found.line) == (before != after)


class TestNoEdit:
    """An alarm about an edit that is none teaches to overlook the next."""

    @pytest.mark.parametrize(
        ("new", "says"),
        [
            (record({**OWN, "reason": "host"}), "another reason for 8.8.8.8"),
            (record(OWN, reviewDays=30.0), "a review every 30 days"),
            (record(OWN, accountId="bot"), "another sub-account"),
        ],
    )
    def test_what_is_not_on_the_key_page_is_no_edit(self, new: dict[str, Any], says: str) -> None:
        found = change(record(OWN), new)
        assert says in found.line
        assert "nothing to edit on the key page" in found.line
        assert found.steps(["8.8.8.8"]) == []

    @pytest.mark.parametrize("changed", [{"label": "Other"}, {"limits": "1 BTC a day"}])
    def test_label_and_limits_are_edited_and_the_key_is_looked_at(self, changed: dict[str, str]) -> None:
        found = change(record(OWN), record(OWN, **changed))
        assert next(iter(changed.values())) in found.line
        assert "see that the key stays active" in found.line
        assert found.line.startswith("key Gunbot_Trading: ")

    def test_equal_records_are_no_change(self) -> None:
        assert change_between(record(OWN, OFFICE), record(OWN, OFFICE)) is None


class TestUnknown:
    """A preview that took an unknown address for a removed one cried wolf at every edit of a tag."""

    def test_an_unknown_address_removes_nothing(self) -> None:
        unknown = {"address": Unknown(), "reason": OWN["reason"]}
        assert change_between(record(OWN), record(unknown)) is None
        assert change_between(record(OWN), record(OWN, addresses=Unknown())) is None

    def test_what_is_known_beside_it_is_told(self) -> None:
        unknown = {"address": Unknown(), "reason": OWN["reason"]}
        assert change(record(OWN), record(unknown, OFFICE)).add == ("9.9.9.9",)

    def test_a_line_is_one_line_whatever_is_in_it(self) -> None:
        assert "\n" not in change(record(OWN), record(OWN, limits="a\nb")).line
