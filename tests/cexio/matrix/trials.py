"""Runs situations under settings of the unknowns, and counts what came of it.

`sampled` goes the product's own way, `cexio.proving.prove`. `exhaustive` covers every combination: it finds,
for each place by itself, what that place is answered under every combination of the unknowns that matter
there, and judges every two of them that can be true at once. Both judge by the same rules, in `Row.take`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cexio.judgement import Finding, Judgement, Verdict
from cexio.permissions import SPOT_PERMISSIONS
from cexio.proving import prove
from cexio.verdicts import judge
from tests.cexio.matrix import unknowns
from tests.cexio.matrix.situations import HERE, HOST, Side, Situation
from tests.cexio.matrix.stand import EXPECTED, PAIR, HostSide, Stand, answered
from tests.cexio.matrix.unknowns import Setting

_RIGHT = Side()
_UNSURE = (Verdict.UNDETERMINED, Verdict.FUNDS_NOT_PROVEN)


@dataclass
class Row:
    """One line of the table. `wrong`: what came that should not have, with the setting and the line."""

    name: str
    place: str
    tried: int = 0
    as_it_should_be: int = 0
    undetermined: int = 0
    otherwise: int = 0
    falsely_good: int = 0
    alarms: int = 0
    orders_resting: int = 0
    funds_moved: int = 0
    wrong: list[str] = field(default_factory=list)

    def take(self, situation: Situation, setting: Setting, found: Judgement, times: int = 1) -> None:
        self.tried += times
        self.alarms += times * found.alarm
        by_host = situation.place == "host"
        expected = situation.expected if by_host else situation.elsewhere
        good = by_host and situation.passes
        if _falsely_good(situation, found, good=good):
            self.falsely_good += times
            self._note(situation, setting, found)
        elif (
            found.verdict in expected and found.verdict not in _UNSURE and not (by_host and situation.alarms)
        ):
            self.as_it_should_be += times
        elif by_host and situation.alarms:
            self.as_it_should_be += times * found.alarm
            self.otherwise += times * (not found.alarm)
            if not found.alarm:
                self._note(situation, setting, found)
        elif found.verdict in _UNSURE:
            self.undetermined += times
        elif found.verdict is Verdict.VERIFIED and (good or _unharmed_elsewhere(situation)):
            self.as_it_should_be += times
        else:
            self.otherwise += times
            self._note(situation, setting, found)

    def _note(self, situation: Situation, setting: Setting, found: Judgement) -> None:
        if len(self.wrong) < 20:
            self.wrong.append(
                f"{situation.name} from {situation.place}: {found.verdict.value}: {found.line}"
                f" [{situation.key} {situation.side} {setting}]"
            )


def _unharmed_elsewhere(situation: Situation) -> bool:
    return situation.by_place and situation.place == "elsewhere" and situation.passes


def _falsely_good(situation: Situation, found: Judgement, *, good: bool) -> bool:
    """Promoted or called verified though it must not be, or something granted that the key does not have:
    one of the key page's levels, or one of the guide's four permissions."""
    may_pass = good or _unharmed_elsewhere(situation)
    if (found.promotes or found.verdict is Verdict.VERIFIED) and not may_pass:
        return True
    held = set(situation.key.permissions)
    granted = {each.spot for each in (*found.levels, *found.permissions) if each.verdict is Finding.GRANTED}
    if not granted <= held:
        return True
    shut = {each.name for each in found.levels if each.verdict is Finding.REFUSED}
    open_to_all = not situation.key.addresses or HERE in situation.key.addresses
    moves = set(SPOT_PERMISSIONS[2:]) & held & shut
    return bool(moves) or (found.elsewhere.verdict is Finding.REFUSED and open_to_all)


def _sides(situation: Situation) -> tuple[Side, Side, str | None]:
    """The host's side, the other place's, and the address that a fault strikes."""
    if not situation.by_place:
        return situation.side, situation.side, None
    if situation.place == "host":
        return situation.side, _RIGHT, HOST
    return _RIGHT, situation.side, HERE


def one(stand: Stand, situation: Situation, setting: Setting) -> Judgement:
    """One verdict, the product's own way, over real sockets."""
    host, here, struck = _sides(situation)
    alone = situation.place == "elsewhere" and not situation.by_place
    stand.key(situation.key)
    stand.switch(situation.side, setting, struck)
    ask_host = stand.asking(situation.key, host, HERE if alone else HOST, "host")
    ask_here = None if alone else stand.asking(situation.key, here, HERE, "here")
    return prove(EXPECTED, PAIR, ask_host, ask_here)


def sampled(
    stand: Stand,
    situations: Iterable[Situation],
    settings: Callable[[random.Random], Sequence[Setting]],
    seed: int = 0,
) -> list[Row]:
    """A row a situation and place, each under the settings that `settings` draws for it."""
    rows: dict[tuple[str, str], Row] = {}
    draw = random.Random(seed)
    for situation in situations:
        row = _row(rows, situation)
        for setting in settings(draw):
            row.take(situation, setting, one(stand, situation, setting))
        _count(stand, row)
    return list(rows.values())


def spread(stand: Stand, situations: Sequence[Situation], sample: int, seed: int = 0) -> list[Row]:
    """Unknowns alone and in pairs for each row; in a row of many variations, each meets some of them."""
    alone, pairs = unknowns.one_at_a_time(), unknowns.pairs()
    rows = []
    for name in dict.fromkeys(each.name for each in situations):
        variations = [each for each in situations if each.name == name]
        each = max(1, sample // len(variations))

        def drawn(draw: random.Random, each: int = each) -> list[Setting]:
            return [
                {},
                *draw.sample(alone, min(each, len(alone))),
                *draw.sample(pairs, min(each, len(pairs))),
            ]

        rows += sampled(stand, variations, drawn, seed)
    return rows


def exhaustive(
    stand: Stand, situations: Iterable[Situation], tell: Callable[[Row], None] = lambda _row: None
) -> list[Row]:
    """A row a situation and place, under every combination of the unknowns."""
    rows: dict[tuple[str, str], Row] = {}
    known: dict[Any, list[tuple[Setting, Any]]] = {}
    for situation in situations:
        row = _row(rows, situation)
        _every_combination(stand, situation, row, known)
        _count(stand, row)
        tell(row)
    return list(rows.values())


def _every_combination(stand: Stand, situation: Situation, row: Row, known: dict[Any, Any]) -> None:
    host, here, struck = _sides(situation)
    alone = situation.place == "elsewhere" and not situation.by_place
    source = HERE if alone else HOST

    def host_run(setting: Setting) -> Any:
        stand.key(situation.key)
        stand.switch(host, setting, HOST if struck else None)
        return stand.host_side(situation.key, host, source), unknowns.looked_at()

    def here_run(setting: Setting) -> Any:
        stand.key(situation.key)
        stand.switch(here, setting, HERE if struck else None)
        return stand.here_side(situation.key, here), unknowns.looked_at()

    hosts = _once(known, ("host", situation.key, host, source), host_run)
    heres: list[tuple[Setting, Any]] = [({}, None)]
    if not alone:
        heres = _once(known, ("here", situation.key, here), here_run)
    judged: dict[Any, Judgement] = {}
    for on_host, (told, marks) in hosts:
        for over_here, (seen, marked) in _with_marks(heres):
            if not unknowns.compatible(on_host, over_here):
                continue
            if (marks, marked) not in judged:
                judged[marks, marked] = judge(told.before, seen, told.after, EXPECTED, (), told.aftermath)
            row.take(situation, {**on_host, **over_here}, judged[marks, marked])


def _with_marks(leaves: list[tuple[Setting, Any]]) -> list[tuple[Setting, Any]]:
    return [(setting, each if isinstance(each, tuple) else (each, None)) for setting, each in leaves]


def _once(known: dict[Any, Any], name: Any, run: Callable[[Setting], Any]) -> list[tuple[Setting, Any]]:
    """Leaves of one place, taken once: a host that nothing strikes is answered the same in every row."""
    if name not in known:
        known[name] = [(setting, (outcome, _mark(outcome))) for setting, outcome in unknowns.leaves(run)]
    return known[name]


def _mark(outcome: Any) -> Any:
    if isinstance(outcome, HostSide):
        return answered(outcome.before), answered(outcome.aftermath), answered(outcome.after)
    return answered(outcome)


def _row(rows: dict[tuple[str, str], Row], situation: Situation) -> Row:
    return rows.setdefault((situation.name, situation.place), Row(situation.name, situation.place))


def _count(stand: Stand, row: Row) -> None:
    row.orders_resting = max(row.orders_resting, stand.orders_resting())
    row.funds_moved = max(row.funds_moved, stand.funds_moved())
