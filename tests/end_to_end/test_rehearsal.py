"""`make rehearse` at a terminal, with a person who gets it wrong first; and without a terminal."""

from __future__ import annotations

import html
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sandbox.exchange import two_factor
from tests.end_to_end.conftest import Clone
from tests.end_to_end.test_story_of_one_up import where_secret_is

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
FOUR = ["Account balance", "Open orders", "Place order", "Cancel order"]


class Terminal:
    """A command at a terminal of its own, as somebody types at it."""

    def __init__(self, clone: Clone, *words: str) -> None:
        self.said = ""
        self.pid, self._screen = pty.fork()
        if self.pid == 0:  # the child, until it is the command
            os.chdir(clone.folder)
            os.execvpe(words[0], words, clone.environment)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                said = os.read(self._screen, 65536)
            except OSError:  # the command has ended
                return
            self.said += said.decode(errors="replace")

    def until(self, text: str, times: int = 1, seconds: float = 120) -> str:
        """Wait until it has said the text so many times; all that was said."""
        end = time.monotonic() + seconds
        while self.said.count(text) < times:
            assert time.monotonic() < end, f"never said {text!r}:\n{self.said}"
            time.sleep(0.1)
        return self.said

    def type(self, text: str) -> None:
        os.write(self._screen, f"{text}\n".encode())

    def ends(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Person:
    """Somebody at the pages, with an authenticator app of their own."""

    def __init__(self, url: str) -> None:
        base = url.partition("/rehearsal")[0]
        self.http = httpx.Client(base_url=base, trust_env=False, follow_redirects=True)
        self.page = self.http.get(url).text
        self.step = 0
        self.post("/sign-in", account=url.rpartition("=")[2])
        self.setup_key = re.findall(r'<code class="long">(\w+)</code>', self.page)[0]
        self.post("/two-factor", code=self.code())

    def post(self, path: str, **form: Any) -> str:
        token = re.findall(r'name="form_token" value="([^"]+)"', self.page)[0]
        answer = self.http.post(f"/rehearsal{path}", data={"form_token": token, **form})
        assert answer.status_code == 200, answer.text
        self.page = answer.text
        return self.page

    def code(self) -> str:
        self.step = max(self.step + 1, int(time.time() * 1000) // two_factor.STEP_MS)
        return two_factor.code_at(self.setup_key, self.step * two_factor.STEP_MS)

    def create(self, **form: Any) -> dict[str, str]:
        page = self.post("/keys/new", code=self.code(), **form)
        return {
            name: html.unescape(re.findall(rf'id="{name}" class="copied" value="([^"]+)"', page)[0])
            for name in ("key", "secret")
        }

    def activate(self, key: str) -> None:
        mailbox = self.http.get("/rehearsal/mailbox").text
        code = re.findall(r"activate\?code=(\d{6})", mailbox)[0]
        self.post(f"/keys/{key}/activate", code=code)


@dataclass
class Rehearsals:
    """What was said, and with which status each ended."""

    said: dict[str, str] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)
    status: str = ""
    secret_found: list[str] = field(default_factory=list)
    secret: str = ""
    last_key: str = ""
    file_key: str = ""


@pytest.fixture(scope="module")
def rehearsals(clone: Clone) -> Rehearsals:
    seen = Rehearsals()
    words = (clone.python, "-m", "sandbox.rehearsal")
    terminal = Terminal(clone, *words)
    said = terminal.until("There is no key yet.")
    [url] = re.findall(r"http://127\.0\.0\.1:\d+/rehearsal/\?account=[\w-]+", said)
    person = Person(url)
    address = str(clone.outputs()["address"])
    made = person.create(label="Gunbot_Trading", whitelist=address)
    person.activate(made["key"])
    terminal.until("is active. The verifier would say:")
    account = url.rpartition("=")[2]
    ticks = [word for name in FOUR for word in ("--permission", name)]
    clone.sandbox("edit-key", "--account", account, *ticks, made["key"])
    terminal.until("was switched off, as every edit does")
    clone.sandbox("activate", "--account", account, made["key"])
    terminal.until("Secret: ")
    terminal.type(made["secret"][::-1])
    terminal.until("Secret: ", 2)
    terminal.type(made["secret"])
    seen.exits["at a terminal"], seen.said["at a terminal"] = terminal.ends(), terminal.said
    seen.status, seen.secret = clone.outputs()["status"], made["secret"]
    seen.secret_found = where_secret_is(clone, made["secret"], terminal.said)

    late = clone.run(*words, "--seconds", "1")
    seen.exits["too late"], seen.said["too late"] = late.returncode, late.stdout
    path = clone.make_key(
        account="rehearsal-2", label="Gunbot_Trading", addresses=[address], permissions=FOUR
    )
    given = clone.run(*words, "--account", "rehearsal-2", "--key-file", str(path))
    seen.exits["with a file"], seen.said["with a file"] = given.returncode, given.stdout
    seen.last_key = clone.stages()["AWSCURRENT"]
    seen.file_key = json.loads(path.read_text())["key"]

    process = subprocess.Popen(
        words,
        cwd=clone.folder,
        env=clone.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    heard = []
    bound = threading.Timer(120, process.kill)
    bound.start()
    for line in process.stdout:
        heard.append(line)
        if "There is no key yet." in line:
            process.send_signal(signal.SIGINT)
    bound.cancel()
    seen.exits["Ctrl-C"], seen.said["Ctrl-C"] = process.wait(30), "".join(heard)
    return seen


class TestAPersonIsLedToAProvenKey:
    """Who rehearses alone needs to hear which step was wrong, in the words that the real verifier uses."""

    def test_it_ends_verified(self, rehearsals: Rehearsals) -> None:
        assert rehearsals.exits["at a terminal"] == 0, rehearsals.said["at a terminal"]
        assert rehearsals.status == "verified"

    def test_a_missing_permission_was_told_before_the_key_was_offered(self, rehearsals: Rehearsals) -> None:
        before = rehearsals.said["at a terminal"].partition("Secret: ")[0]
        assert "permission missing: the key lacks Place order, Cancel order" in before

    def test_a_wrong_secret_was_refused_by_the_proof_and_asked_for_anew(self, rehearsals: Rehearsals) -> None:
        assert "the signature is wrong" in " ".join(rehearsals.said["at a terminal"].split())

    def test_the_secret_is_shown_nowhere_and_left_nowhere(self, rehearsals: Rehearsals) -> None:
        assert rehearsals.secret
        assert rehearsals.secret_found == []

    def test_without_a_terminal_the_file_is_taken_and_the_key_exchanged(self, rehearsals: Rehearsals) -> None:
        assert rehearsals.exits["with a file"] == 0, rehearsals.said["with a file"]
        assert rehearsals.last_key == rehearsals.file_key


class TestItEndsTidily:
    """A watcher that nobody can end, or that forgets where one was, is not started a second time."""

    def test_when_time_is_over_it_says_how_to_go_on(self, rehearsals: Rehearsals) -> None:
        assert rehearsals.exits["too late"] == 1
        assert "go on: make rehearse ACCOUNT=rehearsal-2" in rehearsals.said["too late"]

    def test_a_key_that_is_there_goes_on(self, rehearsals: Rehearsals) -> None:
        assert "The stack has a key already (verified)" in rehearsals.said["too late"]

    def test_by_ctrl_c_without_a_traceback(self, rehearsals: Rehearsals) -> None:
        assert rehearsals.exits["Ctrl-C"] == 130
        assert "Traceback" not in rehearsals.said["Ctrl-C"]
