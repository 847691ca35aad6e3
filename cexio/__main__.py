"""`python -m cexio`: a key checked, an error explained, the guide told; without Pulumi and without AWS."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol

from cexio.commands import check, explain, steps
from cexio.commands.outcome import STATUSES, Outcome, Status, UsageError
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


class _Parser(argparse.ArgumentParser):
    """Says in one line what it does not understand, and not what that was: it may be a key."""

    def error(self, message: str) -> NoReturn:
        told = message.partition(": '")[0].removeprefix("argument ")
        if "COMMAND" in told:
            told = f"say one of {', '.join(COMMANDS)}"
        raise UsageError(f"{told}: see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. The exit status says how it ended, also where nobody can read the output."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        words = _words(given)
        outcome = COMMANDS[words.command].command.run(words)
    except CexioError as error:
        if "--json" in given:
            refusal = json.dumps({"status": int(Status.NOT_ASKED), "error": str(error)})
            _written(lambda: print(refusal))
        print(f"error: {clean(str(error))}", file=sys.stderr)
        return Status.NOT_ASKED
    if words.json:
        document = {"status": int(outcome.status), **outcome.document}
        _written(lambda: print(json.dumps(document, indent=2)))
    else:
        _written(lambda: show(outcome.said, sys.stdout))
    return outcome.status


def _written(write: Callable[[], None]) -> None:
    """Writes to the output to its end; one that is full is told."""
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _let_go_of_output()
        print(f"error: the output cannot be written: {error.strerror}", file=sys.stderr)


def _let_go_of_output() -> None:
    """What could not be written would be tried again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _words(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line understood."""
    parser = _parser()
    words, left = parser.parse_known_args(arguments)
    if left:
        names = ", ".join(word.partition("=")[0] for word in left if word.startswith("--"))
        parser.error(f"there is no {names or 'further word'}")
    return words


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="python -m cexio", description=__doc__, epilog=STATUSES, formatter_class=form, allow_abbrev=False
    )
    as_json = "one JSON document instead of tables"
    parser.add_argument("--json", action="store_true", help=as_json)
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
        # Suppressed, or it would undo the one before the command.
        own.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=as_json)
    return parser


def _guarded() -> int:
    """A reader that went away, closed streams and a Ctrl-C are no tracebacks."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - for the life of the process
    try:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        return main()
    except BrokenPipeError:
        _let_go_of_output()
        return 141
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(_guarded())
