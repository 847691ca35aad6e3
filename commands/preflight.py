"""What would an `up` of a stack fail on? Asks AWS, changes nothing.

    python -m commands.preflight [--stack S]

A line for each thing asked: `fine`, `refused` with what to do, or `could not ask`, which is not `fine`. Exit
status 1 if anything is refused, else 0. `up` asks the same by itself, before it changes anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from commands.stack_config import stack_config
from components.settings import SettingsError, read_settings
from providers.aws.checks.finding import Finding, Outcome
from providers.aws.plan import plan_of, wishes
from providers.aws.preflight import inspected
from providers.contract import NAMESPACE
from providers.endpoints import endpoints_from
from providers.errors import ProviderError


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print, and say by the exit status whether anything stands in the way."""
    parser = argparse.ArgumentParser(
        prog="python -m commands.preflight", description="What would an `up` fail on? Changes nothing."
    )
    parser.add_argument("--stack", help="the stack; without it the one that is selected")
    chosen = parser.parse_args(arguments)
    try:
        findings = _findings(chosen.stack)
    except (ProviderError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for one in findings:
        print(f"{one.outcome.value:<13}  {one.line}")
    print(f"\n{_summary(findings)}")
    return int(any(one.outcome is Outcome.REFUSED for one in findings))


def _findings(stack: str | None) -> list[Finding]:
    found = stack_config(stack)
    read_settings(found.values, lambda key: key in found.secret)
    config = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in found.values.items()}
    owner = f"{found.project}/{found.stack}/preflight"
    return inspected(plan_of(owner, wishes(config.get)), endpoints_from(config.get), whole=True)


def _summary(findings: list[Finding]) -> str:
    refused = sum(one.outcome is Outcome.REFUSED for one in findings)
    open_ = sum(one.outcome is Outcome.UNASKED for one in findings)
    unknown = f"; {open_} of {len(findings)} could not be asked, so nothing is known of them" if open_ else ""
    if refused:
        return f"{refused} of {len(findings)} would fail: see what to do in their lines{unknown}."
    return f"Nothing that was asked stands in the way of an `up`{unknown}."


if __name__ == "__main__":
    sys.exit(main())
