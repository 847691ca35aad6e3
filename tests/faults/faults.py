"""Every fault of AWS's at every call that the providers make: python -m tests.faults.faults

    --call ACTION   only calls of this action (or RESOURCE.MOMENT, or RESOURCE)
    --fault NAME    only this accident of accidents.py
    --seed N --sample M   M trials chosen by N; --all (the default) for every one
    --every         each call of a moment and not the first of its action alone
    --workers N     so many stages side by side (default 2)

Prints a row for each fault, and below the table each trial that did not end as it has to; exit 1 then.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import multiprocessing.util
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.faults.accidents import ACCIDENTS
from tests.faults.moments import OBJECTS, ObjectOf, Place, Stage, enumerated, stage
from tests.faults.trials import Trial, may_hit, tried

COLUMNS = ("tried", "success", "clear error", "unclear", "converged", "doubled", "leaked", "not as expected")


def planned(
    places: Sequence[Place], calls: str | None = None, fault: str | None = None, *, every: bool = False
) -> list[tuple[Place, str]]:
    """Which accident to try at which call."""
    chosen = [
        place
        for place in places
        if (every or place.nth == 1)
        and calls in (None, place.action, place.resource, f"{place.resource}.{place.moment}")
    ]
    return [
        (place, name)
        for place in chosen
        for name, accident in ACCIDENTS.items()
        if fault in (None, name) and may_hit(place, accident)
    ]


def sampled(plan: Sequence[tuple[Place, str]], seed: int, size: int) -> list[tuple[Place, str]]:
    """Some of a plan, the same for the same seed, in the plan's order."""
    chosen = set(random.Random(seed).sample(range(len(plan)), min(size, len(plan))))
    return [one for number, one in enumerate(plan) if number in chosen]


def played(on: Stage, plan: Sequence[tuple[Place, str]], *, loud: bool = False) -> list[Trial]:
    """The trials of a plan, on one stage."""
    trials, objects = [], dict[str, ObjectOf]()
    for number, (place, name) in enumerate(plan, 1):
        for resource in [other for other in objects if other != place.resource]:
            objects.pop(resource).close()
        if place.resource not in objects:
            objects[place.resource] = on.object_of(place.resource)
        object_ = objects[place.resource]
        trial = tried(on, object_, place, name)
        if trial is not None:
            trials.append(trial)
            if loud and not trial.well:
                print(f"  {number}/{len(plan)} {trial.line()}", file=sys.stderr, flush=True)
    for object_ in objects.values():
        object_.close()
    return trials


def table(trials: Sequence[Trial]) -> str:
    """A row for each fault and one for all."""
    rows = [_row(name, [one for one in trials if one.accident == name]) for name in ACCIDENTS]
    rows = [row for row in rows if row[1]] + [_row("all", trials)]
    head = ("fault", *COLUMNS)
    widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        "  ".join(
            str(cell).ljust(width) if not column else str(cell).rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [head, *rows]
    ]
    return "\n".join(lines)


def _row(name: str, trials: Sequence[Trial]) -> tuple[str | int, ...]:
    return (
        name,
        len(trials),
        sum(one.succeeded for one in trials),
        sum(one.clear for one in trials),
        sum(bool(one.unclear) for one in trials),
        sum(one.converged for one in trials),
        sum(one.doubled for one in trials),
        sum(one.leaked for one in trials),
        sum(not one.well for one in trials),
    )


_on: Stage


def _workers(number: int) -> ProcessPoolExecutor:
    """Processes that each have a stage, for as long as they live."""
    return ProcessPoolExecutor(number, multiprocessing.get_context("spawn"), initializer=_set_up)


def _set_up() -> None:
    global _on  # noqa: PLW0603  one stage a process
    made = stage()
    _on = made.__enter__()
    # a worker's ending is not told to it otherwise
    multiprocessing.util.Finalize(None, made.__exit__, args=(None, None, None), exitpriority=10)


def _places(resource: str) -> list[Place]:
    return enumerated(_on, (resource,))


def _trials(part: list[tuple[Place, str]]) -> list[Trial]:
    return played(_on, part, loud=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.faults", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--call")
    parser.add_argument("--fault", choices=sorted(ACCIDENTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    resources = tuple(r for r in OBJECTS if (chosen.call or "").split(".")[0] == r) or tuple(OBJECTS)
    with _workers(chosen.workers) as workers:
        places = list(itertools.chain(*workers.map(_places, resources)))
        plan = planned(places, chosen.call, chosen.fault, every=chosen.every)
        if chosen.sample and not chosen.all:
            plan = sampled(plan, chosen.seed, chosen.sample)
        parts = [[one for one in plan if one[0][:2] == key] for key in dict.fromkeys(p[:2] for p, _ in plan)]
        trials = list(itertools.chain(*workers.map(_trials, parts)))
    actions = {f"{place.service}:{place.action}" for place in places}
    print(f"{len(places)} calls of {len(actions)} actions in {len({p[:2] for p in places})} moments")
    print(table(trials))
    bad = [trial for trial in trials if not trial.well]
    print(f"{len(trials)} trials, {len(bad)} not as they have to be, {time.monotonic() - began:.0f} s")
    for trial in bad:
        print(f"  {trial.line()}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
