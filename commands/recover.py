"""After a killed run: the stack's lock, its pending operations, and what AWS holds that no state knows.

    python -m commands.recover [--stack S]
    python -m commands.recover [--stack S] --look-only

In this order, so that a kill anywhere leaves the rest to the next `recover`: the kill is noted for the next
run, the lock goes (`pulumi cancel`), the rest of the minute is waited in which AWS may still show what the
killed run made, then what that run made is released where nothing can use it, and `pulumi refresh` compares
the state with AWS and drops the pending operations. With --look-only it says what no state knows and changes
nothing. An address is never released here unless the state has another one in its place. Exit status 1 if
anything could not be asked or done.

A run that is at work on this machine is waited for, and refused after two minutes. Does not know whether one
is under way elsewhere: the lock's own message names its holder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from commands.stack_config import ROOT, NoStack, StackConfig, asked, stack_config
from commands.stack_state import StackState, stack_state
from components.settings import SettingsError
from providers.aws import patience
from providers.aws.failures import told
from providers.aws.orphans import Fate, Orphan, orphans
from providers.aws.plan import plan_of, wishes
from providers.contract import NAMESPACE
from providers.endpoints import Endpoints, endpoints_from
from providers.errors import ProviderError
from providers.intents import suspect, window
from providers.run import begin

UNATTENDED = ("--yes", "--skip-preview")


def say(text: str) -> None:
    """A line for the operator, at once."""
    print(text, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Clear up after a killed run, or only look."""
    parser = argparse.ArgumentParser(
        prog="python -m commands.recover", description="Clear up after a run that was killed."
    )
    parser.add_argument("--stack", help="the stack; without it the one that is selected")
    parser.add_argument("--look-only", action="store_true", help="say what no state knows; change nothing")
    chosen = parser.parse_args(arguments)
    try:
        config = stack_config(chosen.stack)
        settings = {name.removeprefix(f"{NAMESPACE}:"): value for name, value in config.values.items()}
        endpoints = endpoints_from(settings.get)
        patience.listen(sandbox=endpoints.sandbox)
        if chosen.look_only:
            return looked(config, endpoints, settings)
        return recovered(config, endpoints, settings)
    except (ProviderError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def looked(config: StackConfig, endpoints: Endpoints, settings: dict[str, str]) -> int:
    """Say what AWS holds that the state does not know."""
    state = _state(config)
    count = 0
    for one in _found(config, endpoints, settings, state):
        count += 1
        verb = "could be released by `make recover`" if one.fate is Fate.RELEASE else one.fate.value
        say(f"{one.kind} {one.id} of {one.owner}: {verb}, as {one.why}")
    say("AWS holds nothing of this stack that its state does not know." if not count else "")
    return 0


def recovered(config: StackConfig, endpoints: Endpoints, settings: dict[str, str]) -> int:
    """Lock, window, orphans, pending operations."""
    stack = f"{config.project}/{config.stack}"
    begin(f"{stack}/recover", endpoints)  # waits for a run that is still at work on this machine
    state = _state(config)
    if state.pending:
        suspect(stack, endpoints, state.age)
    _unlock(config)
    state = _state(config)
    if state.pending:
        _wait(state, endpoints)
    released, failed = 0, 0
    for one in _found(config, endpoints, settings, state):
        if one.fate is not Fate.RELEASE:
            say(f"{one.kind} {one.id} of {one.owner}: {one.fate.value}, as {one.why}")
            continue
        try:
            one.release()
        except Exception as error:  # noqa: BLE001  one line each, and the others are still looked at
            failed += 1
            fault = error if isinstance(error, ProviderError) else told(error, f"{one.kind} {one.id}")
            say(f"{one.kind} {one.id} of {one.owner}: could not be released: {fault}")
        else:
            released += 1
            say(f"{one.kind} {one.id} of {one.owner}: released, as {one.why}")
    say("Comparing the state with AWS, and dropping what was pending:")
    words = ["pulumi", "refresh", *UNATTENDED, "--clear-pending-creates", "--stack", config.stack]
    status = subprocess.run(words, cwd=ROOT, check=False).returncode
    if status == 0 and not failed:
        say(f"\nRecovered: no lock and no pending operation is left; released: {released}. Run `up` again.")
    return int(bool(status or failed))


def _unlock(config: StackConfig) -> None:
    try:
        asked("cancel", "--yes", "--stack", config.stack)
        say(f"The lock of {config.stack} is gone, if there was one.")
    except NoStack as error:
        say(f"No lock was taken away: {error}")  # a backend without a run says so; a lock shows in refresh


def _wait(state: StackState, endpoints: Endpoints) -> None:
    left = window(endpoints) - state.age
    operations = "an operation" if state.pending == 1 else f"{state.pending} operations"
    if left <= 0:
        say(f"A run was killed in {operations}, longer ago than AWS takes to show what was made.")
        return
    say(
        f"A run was killed in {operations}, {state.age:.0f} s ago. AWS may show what it made only after "
        f"{window(endpoints):.0f} s: waiting for {left:.0f} s."
    )
    time.sleep(left)


def _state(config: StackConfig) -> StackState:
    text = asked("stack", "export", "--stack", config.stack)
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
