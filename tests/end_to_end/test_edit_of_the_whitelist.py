"""An address more and an address less on the record of a whole stack, as an operator sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.stack import Ran, Stack

pytestmark = pytest.mark.long
OFFICE = [{"address": "127.9.8.7", "reason": "the office"}]
EDIT = ": this edit deactivates the key; have your mail at hand"
ADDS, REMOVES = f"add 127.9.8.7 (the office){EDIT}", f"remove 127.9.8.7 (the office){EDIT}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("edit")) as made:
        done(made.up())
        yield made


def done(ran: Ran) -> str:
    assert ran.status == 0, ran.output
    return ran.output


def whitelist(stack: Stack) -> dict[str, Any]:
    return dict(
        json.loads(done(stack.pulumi("stack", "output", "whitelist", "--json", "--stack", "sandbox")))
    )


class TestNeverSilently:
    """An address went through review as one line of a file, and nobody opened the key page."""

    def test_an_address_added_and_removed_is_told_recorded_and_then_no_change(self, stack: Stack) -> None:
        own = whitelist(stack)["addressText"]
        stack.configured(extraAddresses=OFFICE)
        assert ADDS in done(stack.pulumi("preview", "--stack", "sandbox"))
        assert [row["change"] for row in whitelist(stack)["history"]] == ["recorded"]

        assert ADDS in done(stack.up(extraAddresses=OFFICE))
        after = whitelist(stack)
        assert after["addressText"] == f"{own},127.9.8.7"
        assert after["change"]["line"].endswith(ADDS)
        assert [row["change"] for row in after["history"]] == ["recorded", "add 127.9.8.7 (the office)"]

        again = done(stack.up(extraAddresses=OFFICE))
        assert "updated" not in again
        assert EDIT not in again
        assert whitelist(stack) == after

        assert REMOVES in done(stack.up())
        last = whitelist(stack)
        assert last["addressText"] == own
        assert len(last["history"]) == 3

    def test_an_address_without_a_reason_stops_the_run_before_anything_is_changed(self, stack: Stack) -> None:
        before = whitelist(stack)
        ran = stack.up(extraAddresses=[{"address": "127.9.8.8", "reason": " "}])
        assert ran.status != 0
        assert "says no reason" in ran.output
        assert whitelist(stack) == before
