"""The command line: the `pulumi` CLI's words for what this engine does, and a clear refusal of all others.

Nothing heavy is imported before it is known which command runs. Every EngineError becomes one line on
standard error and its exit status; nobody is shown a traceback for what they can mend.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from sandbox.engine import VERSION
from sandbox.engine.errors import EngineError, UsageError
from sandbox.engine.terminal import silence

INTERRUPTED = 130
NEED_STATE = {f"stack_commands:{name}" for name in ("output", "export", "import_", "rm", "cancel")}
Flags = argparse.Namespace


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        flag = message.removeprefix("unrecognized arguments: ")
        if flag != message and flag.startswith("-"):
            raise UsageError(f"unknown flag: {flag.split()[0]}. `{self.prog} --help` lists those there are")
        command = re.search(r"argument COMMAND: invalid choice: '(.*?)'", message)
        if command:
            raise UsageError(
                f'unknown command "{command[1]}" for "{self.prog}". `{self.prog} --help` lists them'
            )
        if message.endswith(": expected one argument"):
            flag = message.split()[1].rstrip(":").rpartition("/")[2]
            raise UsageError(f"flag needs an argument: {flag}")
        raise UsageError(f"{message} (`{self.prog} --help` lists what there is)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit status."""
    try:
        flags = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
        return _dispatch(flags)
    except EngineError as error:
        line = " ".join(str(error).split())
        print(f"error: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    except EOFError:
        print("error: nobody answered: pass --yes where there is no terminal", file=sys.stderr)
        return 1
    except BrokenPipeError:
        silence(sys.stdout)
        return 1
    except ImportError as error:
        print(f"error: {error.name or error} is missing: `make setup` installs it", file=sys.stderr)
        return 1


def _dispatch(flags: Flags) -> int:
    from sandbox.engine.session import Session

    if flags.action == "version":
        print(VERSION)
        return 0
    module, _, function = flags.action.partition(":")
    fits_new = flags.action not in NEED_STATE and getattr(flags, "kind", "") != "destroy"
    session = Session(_folder(flags.cwd), dict(os.environ), flags.stack, flags.config_file, fits_new=fits_new)
    act: Callable[[Session, Flags], int] = getattr(
        importlib.import_module(f"sandbox.engine.{module}"), function
    )
    return act(session, flags)


def _folder(cwd: str | None) -> Path:
    try:
        if cwd:
            os.chdir(cwd)
        return Path.cwd()
    except OSError as error:
        raise UsageError(f"chdir {cwd or '.'}: {(error.strerror or '').lower()}") from None


# ---- The words ---------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="pulumi", description=__doc__, allow_abbrev=False)
    everywhere = _everywhere(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    def add(
        group: Any, name: str, action: str, text: str, aliases: tuple[str, ...] = ()
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = group.add_parser(
            name, aliases=aliases, help=text, description=text, parents=[everywhere], allow_abbrev=False
        )
        made.set_defaults(action=action)
        return made

    add(commands, "version", "version", "Print the version")
    for kind, aliases, text in (
        ("up", ("update",), "Create or update the resources in a stack"),
        ("preview", ("pre",), "Show a preview of updates to a stack's resources"),
        ("refresh", (), "Refresh the resources in a stack"),
        ("destroy", ("down", "dn"), "Destroy all existing resources in the stack"),
    ):
        _run_flags(add(commands, kind, "run_commands:run", text, aliases), kind)
    cancel = add(commands, "cancel", "stack_commands:cancel", "Remove a stack's locks")
    cancel.add_argument("name", nargs="?")
    cancel.add_argument("-y", "--yes", action="store_true")
    _stack_words(add, add(commands, "stack", "stack_commands:show", "Work with stacks"))
    _config_words(add, add(commands, "config", "config_commands:show", "Work with a stack's configuration"))
    return parser


def _everywhere(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The flags that every command takes, before or behind its name."""
    flags: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
        (("-s", "--stack"), {"default": None}),
        (("-C", "--cwd"), {"default": None}),
        (("--config-file",), {"default": None}),
        (("--color",), {"choices": ("auto", "always", "never", "raw"), "default": "auto"}),
        (("--non-interactive",), {"action": "store_true"}),
        (("-e", "--emoji"), {"action": "store_true"}),
        (("-Q", "--fully-qualify-stack-names"), {"action": "store_true"}),
        (("--disable-integrity-checking",), {"action": "store_true"}),
        (("--logtostderr",), {"action": "store_true"}),
        (("--logflow",), {"action": "store_true"}),
        (("-v", "--verbose"), {"type": int, "default": 0}),
    )
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for names, settings in flags:
        parser.add_argument(*names, **settings)
        shared.add_argument(*names, **{**settings, "default": argparse.SUPPRESS})
    return shared


def _run_flags(parser: argparse.ArgumentParser, kind: str) -> None:
    """The flags of up, preview, refresh and destroy; what only some of them take, the others refuse."""
    parser.set_defaults(
        kind=kind, yes=False, skip_preview=False, preview_only=False, refresh=False, remove=False,
        policy_pack=[], policy_pack_config=[], clear_pending_creates=False, expect_no_changes=False,
    )  # fmt: skip
    switches = [
        "--diff",
        "--suppress-outputs",
        "--suppress-progress",
        "--show-full-output",
        "--show-sames",
        "--debug",
    ]
    switches += [
        "--show-config",
        "--show-reads",
        "--show-replacement-steps",
        "--target-dependents",
        "--config-path",
    ]
    switches += ["--skip-plugin-pre-install"]
    if kind != "destroy":
        switches.append("--expect-no-changes")
    if kind != "preview":
        parser.add_argument("-y", "--yes", action="store_true")
        parser.add_argument("-f", "--skip-preview", action="store_true")
        switches.append("--preview-only")
    if kind != "refresh":
        parser.add_argument("-r", "--refresh", nargs="?", const=True, type=_truth)
    if kind in ("up", "preview"):
        parser.add_argument("--policy-pack", action="append", metavar="FOLDER")
        parser.add_argument("--policy-pack-config", action="append", metavar="FILE")
    if kind == "refresh":
        switches.append("--clear-pending-creates")
    if kind == "destroy":
        switches.append("--remove")
    for switch in switches:
        parser.add_argument(switch, action="store_true")
    parser.add_argument("-j", "--json", action="store_true")
    parser.add_argument("--suppress-permalink", nargs="?", const=True, type=_truth)
    parser.add_argument("-t", "--target", action="append", default=[], metavar="URN")
    parser.add_argument("-p", "--parallel", type=int, default=16)
    parser.add_argument("-m", "--message")
    parser.add_argument("-c", "--config", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--event-log", metavar="FILE")
    parser.add_argument("--exec-kind", help=argparse.SUPPRESS)
    parser.add_argument("--exec-agent", help=argparse.SUPPRESS)


def _stack_words(add: Callable[..., argparse.ArgumentParser], parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--show-name", action="store_true")
    parser.add_argument("--show-secrets", action="store_true")
    words = parser.add_subparsers(metavar="COMMAND", parser_class=_Parser)
    init = add(words, "init", "stack_commands:init", "Make an empty stack", ("new", "create"))
    init.add_argument("name", nargs="?")
    init.add_argument("--secrets-provider")
    init.add_argument("--no-select", action="store_true")
    init.add_argument("--copy-config-from")
    select = add(words, "select", "stack_commands:select", "Select a stack")
    select.add_argument("name", nargs="?")
    select.add_argument("-c", "--create", action="store_true")
    select.add_argument("--secrets-provider")
    ls = add(words, "ls", "stack_commands:ls", "List the project's stacks", ("list",))
    ls.add_argument("-j", "--json", action="store_true")
    output = add(words, "output", "stack_commands:output", "Show a stack's outputs")
    output.add_argument("name", nargs="?")
    output.add_argument("-j", "--json", action="store_true")
    output.add_argument("--show-secrets", action="store_true")
    export = add(words, "export", "stack_commands:export", "Print a stack's state")
    export.add_argument("--file")
    export.add_argument("--show-secrets", action="store_true")
    import_ = add(words, "import", "stack_commands:import_", "Replace a stack's state by an exported one")
    import_.add_argument("--file")
    import_.add_argument("-f", "--force", action="store_true")
    rm = add(words, "rm", "stack_commands:rm", "Remove a stack and its configuration", ("remove",))
    rm.add_argument("name", nargs="?")
    rm.add_argument("-y", "--yes", action="store_true")
    rm.add_argument("-f", "--force", action="store_true")
    rm.add_argument("--preserve-config", action="store_true")


def _config_words(add: Callable[..., argparse.ArgumentParser], parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-j", "--json", action="store_true")
    parser.add_argument("--show-secrets", action="store_true")
    words = parser.add_subparsers(metavar="COMMAND", parser_class=_Parser)
    get = add(words, "get", "config_commands:get", "Print a value")
    get.add_argument("key")
    get.add_argument("--path", action="store_true")
    get.add_argument("-j", "--json", action="store_true")
    put = add(words, "set", "config_commands:set_value", "Set a value")
    put.add_argument("key")
    put.add_argument("value", nargs="?")
    for switch in ("--path", "--secret", "--plaintext", "--raw"):
        put.add_argument(switch, action="store_true")
    put.add_argument("--type", choices=("string", "bool", "int", "float"))
    several = add(words, "set-all", "config_commands:set_all", "Set several values")
    several.add_argument("--path", action="store_true")
    several.add_argument("--plaintext", action="append", default=[], metavar="KEY=VALUE")
    several.add_argument("--secret", action="append", default=[], metavar="KEY=VALUE")
    rm = add(words, "rm", "config_commands:remove", "Remove a value", ("remove",))
    rm.add_argument("key")
    rm.add_argument("--path", action="store_true")
    rm_all = add(words, "rm-all", "config_commands:remove_all", "Remove several values", ("remove-all",))
    rm_all.add_argument("keys", nargs="*")
    rm_all.add_argument("--path", action="store_true")


def _truth(text: str) -> bool:
    return text.lower() == "true"
