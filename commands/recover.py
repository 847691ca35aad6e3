"""After a killed run: the stack's lock, its pending operations, and what AWS holds that no state knows.

    python -m commands.recover [--stack S]
    python -m commands.recover [--stack S] --look-only

In this order, so that a kill anywhere leaves the rest to the next `recover`: the kill is noted for the next
run, the lock goes (`pulumi cancel`), the minute is waited in which AWS may still show what the killed run
made, then what that run made is released where nothing can use it, and `pulumi refresh` compares the state
with AWS and drops the pending operations; not while something that they tell of could not be released, as the
next `recover` would not know whose it was. With --look-only it says what no state knows and changes nothing.
What is released, and what never, is in providers/aws/orphans.py. Exit status 1 if anything could not be asked
or done.

A run that is at work on this machine is waited for, and refused after two minutes. One that is at work
elsewhere is found out only if it writes the state during the minute: the lock's own message names its holder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from commands.stack_config import ROOT, NoStack, StackConfig, asked, stack_config
from commands.stack_state import StackState, stack_state
from components.settings import SettingsError, read_settings
from providers.aws import patience
from providers.aws.failures import told
from providers.aws.fates import Fate, Orphan
from providers.aws.orphans import orphans
from providers.aws.plan import plan_of, wishes
from providers.contract import NAMESPACE
from providers.endpoints import Endpoints, endpoints_from
from providers.errors import ProviderError, StillBusy
from providers.intents import suspect, window
from providers.run import begin

UNATTENDED = ("--yes", "--skip-preview")
SLOWEST = 300.0  # seconds from the state's last write to a create's call, and that two clocks may differ by


def say(text: str) -> None:
    """A line for the operator, at once."""
    print(text, flush=True)


def main(arguments: Sequence[str] | None = None, wait: Callable[[float], object] = time.sleep) -> int:
    """Clear up after a killed run, or only look; `wait` lets so many seconds pass."""
    parser = argparse.ArgumentParser(
        prog="python -m commands.recover", description="Clear up after a run that was killed."
    )
    parser.add_argument("--stack", help="the stack; without it the one that is selected")
    parser.add_argument("--look-only", action="store_true", help="say what no state knows; change nothing")
    chosen = parser.parse_args(arguments)
    try:
        config = stack_config(chosen.stack)
        read_settings(config.values, lambda name: name in config.secret)
        settings = {name.removeprefix(f"{NAMESPACE}:"): value for name, value in config.values.items()}
        endpoints = endpoints_from(settings.get)
        patience.listen(sandbox=endpoints.sandbox)
        if chosen.look_only:
            return looked(config, endpoints, settings)
        return recovered(config, endpoints, settings, wait)
    except (ProviderError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nerror: interrupted; the same command does what is left", file=sys.stderr)
        return 130


def looked(config: StackConfig, endpoints: Endpoints, settings: dict[str, str]) -> int:
    """Say what a killed run left pending, and what AWS holds that the state does not know."""
    state = _state(config)
    count = 0
    if state.pending:
        say(f"A run was killed in {_operations(state.pending)}: `make recover` clears up after it.")
    for one in _found(config, endpoints, settings, state):
        count += 1
        verb = "could be released by `make recover`" if one.fate is Fate.RELEASE else one.fate.value
        say(f"{one.kind} {one.id} of {one.owner}: {verb}, as {one.why}")
    if not count:
        say(f"AWS holds nothing of {config.stack} in {endpoints.region} that its state does not know.")
    return 0


def recovered(
    config: StackConfig, endpoints: Endpoints, settings: dict[str, str], wait: Callable[[float], object]
) -> int:
    """Lock, window, orphans, pending operations."""
    stack = f"{config.project}/{config.stack}"
    begin(f"{stack}/recover", endpoints)  # waits for a run that is still at work on this machine
    state = _state(config)
    age = max(state.age() - SLOWEST, 0.0)
    if state.pending:
        suspect(stack, endpoints, age)
    _unlock(config)
    if state.pending:
        wait(_left(state.pending, window(endpoints) - age))
    state = _unchanged(config, state)
    released, failed = _released(_found(config, endpoints, settings, state))
    if failed & state.recorded.creating:
        say("\nNot recovered, and nothing pending dropped: mend what the lines name, then recover again.")
        return 1
    say("Comparing the state with AWS, and dropping what was pending:")
    words = ["pulumi", "refresh", *UNATTENDED, "--clear-pending-creates", *config.words]
    status = subprocess.run(words, cwd=ROOT, check=False).returncode
    if status == 0 and not failed:
        before = f"{state.pending} were pending" if state.pending else "nothing was pending"
        say(f"\nRecovered: no lock and no pending operation is left; {before}; released: {released}.")
    return int(bool(status or failed))


def _released(found: Iterable[Orphan]) -> tuple[int, set[str]]:
    """Release what is to be, a line each; how many were, and the owners of those that could not be."""
    released, failed = 0, set[str]()
    for one in found:
        if one.fate is not Fate.RELEASE:
            say(f"{one.kind} {one.id} of {one.owner}: {one.fate.value}, as {one.why}")
            continue
        try:
            one.release()
        except Exception as error:  # noqa: BLE001  one line each, and the others are still looked at
            failed.add(one.owner)
            fault = error if isinstance(error, ProviderError) else told(error, f"{one.kind} {one.id}")
            say(f"{one.kind} {one.id} of {one.owner}: could not be released: {fault}")
        else:
            released += 1
            say(f"{one.kind} {one.id} of {one.owner}: released, as {one.why}")
    return released, failed


def _unlock(config: StackConfig) -> None:
    try:
        asked("cancel", "--yes", *config.words)
        say(f"The lock of {config.stack} is gone, if there was one.")
    except NoStack as error:
        say(f"No lock was taken away: {error}")  # a backend without a run says so; a lock shows in refresh


def _left(pending: int, left: float) -> float:
    """The seconds to wait, told."""
    operations = _operations(pending)
    if left <= 0:
        say(f"A run was killed in {operations}, longer ago than AWS takes to show what was made.")
        return 0.0
    say(
        f"A run was killed in {operations}. AWS may show only after a while what it made: "
        f"waiting for {left:.0f} s."
    )
    return left


def _operations(pending: int) -> str:
    return "an operation" if pending == 1 else f"{pending} operations"


def _unchanged(config: StackConfig, before: StackState) -> StackState:
    """The state again; StillBusy if a run has written it, which then is not a killed one."""
    state = _state(config)
    if state != before:
        raise StillBusy(
            f"{config.stack}: its state was written while this command waited, so a run is at work elsewhere "
            "and has lost its lock: let it end, then run the same command again"
        )
    return state


def _state(config: StackConfig) -> StackState:
    text = asked("stack", "export", *config.words)
    try:
        deployment = json.loads(text)["deployment"]
    except (ValueError, KeyError, TypeError):
        raise NoStack("`pulumi stack export` answered with something else than a state") from None
    return stack_state(deployment or {})


def _found(
    config: StackConfig, endpoints: Endpoints, settings: dict[str, str], state: StackState
) -> Iterator[Orphan]:
    """The search; a fault of AWS as the one line that tells it."""
    plan = plan_of(f"{config.project}/{config.stack}/recover", wishes(settings.get))
    try:
        yield from orphans(plan, endpoints, state.recorded)
    except (BotoCoreError, ClientError) as error:
        raise told(error, f"the search for what no state of {config.stack} knows") from None


if __name__ == "__main__":
    sys.exit(main())
