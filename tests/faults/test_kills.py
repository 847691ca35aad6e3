"""The kill harness: a sample always, a seeded part in test-long, all of it in the exhaustive run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import ENGINES
from tests.faults.kills import (
    MOMENTS,
    PHASES,
    TARGETS,
    Harness,
    Trial,
    Verdict,
    chosen,
    harness,
    line,
    main,
    run_all,
    seed_of_environment,
    table,
)

SOON = (Trial("up", "AllocateAddress#1", "after", "engine"),)
PART = 4  # kills of each phase
LATE = 2.0  # seconds until AWS shows a new object


@pytest.fixture(scope="module", params=ENGINES)
def made(request: pytest.FixtureRequest) -> Iterator[Harness]:
    with harness(request.param) as ready:
        yield ready


def bad(verdicts: list[Verdict]) -> list[str]:
    return [line(verdict) for verdict in verdicts if not verdict.good]


class TestKills:
    """Terraform, killed right after a creating call took effect, leaked two to four objects each time."""

    def test_a_sample_converges_with_nothing_leaked_or_doubled(self, made: Harness) -> None:
        verdicts = run_all(made, SOON)
        assert len(verdicts) == len(SOON)
        assert bad(verdicts) == []

    @pytest.mark.long
    def test_a_seeded_part_of_all_converges(self, made: Harness) -> None:
        seed = seed_of_environment()
        print(f"seed {seed}")
        verdicts: list[Verdict] = []
        for phase in PHASES:
            verdicts += run_all(made, chosen(made.trials(phase, TARGETS), seed, PART))
        print(table(verdicts))
        assert bad(verdicts) == []

    @pytest.mark.long
    def test_an_address_that_was_got_back_is_not_released_as_a_second_one(self, made: Harness) -> None:
        """The state had its old id, so `recover` took the whitelisted address for a double."""
        assert bad(run_all(made, [Trial("regain", "AllocateAddress#1", "after", "engine")])) == []

    @pytest.mark.long
    def test_creates_that_are_seen_late_are_not_made_twice(self) -> None:
        """The run after the kill searched by tag, found nothing yet, and allocated a second address."""
        with harness(visibility=LATE) as late:
            doubles = ("AllocateAddress#1", "CreateVpc#1", "CreateInternetGateway#1")
            trials = [Trial("up", call, moment, "engine") for call in doubles for moment in ("after", "late")]
            late.plan("destroy")
            assert bad(run_all(late, trials)) == []

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("visibility", [0.0, LATE])
    @pytest.mark.parametrize("engine", ENGINES)
    def test_all_of_them(self, engine: str, visibility: float) -> None:
        moments = [word for moment in (*MOMENTS, "late") for word in ("--moment", moment)]
        assert main(["--all", "--engine", engine, "--visibility", str(visibility), *moments]) == 0


class TestTheVerdict:
    """A harness that finds nothing against any account proves nothing."""

    def verdict(self, **found: list[str]) -> Verdict:
        verdict = Verdict(Trial("up", "CreateVpc#1", "after", "engine"), reached=True)
        for name, rows in found.items():
            setattr(verdict, name, rows)
        return verdict

    def test_is_good_where_nothing_differs(self) -> None:
        assert self.verdict().good

    def test_an_object_too_many_is_leaked(self) -> None:
        found = self.verdict(diff=["too much VPC: {}"])
        assert (found.good, found.leaked, found.doubled) == (False, True, True)

    def test_one_that_stands_in_the_place_of_another_is_leaked_and_not_doubled(self) -> None:
        found = self.verdict(diff=["missing VPC: {}", "too much VPC: {}"])
        assert (found.good, found.leaked, found.doubled) == (False, True, False)

    def test_what_a_destroy_leaves_is_leaked(self) -> None:
        assert self.verdict(left=["too much role: {}"]).leaked

    def test_a_kill_that_never_came_is_not_good(self) -> None:
        verdict = self.verdict()
        verdict.reached = False
        assert not verdict.good

    def test_a_missing_object_is_not_good(self) -> None:
        assert not self.verdict(diff=["missing secret: {}"]).good

    def test_the_same_seed_chooses_the_same_kills(self, tmp_path: Path) -> None:
        trials = [Trial("up", f"Create{n}#1", "after", "engine") for n in range(40)]
        assert chosen(trials, 7, 5) == chosen(trials, 7, 5)
        assert len(chosen(trials, 7, 5)) == 5
        assert chosen(trials, 7, None) == trials
