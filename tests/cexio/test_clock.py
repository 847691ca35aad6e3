"""The exchange's time as this machine can tell it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cexio.clock import Clock


class TestTheOffsetIsWhatWasMeasured:
    """An offset that is wrong signs every call with a wrong time."""

    @given(st.floats(1.6e9, 2e9), st.floats(-1e7, 1e7), st.floats(0, 10), st.floats(0, 1))
    def test_it_is_right_within_half_the_way(
        self, machine: float, offset: float, took: float, part: float
    ) -> None:
        clock = Clock(lambda: machine)
        clock.learn((machine + took * part + offset) * 1000, machine, machine + took)
        assert clock.now() == pytest.approx(machine + offset, abs=took / 2 + 0.01)

    @pytest.mark.parametrize("server_ms", [0.0, 5.0, 1_700_000_000.0, 1e15, float("nan"), float("inf")])
    def test_a_time_of_no_clock_is_not_learned(self, server_ms: float) -> None:
        clock = Clock(lambda: 1.7e9)
        clock.learn(server_ms, 1.7e9, 1.7e9)
        assert clock.offset_s == 0

    def test_an_answer_that_took_long_says_too_little(self) -> None:
        clock = Clock(lambda: 1.7e9)
        clock.learn(1.8e12, 1.7e9 - 11, 1.7e9)
        assert clock.offset_s == 0


class TestItIsLearnedWhenItMustBe:
    """Asking before every call doubles the calls; never asking again trusts a clock for ever."""

    def test_at_first_and_after_an_hour_and_not_in_between(self) -> None:
        now = 1.7e9
        clock = Clock(lambda: now)
        assert clock.due()
        clock.learn(now * 1000, now, now)
        assert not clock.due()
        now += 3599
        assert not clock.due()
        now += 2
        assert clock.due()

    def test_after_a_question_without_an_answer_not_within_the_minute(self) -> None:
        now = 1.7e9
        clock = Clock(lambda: now)
        clock.asked()
        assert not clock.due()
        now += 61
        assert clock.due()

    def test_a_clock_that_was_set_back_is_doubted(self) -> None:
        now = 1.7e9
        clock = Clock(lambda: now)
        clock.learn(now * 1000, now, now)
        assert not clock.doubtful()
        now -= 61
        assert clock.doubtful()
