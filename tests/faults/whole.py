"""Faults of AWS's under whole stacks: python -m tests.faults.whole [--seed N] [--sample M] [--fault NAME]

The real program through an engine (--engine pulumi: the CLI on PATH), with an accident at one call of an `up`
on nothing or of a `destroy`, then the same command again: the account must then hold exactly what an
undisturbed run leaves. The calls are those of an undisturbed run, preflight's among them. No key is offered,
as in kills.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from providers.aws.patience import VARIABLE
from tests.faults.accidents import ACCIDENTS, action
from tests.faults.census import Census, difference
from tests.faults.moments import PATIENCE
from tests.faults.proxy import Call, Fate
from tests.faults.stack import Ran, Stack

MOMENTS = ("up", "destroy")
_IP = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b(?!/)")


@dataclass
class Whole:
    """An undisturbed stack: its calls by moment, and what is there after each."""

    calls: dict[str, list[Call]]
    after: dict[str, Census]


@dataclass
class Run:
    """One trial and what became of it."""

    moment: str
    call: Call
    accident: str
    said: str
    wrong: list[str]

    def line(self) -> str:
        said = f"said: {self.said[:300]}" if self.said else "success"
        return f"{self.moment} {self.call.name} × {self.accident}: {said}; {'; '.join(self.wrong)}"


def patient(stack: Stack) -> Stack:
    """The stack with the harness's haste."""
    stack.env[VARIABLE] = str(PATIENCE)
    return stack


def undisturbed(stack: Stack) -> Whole:
    """Up and destroy without a fault."""
    whole = Whole({}, {})
    for moment in MOMENTS:
        stack.proxy.forget()
        ran = _run(stack, moment)
        assert ran.status == 0, ran.output
        whole.calls[moment] = list(stack.proxy.calls)
        whole.after[moment] = _without_ips(stack.census())
    stack.swept()
    return whole


def tried(stack: Stack, whole: Whole, moment: str, call: Call, name: str) -> Run | None:
    """One trial; None where the call was not met."""
    accident, hits = ACCIDENTS[name], list[Call]()
    rule = accident.rule(call.action, call.nth)

    def meet(one: Call) -> Fate | None:
        fate = rule(one) if accident.hits(one) else None
        if fate is not None:
            hits.append(one)
        return fate

    stack.proxy.forget()
    if moment == "destroy":
        assert _run(stack, "up").status == 0
    stack.proxy.forget(meet)
    began = time.monotonic()
    ran = _run(stack, moment)
    run = Run(moment, call, name, ran.error if ran.status else "", [])
    if ran.status and not ran.error:
        run.wrong.append("no line tells the error")
    if "Traceback" in ran.output:
        run.wrong.append("a traceback")
    if run.said and action(hits[-1] if hits else call) not in ran.output:
        run.wrong.append("no line names the action")
    if time.monotonic() - began > 120:
        run.wrong.append("took more than two minutes")
    stack.proxy.forget()
    if ran.status:
        again = _run(stack, moment)
        if again.status:
            run.wrong.append(f"the next run failed: {again.error[:300]}")
    run.wrong += difference(whole.after[moment], _without_ips(stack.census()))
    stack.swept()
    return run if hits else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.whole")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=20)
    parser.add_argument("--fault", choices=sorted(ACCIDENTS))
    parser.add_argument("--engine", choices=("stand-in", "pulumi"), default="stand-in")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / chosen.engine, chosen.engine) as stack:
        whole = undisturbed(patient(stack))
        for moment, calls in whole.calls.items():
            print(f"{moment}: {len(calls)} calls, {len({action(call) for call in calls})} actions")
        plan = planned(whole, chosen.fault)
        plan = random.Random(chosen.seed).sample(plan, min(chosen.sample, len(plan)))
        runs = [one for one in (tried(stack, whole, *row) for row in plan) if one is not None]
    bad = [run for run in runs if run.wrong]
    clear = sum(bool(run.said) and not run.wrong for run in runs)
    print(
        f"{len(runs)} whole runs with a fault: {sum(not run.said for run in runs)} success, "
        f"{clear} clear error, {len(runs) - len(bad)} converged, {len(bad)} not well, "
        f"{time.monotonic() - began:.0f} s"
    )
    for run in bad:
        print(f"  {run.line()}")
    return 1 if bad else 0


def planned(whole: Whole, fault: str | None = None) -> list[tuple[str, Call, str]]:
    """Every accident at every call, except what is not found although it was there for long."""
    return [
        (moment, call, name)
        for moment, calls in whole.calls.items()
        for call in calls
        for name, accident in ACCIDENTS.items()
        if fault in (None, name) and name != "not found a while" and accident.hits(call)
    ]


def _run(stack: Stack, moment: str) -> Ran:
    return stack.up() if moment == "up" else stack.destroy()


def _without_ips(census: Census) -> Census:
    """Each trial has an address of its own, as it begins on nothing."""
    return {kind: [_IP.sub("IP", row) for row in rows] for kind, rows in census.items()}


if __name__ == "__main__":
    sys.exit(main())
