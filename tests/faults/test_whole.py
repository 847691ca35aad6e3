"""Faults under whole stacks: a seeded part in test-long, many more in the exhaustive run."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import ENGINES
from tests.faults.whole import main


@pytest.mark.end_to_end
class TestWholeStacks:
    """Each object met its fault well by itself, and the run as a whole ended in somebody else's traceback."""

    @pytest.mark.long
    @pytest.mark.parametrize("engine", ENGINES)
    def test_a_seeded_part_ends_well_or_in_a_clear_line_and_the_next_run_converges(
        self, capsys: pytest.CaptureFixture[str], engine: str
    ) -> None:
        status = main(["--seed", "4", "--sample", "6", "--engine", engine])
        assert status == 0, capsys.readouterr().out

    @pytest.mark.exhaustive
    def test_many_of_them(self, capsys: pytest.CaptureFixture[str]) -> None:
        status = main(["--seed", "5", "--sample", "120"])
        assert status == 0, capsys.readouterr().out
