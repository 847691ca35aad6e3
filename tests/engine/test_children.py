"""The engine's child processes: what they are told, and that they go when the engine goes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.engine.children import Child, ChildError, reserved_port, without_offers

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.executable)


ENGINE = """
import asyncio, os, sys
from pathlib import Path
from sandbox.engine.children import Child

def say(line, is_error):
    print(line, flush=True)

async def main():
    words = ["module", "childs_work"]
    cwd = Path(sys.argv[1])
    child = await Child.start("x", Path(sys.executable), words, cwd=cwd, env=dict(os.environ), say=say)
    child.listen()
    print(child._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def started(code, tmp_path, said=None):
    (tmp_path / "childs_work.py").write_text(code)
    say = lambda line, is_error: said.append((line, is_error)) if said is not None else None  # noqa: E731
    words = ["module", "childs_work"]
    return Child.start("test child", PYTHON, words, cwd=tmp_path, env=dict(os.environ), say=say)


class TestKeysStayWithTheProvider:
    """A key that reached the program or a policy could end up in an output or a message."""

    def test_all_that_offers_a_key_is_taken_away(self):
        offers = [
            "CEXIO_API_KEY",
            "CEXIO_API_SECRET",
            "CEXIO_KEY_FILE",
            "CEXIO_API_KEY_BOT",
            "CEXIO_KEY_FILE_a1",
        ]
        assert without_offers(dict.fromkeys([*offers, "CEXIO_BOT_SANDBOX_DIR", "PATH"], "x")) == {
            "CEXIO_BOT_SANDBOX_DIR": "x",
            "PATH": "x",
        }


class TestChildren:
    """A child that outlives its engine goes on changing the world behind the next run's back."""

    def test_it_dies_with_the_engine(self, tmp_path):
        (tmp_path / "childs_work.py").write_text("import time; print('up', flush=True); time.sleep(60)")
        engine = subprocess.Popen(
            [sys.executable, "-c", ENGINE, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        pid = int(engine.stdout.readline())
        assert engine.stdout.readline() == "up\n"
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
            time.sleep(0.02)
        assert not Path(f"/proc/{pid}").exists() or _state(pid) == "Z"

    def test_ctrl_c_does_not_reach_it(self, tmp_path):
        async def run():
            said = []
            child = await started("import os; print(os.getpgrp() == os.getpid())", tmp_path, said)
            child.listen()
            return await child.ended(), said

        assert asyncio.run(run()) == (0, [("True", False)])

    def test_modules_are_found_in_its_folder_and_not_in_the_engines(self, tmp_path):
        async def run():
            said = []
            child = await started("import secrets, sys; print(secrets.__file__)", tmp_path, said)
            child.listen()
            await child.ended()
            return said[0][0]

        assert "sandbox" not in asyncio.run(run())

    def test_a_server_that_does_not_start_is_told_with_its_last_words(self, tmp_path):
        async def run():
            child = await started("import sys; sys.exit('no such luck')", tmp_path)
            await child.port()

        with pytest.raises(ChildError, match="the test child did not start: no such luck"):
            asyncio.run(run())

    def test_an_interpreter_that_is_not_there_is_told(self, tmp_path):
        start = Child.start("test child", tmp_path / "nothing", [], cwd=tmp_path, env={}, say=lambda *_: None)
        with pytest.raises(ChildError, match="could not start"):
            asyncio.run(start)

    def test_one_that_does_not_listen_to_reason_is_killed(self, tmp_path):
        async def run():
            code = (
                "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                "print(7, flush=True); time.sleep(60)"
            )
            child = await started(code, tmp_path)
            await child.port()
            await child.stop()
            return await child.ended()

        assert asyncio.run(run()) == -signal.SIGKILL


class TestReservedPort:
    """A port that someone else could take between choosing and listening would fail a run now and then."""

    def test_a_server_can_listen_there_and_no_one_else(self):
        import socket

        holder = reserved_port()
        address = holder.getsockname()
        other = socket.socket()
        with pytest.raises(OSError, match="in use"):
            other.bind(address)
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(address)
        for each in (holder, other, server):
            each.close()


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
