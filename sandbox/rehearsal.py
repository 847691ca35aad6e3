"""`make rehearse`: the whole guide by hand, in a browser, the verifier looking over the person's shoulder.

    python -m sandbox.rehearsal [--account NAME] [--key-file FILE] [--seconds N] [--no-browser]

World and stack are brought up without a key, unless they are up. Each rehearsal has a fresh account on the
exchange, so that it starts with nothing; a key that the stack has already goes on until the person's is
proven, and is then exchanged for it. The account's keys are watched without their secrets, and what the
verifier would refuse is told in its own words as soon as the key page shows it. A key that is right is
offered by the person, who pastes the secret or writes a file, and is proven by a real `up`. The exchange's
store is never read.

Without a terminal nothing is asked: the file is waited for. Ctrl-C ends it; the account stays.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import summary
from sandbox.call import CallError, read_key_file
from sandbox.exchange.key_page import KeyPage, KeyPageError, pages_url
from sandbox.key_review import Row, Wanted
from sandbox.key_watch import follow, named
from sandbox.person import PersonError, offered, offered_file
from sandbox.pulumi_cli import Pulumi, engine_for
from sandbox.story import OFFERING, StoryError, applied, deployed, say, stack_selected, step
from sandbox.world import World, WorldError, default_folder

HOW_TO = '  (umask 077; cat > {file})    # {{"key": "…", "secret": "…"}}, then Ctrl-D'


@dataclass(frozen=True)
class Options:
    account: str | None
    key_file: Path
    seconds: float
    browser: bool


def rehearse(pulumi: Pulumi, folder: Path, options: Options) -> int:
    """From nothing to a proven key, made by a person."""
    step("The sandbox: AWS and the exchange, on this machine alone")
    endpoints = World(folder).start(say)
    page = KeyPage(endpoints.cexio, folder / "exchange")
    if not page.has_pages():
        raise StoryError(
            "the sandbox that runs is of older code, whose exchange has no pages: `make down` first, which "
            "ends it with its stack and keys, then `make rehearse` again"
        )
    offered_file(folder).unlink(missing_ok=True)
    stack_selected(pulumi, folder)
    outputs = _stack(pulumi)
    account = _account(page, options.account)
    url = pages_url(endpoints.cexio, account)

    step("Your turn: make the key by the guide, in a browser")
    _show(outputs["whitelist"], url)
    if options.browser:
        open_in_browser(url, os.environ)
    step("Following along (Ctrl-C ends it)")
    until = time.monotonic() + options.seconds
    verified = follow(
        rows=lambda: [Row.model_validate(row) for row in page.keys(account)],
        wanted=Wanted.of(outputs["whitelist"]),
        offer=Offers(options.key_file, folder),
        prove=lambda path: _proven(pulumi, path),
        going=lambda: time.monotonic() < until,
        tell=say,
    )
    if not verified:
        raise StoryError(f"no key was proven in time; to go on: make rehearse ACCOUNT={account}")
    summary.show(pulumi.outputs(), unchanged=False)
    say("Rehearsed: the real page wants the same steps. If you made a file with the key, delete it.")
    return 0


class Offers:
    """How the person brings the key: by pasting the secret, or in a file of their own."""

    def __init__(self, key_file: Path, folder: Path) -> None:
        self._key_file = key_file
        self._folder = folder
        self._told = ""

    @contextlib.contextmanager
    def __call__(self, row: Row) -> Iterator[Path | None]:
        """The file that offers the key; of a pasted secret, one for the length of the block."""
        if sys.stdin.isatty():
            self._told = ""
            say(f"Paste the secret of {row.label} (it is not shown). Or make a file, and press Enter:")
            self._say(HOW_TO.format(file=self._key_file))
            secret = getpass.getpass("Secret: ").strip()
            if secret:
                with offered(json.dumps({"key": row.key, "secret": secret}), self._folder) as path:
                    yield path
                return
        yield self._own_file(row)

    def _own_file(self, row: Row) -> Path | None:
        """The person's file, if it holds this very key: a real one is not for the sandbox."""
        if not self._key_file.exists():
            self._say(f"Waiting for the file: {HOW_TO.format(file=self._key_file).strip()}")
            return None
        try:
            held = read_key_file(self._key_file).key
        except CallError as fault:
            self._say(f"{fault}: write it anew.")
            return None
        if held == row.key:
            return self._key_file
        self._say(f"{self._key_file} holds another key than {named(row)}: it is not offered.")
        return None

    def _say(self, text: str) -> None:
        """Once, until there is something else to say."""
        if text != self._told:
            self._told = text
            say(text)


def _proven(pulumi: Pulumi, path: Path) -> bool:
    step("Deploy with your key offered: stage it, prove it from the host and from here, promote it")
    return applied(pulumi, {"CEXIO_KEY_FILE": str(path.resolve())}) == 0


def _stack(pulumi: Pulumi) -> dict[str, Any]:
    """The stack's outputs, deployed without a key where there is none."""
    outputs = pulumi.outputs()
    if not outputs.get("whitelist"):
        step("Deploy: address, network, role, secret container, host, whitelist record; no key yet")
        deployed(pulumi)
        outputs = pulumi.outputs()
    elif outputs.get("status") != "awaiting key":
        say(f"The stack has a key already ({outputs.get('status')}): it goes on until yours is proven.")
    return outputs


def _account(page: KeyPage, wanted: str | None) -> str:
    """The account named, or a new one; opened where it is not there."""
    taken = page.accounts()
    account = wanted or next(name for n in range(1, 10**6) if (name := f"rehearsal-{n}") not in taken)
    if account not in taken:
        page.open_account(account)
    return account


def _show(whitelist: dict[str, Any], url: str) -> None:
    """What to open and what to enter; plain lines, as a folded address could not be copied."""
    levels = ", ".join(dict.fromkeys(row["spot"] for row in whitelist["permissions"]))
    guide = ", ".join(row["guide"] for row in whitelist["permissions"])
    say(f"Open          {url}")
    say(f"Label         {whitelist['label']}")
    say(f"Permissions   {levels} and nothing else (the guide: {guide})")
    say(f"IP whitelist  {whitelist['addressText']}")
    say("Codes         2FA off the phone on the page, activation off its mailbox")


def open_in_browser(
    url: str, environment: Mapping[str, str], get: Callable[[], webbrowser.BaseBrowser] = webbrowser.get
) -> None:
    """Where there is a display; never a reason to fail."""
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        with contextlib.suppress(webbrowser.Error, OSError):
            browser = get()
            # Of these two kinds are the text browsers, which would take the terminal away.
            if type(browser) not in (webbrowser.GenericBrowser, webbrowser.Elinks):
                browser.open(url)


def _options(words: Sequence[str] | None, folder: Path) -> Options:
    given = os.environ.get("CEXIO_KEY_FILE")
    parser = argparse.ArgumentParser(prog="python -m sandbox.rehearsal", description="Rehearse the guide.")
    parser.add_argument("--account", help="go on in this account; without it, a fresh one")
    parser.add_argument("--key-file", type=Path, default=Path(given) if given else folder / "your-key.json")
    parser.add_argument("--seconds", type=float, default=3600, help="give up after so long; 3600 if left out")
    parser.add_argument("--no-browser", action="store_true", help="open none")
    found = parser.parse_args(words)
    return Options(found.account, found.key_file, found.seconds, not found.no_browser)


def main(words: Sequence[str] | None = None) -> int:
    folder = default_folder()
    options = _options(words, folder)
    engine = engine_for()
    say(f"Engine: {engine.line}.")
    pulumi = Pulumi(engine, folder)
    for name in OFFERING:
        pulumi.environment.pop(name, None)  # offered when the key is right, and not before
    try:
        return rehearse(pulumi, folder, options)
    except (KeyboardInterrupt, EOFError):
        print("\nEnded. The account and its keys stay until `make down`.", file=sys.stderr)
        return 130
    except (StoryError, PersonError, WorldError, KeyPageError) as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or folder}: {error.strerror}; free the way", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
