"""The world's life: started once, found again, rebuilt when lost, ended whole. Real servers throughout."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import processes
from sandbox.processes import Running

ROOT = Path(__file__).resolve().parents[2]
HOST, ELSEWHERE = "127.1.2.3", "127.9.9.9"


class Folder:
    """A sandbox folder and its command line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = {**os.environ, "CEXIO_BOT_SANDBOX_DIR": str(path)}

    def popen(self, *words: str, **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            [sys.executable, "-m", "sandbox", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def run(self, *words: str, given: str = "", **more: object) -> subprocess.CompletedProcess[str]:
        process = self.popen(*words, **more)
        out, err = process.communicate(given, timeout=120)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def done(self, *words: str) -> str:
        answer = self.run(*words)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def fault(self, *words: str, **more: object) -> str:
        """The one line of a failing command."""
        answer = self.run(*words, **more)
        assert answer.returncode != 0, answer.stdout
        [line] = answer.stderr.splitlines()
        assert line.startswith("error: ")
        return line

    def endpoints(self) -> dict[str, str]:
        return dict(json.loads((self.path / "endpoints.json").read_text()))

    def running(self) -> list[Running]:
        return processes.of_world(self.path)


@contextlib.contextmanager
def folder_in(parent: Path) -> Iterator[Folder]:
    folder = Folder(parent / "sandbox")
    try:
        yield folder
    finally:
        folder.run("stop")
        processes.end(folder.path, 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A running world for tests that leave it whole."""
    with folder_in(tmp_path_factory.mktemp("shared")) as folder:
        folder.environment |= {"AWS_PROFILE": "canary", "CEXIO_API_SECRET": "canary", "PULUMI_HOME": "canary"}
        folder.done("start")
        yield folder


@dataclass
class Life:
    """What was seen of a world that two starts at once began and one stop ended."""

    starts: list[tuple[int, str]]
    whole: list[str]
    stop: str
    left: list[Running]
    folder_left: bool
    second_stop: str


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with folder_in(tmp_path_factory.mktemp("life")) as folder:
        starts = [folder.popen("start") for _ in range(2)]
        said = [start.communicate(timeout=120)[0] for start in starts]
        whole = [process.what for process in folder.running()]
        (folder.path / "state").mkdir()
        stop, left, there = folder.done("stop"), folder.running(), folder.path.exists()
        codes = [start.returncode for start in starts]
        yield Life(list(zip(codes, said, strict=True)), whole, stop, left, there, folder.done("stop"))


@contextlib.contextmanager
def deaf_server(folder: Folder) -> Iterator[subprocess.Popen[bytes]]:
    """Something with the command line of a server, which does not end when asked."""
    deaf = "from signal import *; signal(SIGTERM, SIG_IGN); print(flush=True); import time; time.sleep(99)"
    line = [
        sys.executable,
        "-c",
        deaf,
        processes.SERVERS["exchange"],
        "--store",
        str(folder.path / "exchange"),
    ]
    with subprocess.Popen([*line, "--port", "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Folder]:
    with folder_in(tmp_path) as folder:
        yield folder


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of the sandbox's business."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


class TestThereIsOneWorld:
    """Two worlds in one folder overwrite each other's state."""

    def test_both_servers_say_its_id(self, world: Folder) -> None:
        endpoints = world.endpoints()
        assert set(endpoints) == {"world", "aws", "cexio"}
        for url, path in ((endpoints["aws"], "/_sandbox/health"), (endpoints["cexio"], "/health")):
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
            connection.request("GET", path)
            assert json.loads(connection.getresponse().read())["world"] == endpoints["world"]
            connection.close()

    def test_a_second_start_finds_it(self, world: Folder) -> None:
        before, running = world.endpoints(), world.running()
        assert "runs already" in world.done("start")
        assert (world.endpoints(), world.running()) == (before, running)

    def test_its_status_is_told(self, world: Folder) -> None:
        assert world.endpoints()["cexio"] in world.done("status")

    def test_two_starts_at_once_make_one(self, life: Life) -> None:
        assert [code for code, _ in life.starts] == [0, 0]
        assert sum("runs already" in said for _, said in life.starts) == 1
        assert life.whole == ["AWS", "exchange"]

    def test_nothing_of_the_users_accounts_reaches_the_servers(self, world: Folder) -> None:
        for process in world.running():
            assert b"canary" not in Path(f"/proc/{process.pid}/environ").read_bytes()


class TestStopLeavesNothing:
    """A server that is left over answers the next world's questions with the last one's truth."""

    def test_it_says_what_ended(self, life: Life) -> None:
        for word in ("AWS", "exchange", "Nothing is left running."):
            assert word in life.stop

    def test_no_process_and_no_folder_is_left(self, life: Life) -> None:
        assert (life.left, life.folder_left) == ([], False)

    def test_a_second_stop_is_fine(self, life: Life) -> None:
        assert "nothing is running" in life.second_stop

    def test_servers_whose_folder_was_removed_end_too(self, empty: Folder) -> None:
        with deaf_server(empty) as server:
            assert processes.end(empty.path, 0.1) == [Running(server.pid, "exchange")]
            assert server.wait(10) == -signal.SIGKILL

    def test_a_start_that_was_killed_leaves_nothing_behind_for_long(self, empty: Folder) -> None:
        start = empty.popen("start")
        deadline = time.monotonic() + 30
        while not empty.running() and time.monotonic() < deadline:
            time.sleep(0.01)
        start.kill()
        start.communicate()
        assert empty.running()
        assert "no sandbox running" in empty.fault("status")
        empty.done("stop")
        assert empty.running() == []
        assert not empty.path.exists()


class TestStrangersAreLeftAlone:
    """A process number written down yesterday is somebody else's today."""

    def test_a_stale_pid_file_kills_nobody(self, empty: Folder, stranger: subprocess.Popen[bytes]) -> None:
        for server in ("aws", "exchange"):
            (empty.path / server).mkdir(parents=True)
            (empty.path / server / "server.pid").write_text(f"{stranger.pid}\n")
        (empty.path / "endpoints.json").write_text(
            json.dumps({"world": "gone", "aws": "http://127.0.0.1:9", "cexio": "http://127.0.0.1:9"})
        )
        empty.done("stop")
        assert stranger.poll() is None

    def test_a_program_that_looks_at_the_folder_is_not_the_worlds(self, empty: Folder) -> None:
        (empty.path / "exchange").mkdir(parents=True)
        log = empty.path / "exchange" / "server.log"
        log.touch()
        with subprocess.Popen(["tail", "-f", str(log)]) as tail:
            empty.done("stop")
            assert tail.poll() is None
            tail.kill()

    def test_another_folders_world_is_not_ours(self, world: Folder, empty: Folder) -> None:
        before = world.running()
        empty.path.mkdir()
        empty.done("stop")
        assert world.running() == before

    def test_a_server_of_another_world_on_our_port_is_recognised(self, world: Folder, empty: Folder) -> None:
        empty.path.mkdir()
        theirs = world.endpoints() | {"world": "ours"}
        (empty.path / "endpoints.json").write_text(json.dumps(theirs))
        assert "another server has taken the place of its AWS" in empty.fault("status")


class TestALostWorldIsRebuilt:
    """After a reboot the state on disk names things that no server remembers."""

    def test_with_a_new_id_and_without_the_old_state(self, empty: Folder) -> None:
        empty.done("start")
        before = empty.endpoints()
        for name in ("state", "pulumi"):
            (empty.path / name).mkdir()
            (empty.path / name / "file").touch()
        kill(empty, "AWS")
        assert "its AWS does not run any more): `make up`" in empty.fault("status")
        said = empty.done("start")
        assert "world was lost: its AWS does not run any more" in said
        after = empty.endpoints()
        assert after["world"] != before["world"]
        assert after["cexio"] == before["cexio"]
        assert not (empty.path / "state").exists()
        assert (empty.path / "pulumi" / "file").exists()
        assert [process.what for process in empty.running()] == ["AWS", "exchange"]


class TestAnExchangeThatEndedIsStartedAgain:
    """A stack was rebuilt from nothing because the exchange had been killed, which had lost nothing."""

    def test_with_its_keys_and_the_stack_as_they_were(self, empty: Folder) -> None:
        empty.done("start")
        before = empty.endpoints()
        (empty.path / "state").mkdir()
        key = json.loads(empty.done("make-key", "--account", "1", "--label", "bot", "--permission", "Read"))
        kill(empty, "exchange")
        assert "its exchange does not run any more): `make up`" in empty.fault("status")
        assert "started again" in empty.done("start")
        assert empty.endpoints() == before
        assert (empty.path / "state").exists()
        assert key["key"] in empty.done("keys", "--account", "1")


def kill(folder: Folder, server: str) -> None:
    """Kill one server of a world, and wait until it is gone."""
    [process] = [process for process in folder.running() if process.what == server]
    os.kill(process.pid, signal.SIGKILL)
    while process in folder.running():
        time.sleep(0.01)


class TestBadGroundIsOneClearLine:
    """A traceback at the first command sends people away."""

    def test_no_world(self, empty: Folder) -> None:
        for words in (["status"], ["keys", "--account", "1"], ["call", "--from", HOST, "--public", "x"]):
            assert "no sandbox running: `make up` starts one" in empty.fault(*words)

    def test_a_port_that_is_taken(self, empty: Folder) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            for option in ("--exchange-port", "--aws-port"):
                assert f"port {port} is taken" in empty.fault("start", option, port)
        assert empty.running() == []
        assert not (empty.path / "endpoints.json").exists()

    def test_a_folder_that_cannot_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        folder = Folder(tmp_path / "file" / "sandbox")
        assert "CEXIO_BOT_SANDBOX_DIR" in folder.fault("start")

    def test_a_disk_that_is_full(self, empty: Folder) -> None:
        def no_byte_more() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

        line = empty.fault("start", preexec_fn=no_byte_more)
        assert "make room" in line
        assert empty.running() == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="root writes wherever it likes")
    def test_a_folder_that_is_read_only(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        try:
            assert "Permission denied" in Folder(tmp_path / "sandbox").fault("start")
        finally:
            tmp_path.chmod(0o700)


class TestThePersonsCommands:
    """What a person does at the key page, from the command line, for tests and for the story of `make up`."""

    def make_key(self, world: Folder, account: str, *words: str) -> Path:
        made = world.done("make-key", "--account", account, "--label", "Bot", "--address", HOST, *words)
        assert set(json.loads(made)) == {"key", "secret"}
        path = world.path.parent / f"key-{account}.json"
        path.write_text(made)
        return path

    def call(self, world: Folder, source: str, path: Path, action: str, body: str = "{}") -> tuple[str, str]:
        said = world.done("call", "--from", source, "--key-file", str(path), action, body)
        status, text = said.splitlines()
        return status, text

    def test_a_key_works_from_its_address_alone(self, world: Folder) -> None:
        path = self.make_key(world, "1", "--permission", "Account balance", "--permission", "place order")
        assert self.call(world, HOST, path, "get_my_account_status_v3")[0] == "200"
        assert self.call(world, ELSEWHERE, path, "get_my_account_status_v3")[0] == "401"
        accounts = json.loads(self.call(world, HOST, path, "get_my_account_status_v3")[1])
        assert set(accounts["data"]["balancesPerAccounts"]) == {"", "bot"}

    def test_the_secret_may_come_from_standard_input(self, world: Folder) -> None:
        made = json.loads(self.make_key(world, "stdin").read_text())
        words = ["call", "--from", HOST, "--key", made["key"], "--secret-stdin", "get_my_orders"]
        assert world.run(*words, given=made["secret"] + "\n").stdout == '200\n{"ok":"ok","data":[]}\n'

    def test_a_public_call_needs_no_key(self, world: Folder) -> None:
        said = world.done("call", "--from", ELSEWHERE, "--public", "get_server_time")
        assert said.startswith('200\n{"ok":"ok"')

    def test_a_key_can_be_edited_activated_deactivated_and_deleted(self, world: Folder) -> None:
        path = self.make_key(world, "life", "--no-activate", "--sub-account", "grid")
        key = json.loads(path.read_text())["key"]
        which = ["--account", "life", key]

        def status() -> str:
            [row] = json.loads(world.done("keys", "--account", "life"))
            return str(row["status"])

        seen = [status()]
        for words in (["activate"], ["edit-key", "--any-address"], ["activate"], ["deactivate"]):
            world.done(*words, *which)
            seen.append(status())
        assert seen == ["created", "active", "deactivated", "active", "deactivated"]
        assert world.done("delete-key", "--account", "life", "--all") == json.dumps([key]) + "\n"

    def test_an_account_is_opened_once_and_its_page_told(self, world: Folder) -> None:
        said = world.done("open-account", "--account", "person")
        assert f"{world.endpoints()['cexio']}/rehearsal/?account=person" in said
        assert "person is there already" in world.fault("open-account", "--account", "person")

    def test_a_switch_is_set_shown_and_put_back(self, world: Folder) -> None:
        assert json.loads(world.done("switch", "address-refused", "forbidden")) == {
            "address_refused": "forbidden"
        }
        assert json.loads(world.done("switch", "address-refused")) == {"address_refused": "forbidden"}
        world.done("switch", "address-refused", "--default")
        assert json.loads(world.done("switch"))["address_refused"] == "own-text"

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (
                ["make-key", "--account", "1", "--label", "L", "--permission", "Fly"],
                "permission 'Fly' is unknown",
            ),
            (
                ["make-key", "--account", "1", "--label", "L", "--address", "here"],
                "'here' is not an IPv4 address",
            ),
            (["make-key", "--account", "../1", "--label", "L"], "error: "),
            (["keys", "--account", "nobody"], "account nobody does not exist"),
            (["switch", "nope"], "switch nope is unknown"),
            (["switch", "permission-check", "never"], "permission_check: "),
            (["call", "--from", HOST, "get_my_orders"], "--key-file FILE"),
            (["call", "--from", HOST, "--key-file", "none.json", "x"], "key file none.json"),
            (["call", "--from", "192.0.2.1", "--public", "get_server_time"], "no answer"),
            (["dance"], "dance"),
            ([], "required"),
        ],
    )
    def test_a_wrong_word_is_one_clear_line(self, world: Folder, words: list[str], told: str) -> None:
        assert told in world.fault(*words)

    def test_a_bare_python_in_any_folder_will_do(self, world: Folder) -> None:
        bare = [os.path.realpath(sys.executable), "-S", str(ROOT / "sandbox"), "status"]
        said = subprocess.run(
            bare, cwd="/", env=world.environment, capture_output=True, text=True, check=False
        )
        assert (said.returncode, said.stderr) == (0, "")
