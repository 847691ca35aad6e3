"""`python -m cexio` as a process, against the stand-in exchange and on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cexio.__main__ import main
from cexio.causes import table
from cexio.commands.outcome import Table
from cexio.commands.table import show
from cexio.next_steps import NEXT_STEPS
from sandbox.exchange.switches import Switches
from tests.cexio.tiny_exchange import closed_port, tiny_exchange
from tests.providers.sandbox_processes import ROOT, Exchange

HOST, ELSEWHERE = "127.0.0.7", "127.0.0.9"
KEY, SECRET = "canary-key-0123456789", "canary/secret+0123456789=="
GOOD = "nothing at fault, as far as one place can tell"
UNSURE = "nothing at fault, but funds not proven"


def cexio(*words: str, environment: dict[str, str] | None = None, **settings: Any) -> Any:
    own = {name: value for name, value in os.environ.items() if not name.startswith("CEXIO_")}
    return subprocess.run(
        [sys.executable, "-m", "cexio", *words],
        cwd=ROOT,
        env={**own, **(environment or {})},
        capture_output="stdout" not in settings,
        text=True,
        timeout=60,
        check=False,
        **settings,
    )


class World:
    def __init__(self, exchange: Exchange, folder: Path) -> None:
        self.exchange = exchange
        self.folder = folder
        self.accounts = 0

    def key(self, *permissions: str, active: bool = True) -> dict[str, str]:
        self.accounts += 1
        asked = permissions or ("Read", "Trade")
        return self.exchange.make_key((HOST,), asked, f"cli-{self.accounts}", active=active)

    def file(self, key: dict[str, str], mode: int = 0o600) -> str:
        path = self.folder / f"key-{self.accounts}.json"
        path.write_text(json.dumps(key))
        path.chmod(mode)
        return str(path)

    def check(self, key: dict[str, str], *words: str, source: str = HOST, timeout: str = "5") -> Any:
        """(exit status, document), in this process."""
        out = io.StringIO()
        stdout, sys.stdout = sys.stdout, out
        try:
            own = ["--key-file", self.file(key), "--exchange", self.exchange.url, "--source", source]
            status = main(["check", "--json", *own, "--account", "bot", "--timeout", timeout, *words])
        finally:
            sys.stdout = stdout
        assert key["secret"] not in out.getvalue()
        assert key["key"] not in out.getvalue()
        return status, json.loads(out.getvalue())

    def switch(self, **switches: Any) -> None:
        roomy = {"key_points_per_minute": 100_000, "address_points_per_minute": 100_000}
        self.exchange.person(
            "PATCH", "/switches", {**Switches().model_dump(mode="json"), **roomy, **switches}
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    exchange = Exchange(tmp_path_factory.mktemp("exchange"))
    yield World(exchange, tmp_path_factory.mktemp("keys"))
    exchange.stop()


@pytest.fixture(autouse=True)
def _as_by_default(request: pytest.FixtureRequest) -> None:
    if "world" in request.fixturenames:
        request.getfixturevalue("world").switch()


class TestCheckSaysWhatIsAtFault:
    """A person without Pulumi has nothing but this table to find out why the bot stands still."""

    def test_a_good_key_as_a_process_and_in_plain_text(self, world: World) -> None:
        key = world.key()
        ran = cexio(
            "check", "--exchange", world.exchange.url, "--source", HOST, "--account", "bot",
            environment={"CEXIO_KEY_FILE": world.file(key)},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        lines = ran.stdout.splitlines()
        assert lines[0] == f"Measured from {HOST}"
        assert [line.split("  ")[0] for line in lines if "  granted  " in line] == [
            "Account balance",
            "Open orders",
            "Place order",
            "Cancel order",
        ]
        assert f"Verdict: {GOOD}" in lines
        assert f"Whitelist: not proven. The key was let in from {HOST}." in ran.stdout
        assert "\x1b" not in ran.stdout
        assert not ran.stderr
        assert key["key"] not in ran.stdout
        assert key["secret"] not in ran.stdout

    def test_a_key_in_the_environment_with_a_wrong_secret(self, world: World) -> None:
        key = world.key()
        ran = cexio(
            "check", "--exchange", world.exchange.url, "--source", HOST,
            environment={"CEXIO_API_KEY": key["key"], "CEXIO_API_SECRET": "x" * 40},
        )  # fmt: skip
        assert ran.returncode == 1
        assert "Verdict: wrong key or signature: " in ran.stdout
        assert "the host" not in ran.stdout

    @pytest.mark.parametrize(
        ("permissions", "status", "verdict"),
        [
            (("Read", "Trade"), 0, GOOD),
            (("Read",), 1, "permission missing"),
            (("Read", "Trade", "Funds Wallet"), 1, "too many permissions"),
            (("Read", "Trade", "Funds Wallet", "Funds Internal"), 3, UNSURE),
        ],
    )
    def test_permissions(self, world: World, permissions: Any, status: int, verdict: str) -> None:
        found, document = world.check(world.key(*permissions))
        assert (found, document["status"], document["verdict"]) == (status, status, verdict)
        assert document["whitelist"]["verdict"] == "undetermined"
        assert document["notProven"]

    def test_a_key_that_may_move_funds_is_never_fine_and_the_verdict_says_how_that_is_settled(
        self, world: World
    ) -> None:
        key = world.key("Read", "Trade", "Funds Wallet", "Funds Internal")
        words = ["--exchange", world.exchange.url, "--source", HOST, "--account", "bot"]
        ran = cexio("check", *words, environment={"CEXIO_KEY_FILE": world.file(key)})
        assert ran.returncode == 3, ran.stdout + ran.stderr
        [line] = [line for line in ran.stdout.splitlines() if line.startswith("Verdict: ")]
        assert line.startswith(f"Verdict: {UNSURE}: Funds Wallet, Funds Internal: ")
        for part in ("key page", "withdrawal", "transfers", "make calibrate"):
            assert part in line
        for text in (cexio("check", "--help").stdout, (ROOT / "docs/cexio.md").read_text()):
            assert "a funds level" in " ".join(text.split())

    def test_a_key_that_is_not_activated(self, world: World) -> None:
        status, document = world.check(world.key(active=False))
        assert (status, document["verdict"]) == (1, "not activated")

    def test_a_refused_address_is_said_to_be_right_if_it_is_not_listed(self, world: World) -> None:
        status, document = world.check(world.key(), source=ELSEWHERE)
        assert (status, document["verdict"]) == (3, "address refused")
        assert document["notProven"] == [
            f"If {ELSEWHERE} is not on the whitelist, this is as it should be: run it on the bot's host."
        ]

    def test_without_a_sub_account_no_order_is_asked_and_nothing_is_claimed(self, world: World) -> None:
        key = world.key()
        out = io.StringIO()
        sys.stdout, stdout = out, sys.stdout
        try:
            words = ["--key-file", world.file(key), "--exchange", world.exchange.url, "--source", HOST]
            status = main(["check", "--json", *words])
        finally:
            sys.stdout = stdout
        assert status == 3
        (place,) = (row for row in json.loads(out.getvalue())["permissions"] if row["name"] == "Place order")
        assert place["verdict"] == "undetermined"

    def test_what_says_nothing_of_the_key_is_no_fault_of_it(self, world: World) -> None:
        key = world.key()
        world.switch(key_points_per_minute=0)
        assert world.check(key)[0] == 3
        world.switch(fault="html-502")
        assert world.check(key)[0] == 3
        status, document = world.check(key, "--exchange", closed_port())
        assert (status, document["verdict"]) == (3, "exchange unreachable")

    def test_an_order_that_was_not_rejected_is_an_alarm(self, world: World) -> None:
        order = {"ok": "ok", "data": {"orderId": "1", "status": "NEW"}}
        replies = {
            "get_my_current_fee": (200, {"ok": "ok", "data": {"tradingFee": {}}}),
            "do_my_new_order": (200, order),
        }
        with tiny_exchange(replies) as server:
            status, document = world.check(
                {"key": KEY, "secret": SECRET}, "--exchange", server.base_url, timeout="0.5"
            )
        assert (status, document["alarm"]) == (4, True)
        assert document["line"].startswith("ALARM: ")

    def test_nothing_was_ordered_or_moved(self, world: World) -> None:
        log = world.exchange.store / "requests.jsonl"
        before = len(log.read_text().splitlines())
        world.check(world.key("Read", "Trade", "Funds Wallet", "Funds Internal"))
        asked = [json.loads(line) for line in log.read_text().splitlines()[before:]]
        assert {"do_my_new_order", "do_my_internal_transfer"} <= {row["action"] for row in asked}
        for row in asked:
            if row["action"] == "do_my_new_order":
                assert '"REJECTED"' in row["reply"] or '"error"' in row["reply"]
            elif row["action"] in ("do_my_internal_transfer", "do_withdrawal_funds_to_wallet"):
                assert '"error"' in row["reply"]


class TestWhatIsWrongOnTheLineIsSaidInOne:
    """A traceback tells an operator that the program is broken, and not what to type."""

    @pytest.mark.parametrize(
        "words",
        [
            ("check",),
            ("check", "--key-file", "/nowhere/key.json"),
            ("check", "--pair", "btcusd"),
            ("check", "--account", "a b"),
            ("check", "--timeout", "0"),
            ("check", "--source", "::1"),
            ("check", "--source", "203.0.113.9"),
            ("check", "--exchange", "http://exchange.test"),
            ("check", "--exchange", "ftp://127.0.0.1"),
            ("check", "--exchange", "https://user@exchange.test"),
            ("check", "--exchange", "https://["),
            ("check", "--exchange", "https://exchange.test:port"),
            ("check", "--exchange", "https://exchange.test:99999"),
            ("check", "--exchange", "https://exchange.test/?key=1"),
            ("check", "--exchange", "https://exchange .test"),
            ("check", "--exchange", "https://exchange\n.test"),
            ("check", "--exchange", "https://b\u00f6rse.test"),
            ("check", "--exchange", ""),
            ("explain", " "),
            ("explain", "x", "--status", "7"),
            ("steps", "--address", "10.0.0.1"),
            ("steps", "--address", "8.8.8.0/24"),
            ("steps", "--address", "8.8.8.8", "--label", " "),
            ("steps", "--address", "8.8.8.8", "--review-days", "0"),
        ],
    )
    def test_status_two_and_one_line(
        self, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("CEXIO_KEY_FILE", "CEXIO_API_KEY", "CEXIO_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        assert main(words) == 2
        told = capsys.readouterr()
        option = f"{words[-2]}: " if len(words) > 2 else ""
        assert told.err.startswith(f"error: {option}")
        assert told.err.count("\n") == 1
        assert not told.out
        assert main([*words, "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["status"] == 2

    def test_a_file_that_others_may_read_is_refused(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "key.json"
        path.write_text(json.dumps({"key": KEY, "secret": SECRET}))
        path.chmod(0o644)
        assert main(["check", "--key-file", str(path)]) == 2
        told = capsys.readouterr().err
        assert "--key-file" in told
        assert "0644" in told
        assert "canary" not in told

    def test_no_word_of_the_command_line_takes_a_key(self, capsys: pytest.CaptureFixture[str]) -> None:
        for words in (["--key", KEY], [f"--secret={SECRET}"], [KEY], ["--key-fil", KEY]):
            assert main(["check", *words]) == 2
            told = capsys.readouterr()
            assert "canary" not in told.err + told.out

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ([], "say one of check, explain, steps"),
            ([KEY], "say one of check, explain, steps"),
            (["check", "--timeout", SECRET], "--timeout: "),
            (["check", "--foo", SECRET], "there is no --foo"),
            (["explain"], "text"),
            (["explain", "x", "--status", SECRET], "--status: "),
            (["explain", "x", "--channel", SECRET], "--channel: "),
            (["steps"], "--address"),
        ],
    )
    def test_words_that_are_not_understood_are_one_line_too_and_are_not_shown(
        self, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(words) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert told in error
        assert "--help`" in error
        assert error.count("\n") == 1
        assert "canary" not in error
        for asked in (["--json", *words], [*words, "--json"]):
            assert main(asked) == 2
            assert json.loads(capsys.readouterr().out)["status"] == 2

    def test_json_may_be_asked_for_before_the_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--json", "explain", "API rate limit reached"]) == 0
        assert json.loads(capsys.readouterr().out)["cause"] == "rate"

    @pytest.mark.parametrize("words", [["--help"], ["check", "--help"], ["explain", "--help"]])
    def test_help_tells_the_exit_statuses(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(words)
        told = capsys.readouterr().out
        for number in range(5):
            assert f"\n  {number}  " in told
        assert all(f"  {number}  " in (ROOT / "docs/cexio.md").read_text() for number in range(5))


class TestExplain:
    """An operator has one line of a bot's log and no idea whose fault it is."""

    @pytest.mark.parametrize(
        "row",
        [row for row in table() if row.match == "exact" and row.channel != "order"],
        ids=lambda row: row.text,
    )
    def test_every_exact_text_of_the_table_is_known(
        self, row: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        channel = "websocket" if row.channel == "websocket" else "rest"
        assert main(["explain", row.text, "--channel", channel, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["cause"], told["confidence"]) == (row.cause, row.confidence)
        assert told["next"] == NEXT_STEPS[row.cause].do

    @pytest.mark.parametrize(
        ("text", "words", "cause"),
        [
            ('{"error":"Authorization Failed","statusCode":401}', [], "credentials"),
            ('{"e":"auth","data":{"error":"Invalid signature"}}', ["--channel", "websocket"], "signature"),
            ('{"ok":"ok","data":{"error":"Currencies should be array."}}', [], "validation"),
            (
                '{"ok":"ok","data":{"status":"REJECTED","rejectCode":424,"orderId":"NONE"}}',
                [],
                "gate-passed",
            ),
            ("anything at all", ["--status", "429"], "rate"),
            ("IP is not allowed", [], "address"),
            ("<!DOCTYPE html><html><title>Just a moment...</title>", ["--status", "403"], "page"),
        ],
    )
    def test_answers_whole_and_in_part(
        self, text: str, words: list[str], cause: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["explain", text, *words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["cause"] == cause

    def test_what_nobody_knows_is_status_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["explain", "E17 \x1b[31mred"]) == 1
        told = capsys.readouterr().out
        assert "unclear" in told
        assert "\x1b" not in told

    def test_a_guess_is_called_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        main(["explain", "IP is not allowed"])
        assert "a guess from the wording" in capsys.readouterr().out

    def test_the_text_may_come_through_a_pipe_whose_reader_leaves(self) -> None:
        ran = cexio("explain", "-", input="API rate limit reached\n")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "200 for a key" in ran.stdout
        script = f"{sys.executable} -m cexio steps --address 8.8.8.8 --json | head -c 1"
        piped = subprocess.run(
            ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        assert (piped.stdout, piped.stderr) == ("{", "")

    def test_a_text_that_is_no_utf_8_is_read_as_far_as_it_goes(self) -> None:
        script = f"printf 'API rate limit reached\\377' | {sys.executable} -m cexio explain - --status 429"
        ran = subprocess.run(
            ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, "")


class TestOutputThatCannotBeWritten:
    """A traceback about a full disk hides whether the key was good."""

    @pytest.mark.parametrize(
        ("script", "told"),
        [
            (
                "explain nonsense > /dev/full",
                "error: the output cannot be written: No space left on device\n",
            ),
            ("explain nonsense --json > /dev/full", "error: the output cannot be written: "),
            ("explain nonsense >&-", ""),
            ("explain nonsense >&- 2>&-", ""),
            ("explain - <&-", "error: "),
        ],
    )
    def test_it_is_one_line_and_the_status_is_of_what_was_found(self, script: str, told: str) -> None:
        ran = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m cexio {script}"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ran.returncode == (2 if script.endswith("<&-") else 1)
        assert ran.stderr.startswith(told)
        assert ran.stderr.count("\n") == bool(told)


class TestSteps:
    """A value that is left to memory is a key with another address."""

    def test_all_values_are_in_both_forms(self, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["steps", "--address", "8.8.8.8", "--address", "1.1.1.1", "--address", "8.8.8.8"]
        words += ["--label", "My_Bot", "--account", "bot", "--limits", "1 BTC a day", "--review-days", "30"]
        assert main(words) == 0
        text = capsys.readouterr().out
        assert main([*words, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert len(document["steps"]) == 6
        assert document["addressText"] == "8.8.8.8,1.1.1.1"
        for value in ("My_Bot", "`bot`", "1 BTC a day", "30 days", "8.8.8.8,1.1.1.1", "Read, Trade"):
            assert value in text
            assert value in json.dumps(document)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestTables:
    """Box drawing in a file and colour where none is wanted make a table unreadable."""

    SAID = (Table("Title", ("A", "B"), [("granted", "[red]x[/red] \x1b[2J\u202e")]), "A line")

    def test_a_terminal_gets_a_drawn_table(self) -> None:
        leader, follower = pty.openpty()
        environment = {"TERM": "xterm-256color", "COLUMNS": "100"}
        ran = cexio("explain", "API rate limit reached", environment=environment, stdout=follower)
        os.close(follower)
        seen = os.read(leader, 65536).decode()
        os.close(leader)
        assert ran.returncode == 0
        assert "│" in seen

    def test_on_a_narrow_terminal_no_word_is_broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", "40")
        monkeypatch.setenv("NO_COLOR", "1")
        rows = [
            ("Account balance", "Read", "undetermined", "not asked: the key check was not accepted"),
            ("", "", "granted", "HTTP 200 ok"),
            ("", "", "", "the last of it"),
        ]
        out = _Terminal()
        show([Table("Measured", ("Permission", "Spot level", "Finding", "Why"), rows)], out)
        lines = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).splitlines()
        assert max(map(len, lines)) <= 40
        assert [line.rstrip() for line in lines] == [
            "Measured",
            "Account balance, Read, undetermined",
            "  not asked: the key check was not",
            "  accepted",
            "granted",
            "  HTTP 200 ok",
            "  the last of it",
        ]

    @pytest.mark.parametrize("unwanted", [True, False])
    def test_colour_is_shown_where_it_is_wanted(
        self, unwanted: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("NO_COLOR", "1" if unwanted else "")
        out = _Terminal()
        show(self.SAID, out)
        assert ("\x1b[32m" in out.getvalue()) != unwanted

    def test_without_rich_a_terminal_gets_plain_columns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("rich.console", "rich.table", "rich.text"):
            monkeypatch.setitem(sys.modules, name, None)
        out = _Terminal()
        show(self.SAID, out)
        assert out.getvalue() == "Title\nA        B\ngranted  [red]x[/red]  [2J\n\nA line\n"

    def test_no_text_of_others_drives_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        out = _Terminal()
        show(self.SAID, out)
        assert "[red]x[/red]" in out.getvalue()
        assert "\x1b[2J" not in out.getvalue()
        assert "\u202e" not in out.getvalue()
