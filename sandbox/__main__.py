"""The sandbox's command line: python -m sandbox start | stop | status | open-account | make-key | call |
keys | edit-key | activate | deactivate | delete-key | switch

Works with a bare python3 and from any folder (`python3 <repo>/sandbox`): it goes on with the project's own
`.venv` where its imports are missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# These need the path above, and the standard library alone.
from sandbox.call import CallError, Credentials, read_key_file, send  # noqa: E402
from sandbox.exchange.key_page import KeyPage, KeyPageError, pages_url  # noqa: E402
from sandbox.world import World, WorldError, default_folder  # noqa: E402

Command = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, like every other fault."""
        self.exit(2, f"error: {message} (see `{self.prog} --help`)\n")


def _say(text: str) -> None:
    print(text, flush=True)


def _start(options: argparse.Namespace) -> int:
    World(default_folder()).start(_say, options.aws_port, options.exchange_port)
    return 0


def _stop(_options: argparse.Namespace) -> int:
    World(default_folder()).stop(_say)
    return 0


def _status(_options: argparse.Namespace) -> int:
    world = World(default_folder())
    endpoints = world.require_running()
    _say(f"The sandbox runs in {world.folder}: AWS {endpoints.aws}, exchange {endpoints.cexio}.")
    return 0


def _make_key(options: argparse.Namespace) -> int:
    made = _page().make_key(
        options.account,
        label=options.label,
        permissions=options.permission,
        addresses=options.address,
        sub_account=options.sub_account,
        activate=not options.no_activate,
        replace_unused=options.replace_unused,
    )
    print(json.dumps(made))
    return 0


def _open_account(options: argparse.Namespace) -> int:
    world = World(default_folder())
    _page().open_account(options.account, sub_account=options.sub_account)
    url = pages_url(world.require_running().cexio, options.account)
    _say(f"Account {options.account} is open; a person signs in at {url}")
    return 0


def _keys(options: argparse.Namespace) -> int:
    print(json.dumps(_page().keys(options.account), indent=2))
    return 0


def _edit_key(options: argparse.Namespace) -> int:
    form: dict[str, object] = {}
    if options.label is not None:
        form["label"] = options.label
    if options.permission is not None:
        form["permissions"] = options.permission
    if options.any_address or options.address:
        form["whitelist"] = " ".join(options.address)
    print(json.dumps(_page().key("PATCH", options.account, options.key, form=form), indent=2))
    return 0


def _activate(options: argparse.Namespace) -> int:
    print(json.dumps(_page().activate(options.account, options.key), indent=2))
    return 0


def _deactivate(options: argparse.Namespace) -> int:
    print(json.dumps(_page().key("POST", options.account, options.key, "/deactivate"), indent=2))
    return 0


def _delete_key(options: argparse.Namespace) -> int:
    page = _page()
    wanted = [row["key"] for row in page.keys(options.account)] if options.all else [options.key]
    print(json.dumps([page.key("DELETE", options.account, key)["deleted"] for key in wanted]))
    return 0


def _switch(options: argparse.Namespace) -> int:
    page = _page()
    if options.name is None:
        print(json.dumps(page.switches(), indent=2))
        return 0
    name = options.name.replace("-", "_")
    changes = {name: None if options.default else options.value}
    now = page.switches(None if options.value is None and not options.default else changes)
    if name not in now:
        raise WorldError(f"switch {options.name} is unknown: `python -m sandbox switch` lists all")
    print(json.dumps({name: now[name]}))
    return 0


def _call(options: argparse.Namespace) -> int:
    endpoints = World(default_folder()).require_running()
    credentials = None
    if options.key_file is not None:
        credentials = read_key_file(options.key_file)
    elif options.key is not None and options.secret_stdin:
        credentials = Credentials(options.key, sys.stdin.readline().strip())
    elif not options.public:
        raise CallError("a private action needs --key-file FILE, or --key KEY --secret-stdin")
    status, body = send(endpoints.cexio, options.source, options.action, options.body, credentials)
    print(f"{status}\n{body}")
    return 0


def _page() -> KeyPage:
    """The key page of the running world. Raises NoWorld."""
    world = World(default_folder())
    return KeyPage(world.require_running().cexio, world.folder / "exchange")


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m sandbox", description="The sandbox: AWS and the exchange on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, act: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(act=act)
        return added

    start = command("start", _start, "start a world, or find the one that runs")
    start.add_argument("--aws-port", type=int, default=0, help="0, the default, takes a free one")
    start.add_argument("--exchange-port", type=int, default=0, help="0, the default, takes a free one")
    command("stop", _stop, "end the world and remove its folder")
    command("status", _status, "say whether a world runs, and where")

    make = command("make-key", _make_key, 'make an API key as a person would; prints {"key","secret"}')
    make.add_argument("--account", required=True, help="made when missing, with balances and a sub-account")
    make.add_argument("--label", required=True)
    make.add_argument("--permission", action="append", default=[], help="in Spot's or the guide's words")
    make.add_argument("--address", action="append", default=[], help="whitelist; without one, any address")
    make.add_argument("--no-activate", action="store_true", help="leave the mailed code unused")
    make.add_argument("--sub-account", default="bot", help="its name; default: bot")
    make.add_argument(
        "--replace-unused", action="store_true", help="first delete keys of this label that were never used"
    )

    opened = command("open-account", _open_account, "open an account for a person at the exchange's pages")
    opened.add_argument("--account", required=True)
    opened.add_argument("--sub-account", default="bot", help="its name; default: bot")

    keys = command("keys", _keys, "list an account's keys, without secrets")
    keys.add_argument("--account", required=True)
    for name, act, text in (
        ("edit-key", _edit_key, "change a key, which deactivates it"),
        ("activate", _activate, "activate a key with a freshly mailed code"),
        ("deactivate", _deactivate, "switch a key off"),
        ("delete-key", _delete_key, "delete a key"),
    ):
        each = command(name, act, text)
        each.add_argument("--account", required=True)
        which: argparse._ActionsContainer = each
        if name == "delete-key":
            which = each.add_mutually_exclusive_group(required=True)
            which.add_argument("--all", action="store_true", help="every key of the account")
        which.add_argument("key", nargs="?" if name == "delete-key" else None, help="the key, or its label")
        if name == "edit-key":
            each.add_argument("--label")
            each.add_argument("--permission", action="append", help="the new list")
            each.add_argument("--address", action="append", default=[], help="the new list")
            each.add_argument("--any-address", action="store_true", help="empty the whitelist")

    switch = command("switch", _switch, "show or set what nobody knows about the real exchange, and faults")
    switch.add_argument("name", nargs="?")
    switch.add_argument("value", nargs="?")
    switch.add_argument("--default", action="store_true", help="put it back")

    call = command("call", _call, "send one request to the exchange; prints status and body")
    call.add_argument("--from", dest="source", required=True, metavar="ADDRESS", help="a 127.x.y.z address")
    how = call.add_mutually_exclusive_group()
    how.add_argument("--public", action="store_true", help="a public action, unsigned")
    how.add_argument("--key-file", type=Path, help='JSON {"key","secret"}')
    how.add_argument("--key", help="with --secret-stdin")
    call.add_argument("--secret-stdin", action="store_true", help="read the secret from standard input")
    call.add_argument("action")
    call.add_argument("body", nargs="?", default="{}")
    return parser


def _with_imports() -> None:
    """Go on with the project's own Python when this one lacks what the servers need."""
    needed = ("starlette", "uvicorn", "websockets", "pydantic", "jinja2")
    if all(importlib.util.find_spec(name) is not None for name in needed):
        return
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists() or os.environ.get("CEXIO_BOT_IN_VENV"):
        sys.exit("error: the project's Python packages are missing: `make setup` installs them into .venv")
    os.environ["CEXIO_BOT_IN_VENV"] = "1"
    os.execv(python, [str(python), str(ROOT / "sandbox"), *sys.argv[1:]])  # noqa: S606


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.act(options))
    except (WorldError, KeyPageError, CallError) as fault:
        print(f"error: {fault}", file=sys.stderr)
    except KeyboardInterrupt:
        print("error: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    _with_imports()
    sys.exit(main())
