"""The rate budget: never more than the exchange allows, whatever the way and the clock do."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cexio.budget import POINTS, Budget, Budgets, points_of
from cexio.credentials import Credentials

ONE = Credentials(key="key-one-0123456789", secret="secret-one")
TWO = Credentials(key="key-two-0123456789", secret="secret-two")
CALLS = st.lists(
    st.tuples(
        st.sampled_from(sorted(set(POINTS.values()))),
        st.just(0) | st.floats(0, 25),
        st.sampled_from([-2.0, 0.0, 2.0]) | st.floats(-2, 2),
    ),
    max_size=120,
)


class TestTheExchangesOwnCountNeverPassesTheLimit:
    """A request that leaves at 59.9 s is counted in the next minute, on top of all that is sent there."""

    @given(st.integers(10, 60), st.floats(1e9, 2e9), CALLS)
    def test_whenever_a_request_is_counted(
        self, limit: int, start: float, calls: list[tuple[int, float, float]]
    ) -> None:
        budget, now = Budget(limit), start
        counted: Counter[int] = Counter()
        for points, pause, late in calls:
            now += pause
            for _ in range(2):
                wait = budget.take(points, now)
                now += wait
                if not wait:
                    break
            assert not wait
            counted[int((now + late) // 60)] += points
        assert max(counted.values(), default=0) <= limit

    @given(st.floats(1e9, 2e9), st.integers(1, 10))
    def test_what_is_refused_is_not_taken(self, now: float, points: int) -> None:
        budget = Budget(10)
        assert budget.take(10, now) == 0
        wait = budget.take(points, now)
        assert 0 < wait < 65
        assert budget.take(10, now + wait) == 0

    @pytest.mark.parametrize(("first", "second"), [(59.0, 70.0), (30.0, 61.0), (59.0, 61.0), (61.0, 30.0)])
    def test_near_the_turn_both_minutes_are_charged(self, first: float, second: float) -> None:
        budget = Budget(10)
        assert budget.take(10, first) == 0
        assert budget.take(1, second) > 0

    def test_a_minute_is_used_whole(self) -> None:
        budget = Budget(200)
        assert [budget.take(5, 30.0) for _ in range(40)] == [0.0] * 40
        assert budget.take(1, 30.0) > 0

    @given(st.floats(1e9, 2e9))
    def test_a_refusal_by_the_exchange_spends_the_minute(self, now: float) -> None:
        budget = Budget(200)
        budget.exhaust(now)
        assert budget.take(1, now) > 0

    def test_threads_do_not_share_a_point(self) -> None:
        budget, taken = Budget(200), []

        def take() -> None:
            taken.extend(budget.take(1, 30.0) for _ in range(100))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert taken.count(0.0) == 200


class TestWhoSharesABudget:
    """Two clients of one key that count apart are refused together."""

    def test_clients_of_one_key_do_and_of_another_do_not(self) -> None:
        budgets = Budgets()
        mine = budgets.of_key("http://a", ONE)
        assert budgets.of_key("http://a", ONE.model_copy()) is mine
        assert budgets.of_key("http://a", TWO) is not mine
        assert budgets.of_key("http://b", ONE) is not mine
        assert budgets.of_address("http://a", None) is budgets.of_address("http://a", None)
        assert (mine.limit, budgets.of_address("http://a", None).limit) == (200, 100)

    def test_no_key_is_held(self) -> None:
        budgets = Budgets()
        budgets.of_key("http://a", ONE)
        assert "key-one" not in repr(vars(budgets))

    def test_an_unknown_action_is_taken_for_a_dear_one(self) -> None:
        assert points_of("get_something_new") == max(POINTS.values())
