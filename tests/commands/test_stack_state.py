"""commands/stack_state.py: an exported state as recover reads it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.stack_config import NoStack
from commands.stack_state import LONGEST, stack_state

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=timezone.utc)
OWNER = "cexio-bot/live/vpc"


def resource(id_: str = "", **fields: Any) -> dict[str, Any]:
    return {"urn": "urn:x", "type": "t", "id": id_, **fields}


def pending(type_: str, owner: str) -> dict[str, Any]:
    return {"type": type_, "resource": resource(inputs={"owner": owner})}


class TestWhatIsKnown:
    """What the state knows and recover overlooks is taken for an orphan, and may be released."""

    def test_ids_and_owners_of_what_is_there(self) -> None:
        rows = [
            resource("vpc-1", inputs={"owner": OWNER}, outputs={"owner": OWNER}),
            resource("", inputs={"owner": "cexio-bot/live/not-made"}),
            resource("subnet-1", outputs={"owner": "cexio-bot/live/subnet"}),
            {"urn": "urn:component", "type": "t"},
        ]
        recorded = stack_state({"resources": rows}).recorded
        assert recorded.ids == {"vpc-1", "subnet-1"}
        assert recorded.owners == {OWNER, "cexio-bot/live/subnet"}
        assert recorded.creating == frozenset()

    def test_an_address_that_was_got_back_is_known_by_its_new_id_too(self) -> None:
        rows = [resource("eipalloc-1", outputs={"allocationId": "eipalloc-2"})]
        assert stack_state({"resources": rows}).recorded.ids == {"eipalloc-1", "eipalloc-2"}

    def test_only_what_was_being_made_counts_as_that(self) -> None:
        operations = [
            pending(kind, f"cexio-bot/live/{kind}") for kind in ("creating", "updating", "deleting")
        ]
        state = stack_state({"pending_operations": operations})
        assert (state.pending, state.recorded.creating) == (3, {"cexio-bot/live/creating"})

    def test_a_sealed_owner_is_none(self) -> None:
        rows = [resource("vpc-1", inputs={"owner": {"ciphertext": "x"}})]
        assert stack_state({"resources": rows}).recorded.owners == frozenset()

    @pytest.mark.parametrize("deployment", [{}, {"resources": None, "pending_operations": None}])
    def test_a_stack_that_was_never_up_knows_nothing(self, deployment: dict[str, Any]) -> None:
        state = stack_state(deployment)
        assert (state.pending, state.recorded.ids, state.written) == (0, frozenset(), None)

    @pytest.mark.parametrize("deployment", [[], "x", {"resources": {}}, {"resources": [{"id": 7}]}])
    def test_what_is_no_state_is_refused_in_one_line(self, deployment: Any) -> None:
        with pytest.raises(NoStack, match=r"^the exported state is not one [^\n]+$"):
            stack_state(deployment)


class TestItsAge:
    """A state that seemed old was believed, and what AWS showed a moment later was never found."""

    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-25T11:59:00Z",
            "2026-11-25T11:59:00.123456789Z",
            "2026-11-25T12:59:00+01:00",
            "2026-11-25T05:29:00.5-06:30",
        ],
    )
    def test_it_is_told_in_every_form_that_states_have(self, text: str) -> None:
        state = stack_state({"manifest": {"time": text}})
        assert state.age(NOON) == 60
        assert state.recorded.begun == NOON - timedelta(seconds=60) - LONGEST

    @given(st.text(max_size=40))
    def test_one_that_cannot_be_read_is_new_and_tells_not_what_is_older(self, text: str) -> None:
        state = stack_state({"manifest": {"time": text}})
        assert state.written is None
        assert (state.age(NOON), state.recorded.begun) == (0, None)

    def test_a_stack_that_was_never_deployed_has_none(self) -> None:
        state = stack_state({"manifest": {"time": "0001-01-01T00:00:00Z"}})
        assert (state.written, state.age(NOON), state.recorded.begun) == (None, 0, None)

    def test_one_from_a_clock_that_is_ahead_is_new(self) -> None:
        assert stack_state({"manifest": {"time": "2026-11-25T13:00:00Z"}}).age(NOON) == 0
