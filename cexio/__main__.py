"""`python -m cexio`: a key checked, an error explained, the guide told; without Pulumi and without AWS."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cexio.commands import check, explain, steps
from cexio.commands.outcome import STATUSES, Outcome, Status
from cexio.commands.table import clean, show
from cexio.errors import CexioError


class Command(Protocol):
    """A module of `cexio.commands`."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Adds the command's own words."""

    def run(self, words: argparse.Namespace) -> Outcome:
        """Does it. Raises CexioError before anything is asked."""


class Entry(NamedTuple):
    """A command and what --help says of it."""

    command: Command
    summary: str


COMMANDS = {
    "check": Entry(check, "what a key may do, measured from here; nothing is traded, nothing is moved"),
    "explain": Entry(explain, "a raw error text to its cause and the next step"),
    "steps": Entry(steps, "the guide's six steps with your values"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. The exit status says how it ended."""
    words = _words(arguments)
    try:
        outcome = COMMANDS[words.command].command.run(words)
    except CexioError as error:
        if words.json:
            print(json.dumps({"status": int(Status.NOT_ASKED), "error": str(error)}))
        print(f"error: {clean(str(error))}", file=sys.stderr)
        return Status.NOT_ASKED
    if words.json:
        print(json.dumps({"status": int(outcome.status), **outcome.document}, indent=2))
    else:
        show(outcome.said, sys.stdout)
    return outcome.status


def _words(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line understood. What is not understood is not shown whole: it may be a key."""
    parser = _parser()
    words, left = parser.parse_known_args(arguments)
    if left:
        names = ", ".join(word.partition("=")[0] for word in left if word.startswith("--"))
        parser.error(f"there is no {names or 'further word'}: see --help")
    return words


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m cexio", description=__doc__, epilog=STATUSES, formatter_class=form, allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (command, summary) in COMMANDS.items():
        own = commands.add_parser(
            name,
            help=summary,
            description=command.__doc__,
            epilog=STATUSES,
            formatter_class=form,
            allow_abbrev=False,
        )
        command.add_arguments(own)
        own.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    return parser


def _guarded() -> int:
    """A reader that went away and a Ctrl-C are no tracebacks."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        status = main()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(_guarded())
