"""The guide's six steps."""

from __future__ import annotations

from typing import Any

import pytest

from cexio.guide_steps import Handover, guide_steps

HANDOVER = Handover(limits=" and keep a note.", account=" and keep its name.", offer="Hand it over.")


def told(**changes: Any) -> str:
    values: dict[str, Any] = {
        "label": "Gunbot_Trading",
        "guide": ["Account balance", "Place order"],
        "spot": ["Read", "Trade"],
        "addresses": ["203.0.113.7", "203.0.113.8"],
        "limits": "100 USD a day",
        "account_id": "bot",
        "review_days": 30,
        "handover": HANDOVER,
        **changes,
    }
    found = guide_steps(**values)
    assert len(found) == 6
    return "\n".join(action for step in found for action in (step.title, *step.actions))


class TestEveryValueStandsWhereItIsTyped:
    """A step that leaves a value to memory is a key with another address."""

    @pytest.mark.parametrize(
        "value",
        ["Gunbot_Trading", "Read, Trade", "203.0.113.7,203.0.113.8", "100 USD a day", "`bot`", "30 days"],
    )
    def test_a_value_is_told(self, value: str) -> None:
        assert value in told()

    def test_what_is_not_known_yet_is_asked_for(self) -> None:
        text = told(limits="not offered", account_id=None, addresses=["203.0.113.7"])
        assert "set them and keep a note." in text
        assert "make one, as orders need it and keep its name." in text
        assert "this one address exactly so: 203.0.113.7" in text

    def test_nothing_of_pulumi_is_told_but_where_not_to_put_the_secret(self) -> None:
        assert told().lower().count("pulumi") == 1
