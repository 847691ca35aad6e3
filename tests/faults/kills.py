"""Kills the product at every call that changes AWS, and looks at what is left.

    python -m tests.faults.kills --all
    python -m tests.faults.kills --seed 7 --sample 12 --phase up --target provider --engine pulumi

An undisturbed run names the calls and gives the census that every other run is held to. Then, for each call,
moment and target: run until killed; recover as the messages say (run again; `make recover` where a lock asks
for it); the next run must exit 0 with exactly that census, the same address, and nothing pending in the
state. In the end `destroy` must leave nothing but the kept address and the secret in its recovery window;
where the address is let go, not even that.

    up       from nothing; the address of each trial is released by the harness
    update   tags on everything and another role policy, to and fro, on one stack
    replace  another instance type, to and fro, on one stack
    regain   of an address that somebody released: a refresh says so, `up` gets it back; on one stack
    destroy  of a whole stack
    release  of a whole stack whose address `releaseAddress` names, applied by an `up` before

Moments: `before` the call takes effect; `after` it did and before the answer; `late`: the call was on its way
and takes effect LATE seconds after the kill, when the next run may be looking already.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.census import Census, difference
from tests.faults.proxy import Call, Fate, Rule, kill_after, kill_before, kill_late
from tests.faults.stack import Ran, Run, Stack

PHASES = ("up", "update", "replace", "regain", "destroy", "release")
TARGETS = ("engine", "provider")
MOMENTS = ("before", "after")
LATE = 1.0
HELD = ("currently locked", "pulumi cancel")
BEFORE: dict[str, Any] = {"instanceType": "t4g.micro"}
ON_ONE_STACK = ("update", "replace", "regain")  # by turns, with one destroy in the end
AFTER: dict[str, dict[str, Any]] = {
    "update": {**BEFORE, "tags": {"team": "trading", "cost": "7"}},
    "replace": {"instanceType": "t4g.small"},
}
POLICY = "components/bot_host.py"
ACTION = '    "ec2messages:SendReply",\n'  # a right that the update's other side goes without


@dataclass(frozen=True)
class Trial:
    """One kill. `call` is named as Call.name has it; `way` tells an update from its way back."""

    phase: str
    call: str
    moment: str
    target: str
    way: int = 0


@dataclass
class Verdict:
    """What came of a trial. `again` says how the next run ended."""

    trial: Trial
    k: int = 0
    reached: bool = False
    again: str = ""
    diff: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def leaked(self) -> bool:
        return bool(self.left) or any(line.startswith("too much") for line in self.diff)

    @property
    def doubled(self) -> bool:
        more = Counter(
            line.split(":")[0].removeprefix("too much ") for line in self.diff if "too much" in line
        )
        less = Counter(line.split(":")[0].removeprefix("missing ") for line in self.diff if "missing" in line)
        return any(number > less[kind] for kind, number in more.items())

    @property
    def good(self) -> bool:
        return self.reached and not (self.faults or self.diff or self.left)


@dataclass
class Plan:
    """A phase as it goes when nobody disturbs it."""

    calls: list[str]
    census: Census


class Harness:
    """Trials on one world, which is made anew where a trial left it spoiled."""

    def __init__(self, folder: Path, engine: str = "stand-in", visibility: float = 0.0) -> None:
        self.stack = Stack(folder, engine)
        self._sources = {
            way: (self.stack.clone.folder / POLICY).read_text().replace(ACTION, ACTION if way == 0 else "")
            for way in (0, 1)
        }
        if visibility:
            self.stack.late_by(visibility)
        self.plans: dict[tuple[str, int], Plan] = {}
        self._swept = True
        self._way: int | None = None  # of a stack that stands: 0 as BEFORE, 1 as AFTER; None: there is none
        self._standing = ""

    def close(self) -> None:
        self.stack.close()

    # ---- Undisturbed -------------------------------------------------------------------------------

    def plan(self, phase: str, way: int = 0) -> Plan:
        """The calls and the census of a phase."""
        if (phase, way) not in self.plans:
            self._learn(phase)
        return self.plans[(phase, way)]

    def _learn(self, phase: str) -> None:
        self._nothing()
        if phase in ("up", "destroy"):
            self.plans["up", 0] = self._undisturbed(self._up("up", 0))
            self.plans["destroy", 0] = self._undisturbed(self.stack.start_destroy)
        elif phase == "regain":
            self._stand(phase, 0)
            self._lose()
            self.plans[phase, 0] = self._undisturbed(self._up(phase, 0))
        elif phase == "release":
            self._give_up()
            self.plans[phase, 0] = self._undisturbed(self.stack.start_destroy)
        else:
            self._stand(phase, 0)
            for way in (0, 1):
                self.plans[phase, way] = self._undisturbed(self._up(phase, 1 - way))
        self._nothing()

    def _undisturbed(self, start: Callable[[], Run]) -> Plan:
        self.stack.proxy.forget()
        ran = start().wait()
        assert ran.status == 0, ran.output
        names = [call.name for call in self.stack.proxy.mutations()]
        return Plan(names, unnamed(self.stack.census()))

    # ---- Trials ------------------------------------------------------------------------------------

    def trials(self, phase: str, targets: Sequence[str], moments: Sequence[str] = MOMENTS) -> list[Trial]:
        """All kills of a phase."""
        self.plan("destroy")  # what a destroy leaves is asked in the end of each
        ways = (0, 1) if phase == "update" else (0,)
        return [
            Trial(phase, call, moment, target, way)
            for way in ways
            for call in self.plan(phase, way).calls
            for moment in moments
            for target in targets
        ]

    def run(self, trial: Trial) -> Verdict:
        """One trial, on a stack as its phase needs it."""
        began = time.monotonic()
        verdict = Verdict(trial)
        if trial.phase == "up":
            self._nothing()
            self._killed(trial, verdict, self._up("up", 0), None)
            self._end(verdict)
        elif trial.phase == "destroy":
            self._stand("destroy", 0)
            self._killed(trial, verdict, self.stack.start_destroy, self.stack.addresses())
            self._nothing()
        elif trial.phase == "release":
            self._give_up()
            self._killed(trial, verdict, self.stack.start_destroy, [])
            self._nothing()
        elif trial.phase == "regain":
            self._stand("regain", 0)
            kept = self.stack.addresses()
            self._lose()
            self._killed(trial, verdict, self._up("regain", 0), kept)
            self._way = 0 if verdict.good else None
        else:
            way = trial.way if trial.phase == "update" else (self._way or 0)
            self._stand(trial.phase, way)
            kept = self.stack.addresses()
            self._killed(trial, verdict, self._up(trial.phase, 1 - way), kept, way)
            self._way = 1 - way if verdict.good else None
        verdict.seconds = time.monotonic() - began
        return verdict

    def finish(self, phase: str) -> Verdict:
        """The end of a phase whose trials share a stack: what does a destroy leave?"""
        verdict = Verdict(Trial(phase, "(the end)", "", ""), reached=True)
        if self._way is not None:
            self._end(verdict)
        self._nothing()
        return verdict

    def _killed(
        self,
        trial: Trial,
        verdict: Verdict,
        start: Callable[[], Run],
        addresses: list[str] | None,
        way: int = 0,
    ) -> None:
        """The kill and what follows; `addresses` are those that must be there then, None for any."""
        plan = self.plan(trial.phase, way)
        verdict.k = plan.calls.index(trial.call) + 1
        running: list[Run] = []
        self.stack.proxy.forget(self._rule(trial, verdict, running))
        running.append(start())
        killed = running[0].wait()
        self.stack.proxy.forget()
        if not verdict.reached:
            verdict.again = f"the call never came; exit {killed.status}"
            return
        if trial.phase == "regain":
            self._recover(verdict)
        self._recovered(verdict, start)
        verdict.diff = difference(plan.census, unnamed(self.stack.census()))
        if addresses is not None and self.stack.addresses() != addresses:
            verdict.faults.append(f"the address changed: {addresses} to {self.stack.addresses()}")
        if addresses and any(call.action == "ReleaseAddress" for call in self.stack.proxy.mutations()):
            verdict.faults.append("the address was released on the way")
        if self.stack.state().get("pending_operations"):
            verdict.faults.append("operations are still pending")

    def _rule(self, trial: Trial, verdict: Verdict, running: list[Run]) -> Rule:
        def kill() -> None:
            run = running[0]
            run.kill_engine() if trial.target == "engine" else run.kill_provider()

        def rule(call: Call) -> Fate | None:
            if call.name != trial.call or verdict.reached:
                return None
            verdict.reached = True
            if trial.moment == "late":
                return kill_late(kill, LATE)
            return kill_before(kill) if trial.moment == "before" else kill_after(kill)

        return rule

    def _recovered(self, verdict: Verdict, start: Callable[[], Run]) -> None:
        """As a user would: run it again, and do what the message says."""
        ran = start().wait()
        verdict.again += f"{', ' if verdict.again else ''}exit {ran.status}"
        if ran.status != 0 and all(word in ran.output for word in HELD):
            verdict.again = "locked"
            self._recover(verdict)
            ran = start().wait()
            verdict.again += f", exit {ran.status}"
        if ran.status != 0:
            verdict.faults.append(told(ran))

    def _recover(self, verdict: Verdict) -> None:
        recovered = self.stack.recover()
        verdict.again += f"{', ' if verdict.again else ''}recover {recovered.status}"
        if recovered.status != 0:
            verdict.faults.append(f"recover: {told(recovered)}")

    # ---- Worlds ------------------------------------------------------------------------------------

    def _up(self, phase: str, way: int) -> Callable[[], Run]:
        config = AFTER[phase] if way else BEFORE
        source = self._sources[way if phase == "update" else 0]

        def start() -> Run:
            self._swept = False
            (self.stack.clone.folder / POLICY).write_text(source)
            return self.stack.start_up(**config)

        return start

    def _stand(self, phase: str, way: int) -> None:
        """A whole stack as the phase begins with it."""
        if self._standing == phase and self._way == way:
            return
        if self._standing != phase or self._way is None:
            self._nothing()
        ran = self._up(phase, way)().wait()
        assert ran.status == 0, ran.output
        self._standing, self._way = phase, way

    def _lose(self) -> None:
        """Somebody releases the address, and a refresh says so."""
        self.stack.lose_address()
        ran = self.stack.refresh()
        assert ran.status == 0, ran.output
        assert "not there any more" in ran.output

    def _give_up(self) -> None:
        """A whole stack whose address is to go with it."""
        self._stand("release", 0)
        [address] = self.stack.addresses()
        ran = self.stack.up(**BEFORE, releaseAddress=address)
        assert ran.status == 0, ran.output

    def _end(self, verdict: Verdict) -> None:
        ran = self.stack.destroy()
        if ran.status != 0:
            verdict.faults.append(f"destroy: {told(ran)}")
        verdict.left = difference(self.plan("destroy").census, unnamed(self.stack.census()))
        self._nothing()

    def _nothing(self) -> None:
        if not self._swept:
            self.stack.swept()
        self._swept, self._standing, self._way = True, "", None


def told(ran: Ran) -> str:
    """How a run failed, in a line."""
    return f"exit {ran.status}: {ran.error or ran.output.strip()[-300:]}"


def unnamed(census: Census) -> Census:
    """A census in which the address is called so, as every stack has another."""
    found = [row.split('"address": "')[1].split('"')[0] for row in census.get("address", [])]
    rows = {kind: list(rows) for kind, rows in census.items()}
    for number, ip in enumerate(sorted(found), 1):
        rows = {
            kind: [row.replace(f'"{ip}"', f'"address {number}"') for row in of] for kind, of in rows.items()
        }
    return rows


# ---- Running and telling ---------------------------------------------------------------------------


@contextlib.contextmanager
def harness(engine: str = "stand-in", visibility: float = 0.0) -> Iterator[Harness]:
    """A harness in a folder of its own, which is removed."""
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        made = Harness(Path(folder) / "world", engine, visibility)
        try:
            yield made
        finally:
            made.close()


def seed_of_environment() -> int:
    """KILLS_SEED, else any number."""
    return int(os.environ.get("KILLS_SEED") or random.randrange(10**6))


def chosen(trials: list[Trial], seed: int, sample: int | None) -> list[Trial]:
    """All trials, or so many of them; those of one phase stay together and in order."""
    if sample is None or sample >= len(trials):
        return trials
    picked = set(random.Random(seed).sample(range(len(trials)), sample))
    return [trial for number, trial in enumerate(trials) if number in picked]


def run_all(made: Harness, trials: Sequence[Trial], say: Callable[[str], None] = print) -> list[Verdict]:
    """Run the trials phase by phase; each is told as it ends."""
    verdicts = []
    for phase, group in itertools.groupby(trials, key=lambda trial: trial.phase):
        for trial in _interleaved(list(group)):
            verdicts.append(made.run(trial))
            say(line(verdicts[-1]))
        if phase in ON_ONE_STACK:
            verdicts.append(made.finish(phase))
            say(line(verdicts[-1]))
    return verdicts


def _interleaved(trials: list[Trial]) -> list[Trial]:
    """To and fro by turns, so that each trial begins where the last one ended."""
    ways = [[trial for trial in trials if trial.way == way] for way in (0, 1)]
    return [trial for pair in itertools.zip_longest(*ways) for trial in pair if trial is not None]


def line(verdict: Verdict) -> str:
    """A row for one trial."""
    trial = verdict.trial
    state = "ok " if verdict.good else "BAD"
    found = "; ".join([*verdict.faults, *verdict.diff, *(f"after destroy, {row}" for row in verdict.left)])
    return (
        f"{state} {trial.phase:<8} k={verdict.k:<3} {trial.call:<34} {trial.moment:<7} {trial.target:<9} "
        f"{verdict.again:<28} {verdict.seconds:5.1f} s  census {found or 'as undisturbed'}"
    )


def table(verdicts: Sequence[Verdict]) -> str:
    """Phase by target: tried, converged, leaked, doubled."""
    rows = [f"{'phase':<9}{'killed':<10}{'tried':>6}{'converged':>11}{'leaked':>8}{'doubled':>9}"]
    killed = [verdict for verdict in verdicts if verdict.trial.target]
    for phase, target in sorted(
        {(v.trial.phase, v.trial.target) for v in killed}, key=lambda pair: (PHASES.index(pair[0]), pair[1])
    ):
        cell = [v for v in killed if (v.trial.phase, v.trial.target) == (phase, target)]
        rows.append(
            f"{phase:<9}{target:<10}{len(cell):>6}{sum(v.good for v in cell):>11}"
            f"{sum(v.leaked for v in cell):>8}{sum(v.doubled for v in cell):>9}"
        )
    return "\n".join(rows)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills")
    parser.add_argument("--all", action="store_true", help="every call")
    parser.add_argument(
        "--seed", type=int, default=int(os.environ.get("KILLS_SEED") or random.randrange(10**6))
    )
    parser.add_argument("--sample", type=int, help="so many kills of each phase, chosen by the seed")
    parser.add_argument("--phase", action="append", choices=PHASES)
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--moment", action="append", choices=(*MOMENTS, "late"))
    parser.add_argument("--call", action="append", help="only this call, such as RunInstances#1")
    parser.add_argument("--engine", choices=("stand-in", "pulumi"), default="stand-in")
    parser.add_argument("--visibility", type=float, default=0.0, help="seconds until AWS shows a new object")
    chose = parser.parse_args(words)
    sample = None if chose.all or chose.call else chose.sample or 5
    began = time.monotonic()
    print(f"engine {chose.engine}, seed {chose.seed}, visibility {chose.visibility:g} s", flush=True)
    verdicts: list[Verdict] = []
    with harness(chose.engine, chose.visibility) as made:
        for phase in chose.phase or PHASES:
            trials = made.trials(phase, chose.target or TARGETS, chose.moment or MOMENTS)
            if chose.call:
                trials = [trial for trial in trials if trial.call in chose.call]
            trials = chosen(trials, chose.seed, sample)
            verdicts += run_all(made, trials, lambda text: print(text, flush=True))
    print(f"\n{table(verdicts)}\n\n{time.monotonic() - began:.0f} s, seed {chose.seed}")
    return 0 if all(verdict.good for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
