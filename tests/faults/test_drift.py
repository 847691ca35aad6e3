"""Drift over a whole stack, as `python -m tests.faults.drift` tries it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.conftest import ENGINES
from tests.faults.drift import row, table
from tests.faults.drifts import DRIFTS, Drift, rounds


class TestTable:
    """Two drifts of one resource in one run hid each other: one was found, and both were called found."""

    def test_no_round_has_two_drifts_of_one_resource_and_none_is_left_out(self) -> None:
        groups = rounds(DRIFTS)
        assert all(len({drift.kind for drift in group}) == len(group) for group in groups)
        assert sorted(drift.name for group in groups for drift in group) == sorted(d.name for d in DRIFTS)

    def test_what_is_told_is_told_alone_with_what_ends_it(self) -> None:
        told = [drift for drift in DRIFTS if drift.ends == "told"]
        assert told
        assert all(drift.says and drift.mended for drift in told)
        assert all([drift] in rounds(DRIFTS) for drift in told)


@pytest.mark.long
class TestDrift:
    """What a hand changed at the console stayed changed, and every preview said that all was well."""

    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
    def test_each_is_found_and_repaired_or_told(self, tmp_path: Path, engine: str, *, apart: bool) -> None:
        drifts: list[Drift] = [drift for drift in DRIFTS if drift.apart is apart]
        wrong = [row(one) for one in table(drifts, tmp_path, engine) if not one.right]
        assert not wrong, "\n".join(wrong)
