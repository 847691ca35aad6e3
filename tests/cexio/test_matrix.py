"""The matrix of verdicts, as far as the time of each kind of run allows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from cexio.judgement import Judgement
from cexio.verdicts import judge
from tests.cexio.matrix import situations, trials, unknowns
from tests.cexio.matrix.__main__ import is_wrong, table
from tests.cexio.matrix.situations import HERE, HOST, Side, Situation
from tests.cexio.matrix.stand import EXPECTED, Stand, stand
from tests.cexio.matrix.trials import Row
from tests.cexio.matrix.unknowns import Setting

EVERY = list(situations.every())
NAMES = list(dict.fromkeys(each.name for each in EVERY))


@pytest.fixture(scope="module")
def exchange() -> Iterator[Stand]:
    with stand() as running:
        yield running


def check(rows: Sequence[Row]) -> None:
    wrong = [row for row in rows if is_wrong(row)]
    assert not wrong, "\n".join([table(wrong), *(line for row in wrong for line in row.wrong[:3])])


def named(name: str) -> list[Situation]:
    return [each for each in EVERY if each.name == name]


class TestNoSettingOfTheUnknownsMakesAFalseVerdict:
    """The exchange was guessed wrong, and a key that moves funds, or that anybody may use, was promoted."""

    @pytest.mark.parametrize("name", NAMES)
    def test_a_sample(self, exchange: Stand, name: str) -> None:
        draw = random.Random(name)
        chosen = draw.sample(named(name), min(4, len(named(name))))
        rows = trials.sampled(exchange, chosen, lambda own: [unknowns.at_random(own)], seed=len(name))
        check(rows)
        assert sum(row.tried for row in rows) == len(chosen)

    @pytest.mark.long
    @pytest.mark.parametrize("name", NAMES)
    def test_each_alone_and_pairs(self, exchange: Stand, name: str) -> None:
        check(trials.spread(exchange, named(name), sample=60))

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("name", NAMES)
    def test_every_combination(self, exchange: Stand, name: str) -> None:
        check(trials.exhaustive(exchange, named(name)))


class TestTheMatrixCanFail:
    """A table of zeros proves nothing unless a wrong verdict would show in it."""

    GOOD = EVERY[0]

    def test_a_promoted_key_that_moves_funds_shows(self, exchange: Stand) -> None:
        good = trials.one(exchange, self.GOOD, {})
        row = Row("x", "host")
        row.take(named("extra: Funds Wallet")[0], {}, good)
        row.take(named("whitelist empty")[0], {}, good)
        assert (row.tried, row.falsely_good) == (2, 2)
        assert is_wrong(row)

    def test_a_verdict_of_another_name_shows(self, exchange: Stand) -> None:
        wrong_key = trials.one(exchange, named("wrong key")[0], {})
        row = Row("x", "host")
        row.take(named("not activated")[0], {}, wrong_key)
        assert (row.otherwise, is_wrong(row)) == (1, True)

    def test_the_exchange_counts_what_rests_and_what_moved(self, exchange: Stand) -> None:
        key = exchange.key(situations.Key(permissions=("Read", "Trade", "Funds Internal")))
        assert (exchange.orders_resting(), exchange.funds_moved()) == (0, 0)
        account = exchange.exchange.store.owner_of(key.key.get_secret_value())
        account.spot["bot"]["USD"].total += 1
        assert exchange.funds_moved() == 1
        account.spot["bot"]["USD"].total -= 1


class TestTheWorstThatAnOrderProbeCanComeTo:
    """The exchange takes the order and will not take it back: the one thing to wake somebody up for."""

    def test_it_rests_and_the_alarm_says_so(self) -> None:
        broken = Side(switches=(("orders_taken", "any"), ("maintenance", ("order_cancellation",))))
        with stand() as own:
            found = trials.one(own, replace(named("order accepted")[0], side=broken), {})
            assert own.orders_resting() == 1
        assert (found.alarm, found.promotes) == (True, False)
        assert "NOT acknowledged" in found.line
        assert "RESTS in the book" in found.line

    def test_a_lost_answer_is_cleared_by_looking(self) -> None:
        lost = Side(switches=(("fault", "lost-reply"), ("fault_actions", ("do_my_new_order",))))
        with stand() as own:
            found = trials.one(own, replace(EVERY[0], side=lost, by_place=True), {})
        assert not found.alarm
        assert not found.promotes
        assert {"cancel-again", "resting", "archived"} <= {row["probe"] for row in found.evidence}


class TestTheExhaustiveWayIsTheProductsOwn:
    """A short cut that judges other answers than the product gets would prove another product."""

    def test_it_comes_to_the_same_verdicts(self, exchange: Stand) -> None:
        draw = random.Random(7)
        for situation in draw.sample([each for each in EVERY if each.by_place], 8):
            setting = unknowns.at_random(draw)
            assert told(trials.one(exchange, situation, setting)) == told(
                by_halves(exchange, situation, setting)
            )

    def test_what_is_not_looked_at_does_not_matter(self, exchange: Stand) -> None:
        exchange.key(EVERY[0].key)
        exchange.switch(Side(), {}, None)
        exchange.host_side(EVERY[0].key, Side())
        names = unknowns.looked_at()
        assert "permission_missing" in names
        assert "address_refused" not in names

    def test_every_value_of_what_is_looked_at_is_tried(self) -> None:
        def run(setting: Setting) -> tuple[Setting, list[str]]:
            first = setting.get("permission_check", "before-validation")
            return setting, ["permission_check"] + ["ws_address_refused"] * (first == "after-validation")

        found = [setting for setting, _ in unknowns.leaves(run)]
        assert len(found) == 1 + 4
        assert {each.get("ws_address_refused") for each in found} == {
            None,
            "own-text",
            "like-wrong-key",
            "close",
            "not-checked",
        }


def by_halves(exchange: Stand, situation: Situation, setting: Setting) -> Judgement:
    strikes_host = situation.place == "host"
    host, here = (situation.side, Side()) if strikes_host else (Side(), situation.side)
    exchange.switch(situation.side, setting, HOST if strikes_host else HERE)
    told = exchange.host_side(situation.key, host)
    seen = exchange.here_side(situation.key, here)
    return judge(told.before, seen, told.after, EXPECTED, (), told.aftermath)


def told(found: Judgement) -> tuple[object, ...]:
    return found.verdict, found.promotes, found.alarm, [each.verdict for each in found.levels]
