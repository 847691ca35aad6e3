"""A provider process ends with its engine, whatever it is doing."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from providers.engine_watch import ORPHANED, engine_address, watch

ROOT = Path(__file__).resolve().parents[2]
BUSY = """
import sys, time
sys.argv = ["x/pulumi/dynamic/__main__.py", sys.argv[1]]
from providers.engine_watch import watch_engine
watch_engine(); watch_engine()
print("busy", flush=True)
time.sleep(60)
"""


class TestTheWatch:
    """An orphaned provider finished its launch beside the run that had come after it: two hosts."""

    def test_a_busy_process_ends_within_two_seconds_of_its_engine(self) -> None:
        engine = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-c", BUSY, address], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n"
        connection, _ = engine.accept()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        connection.close()
        engine.close()
        assert process.wait(2) == ORPHANED
        process.stdout.close()

    def test_a_connection_that_the_engine_closes_is_opened_again(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as engine:
            ended = threading.Event()
            threading.Thread(target=watch, args=(engine.getsockname(), ended.set), daemon=True).start()
            for _ in range(3):
                engine.accept()[0].close()
            assert not ended.is_set()
        assert ended.wait(2)

    def test_where_nobody_was_ever_met_nothing_is_watched(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            nobody = taken.getsockname()
        watch(nobody, lambda: pytest.fail("ended for want of an engine that never was"), patience=0.5)


class TestTheAddress:
    """A program's own process took a file's name for an engine and ended itself."""

    def test_it_is_the_argument_of_the_provider_server(self) -> None:
        server = "/venv/lib/pulumi/dynamic/__main__.py"
        assert engine_address([server, "127.0.0.1:4242"]) == ("127.0.0.1", 4242)
        assert engine_address([server, "-x", "[::1]:4242"]) == ("::1", 4242)
        assert engine_address([server]) is None
        assert engine_address([server, "example.com:80"]) is None

    def test_other_processes_have_none(self) -> None:
        assert engine_address(["/somewhere/__main__.py", "127.0.0.1:4242"]) is None
        assert engine_address(["pytest", "127.0.0.1:4242"]) is None
