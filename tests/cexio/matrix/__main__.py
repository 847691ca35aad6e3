"""`python -m tests.cexio.matrix [--all] [--sample N] [--only WORDS]`: print the matrix.

Without words: every situation under unknowns one at a time and in pairs, N (100) of each spread over the
variations of a row. `--all`: under every combination. Exit status 1 if anything is falsely good, rests or
has moved, or is called by another name than it should be.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.cexio.matrix import situations, trials
from tests.cexio.matrix.stand import stand
from tests.cexio.matrix.trials import Row

_HEAD = ("situation", "place", "tried", "as it should", "undeterm.", "otherwise", "falsely good")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cexio.matrix")
    parser.add_argument("--all", action="store_true", help="every combination of the unknowns")
    parser.add_argument("--sample", type=int, default=100, help="settings a row, alone and in pairs (100)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only situations whose name holds this")
    chosen = parser.parse_args(arguments)
    wanted = [each for each in situations.every() if chosen.only.lower() in each.name.lower()]
    began = time.monotonic()
    with stand() as running:
        if chosen.all:
            rows = trials.exhaustive(
                running, wanted, lambda row: print(table([row]).splitlines()[1], file=sys.stderr)
            )
        else:
            rows = trials.spread(running, wanted, chosen.sample, chosen.seed)
        asked = running.tally.actions.total()
    print(table(rows))
    print(
        f"\n{sum(row.tried for row in rows)} verdicts from {asked} requests, {time.monotonic() - began:.0f} s"
    )
    for row in rows:
        for line in row.wrong:
            print(f"  {line}")
    return int(any(map(is_wrong, rows)))


def is_wrong(row: Row) -> bool:
    return bool(row.falsely_good or row.otherwise or row.orders_resting or row.funds_moved)


def table(rows: Sequence[Row]) -> str:
    """The matrix as text."""
    lines = [f"{_HEAD[0]:<34} {_HEAD[1]:<9}" + "".join(f" {each:>12}" for each in _HEAD[2:])]
    lines[0] += f" {'alarms':>7} {'resting':>7} {'moved':>6}"
    for row in rows:
        counts = (row.tried, row.as_it_should_be, row.undetermined, row.otherwise, row.falsely_good)
        lines.append(
            f"{row.name:<34} {row.place:<9}"
            + "".join(f" {each:>12}" for each in counts)
            + f" {row.alarms:>7} {row.orders_resting:>7} {row.funds_moved:>6}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
