from __future__ import annotations

import socket
import threading

import pytest

from tests.sandbox.aws.world import World


@pytest.fixture
def door() -> tuple[int, list[str]]:
    """A listening port and the addresses that connections to it came from."""
    came_from: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, peer = listening.accept()
            except OSError:
                return
            came_from.append(peer[0])
            connection.close()

    threading.Thread(target=accept, daemon=True).start()
    yield listening.getsockname()[1], came_from
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def told(aws: World, program: str, *arguments: str) -> str:
    """What a host's program prints, run by a command."""
    instance, _ = aws.host(program)
    line = " ".join(["/usr/bin/python3 -I /opt/cexio-bot/probe.py", *arguments])
    done = aws.output(instance, line)
    assert done["Status"] == "Success", done["StandardErrorContent"]
    return str(done["StandardOutputContent"])


class TestEverythingLeavesFromTheElasticIp:
    """If the sandbox's host sent from anywhere else, `verified from the host` would prove nothing."""

    @pytest.mark.parametrize(
        "connect",
        [
            "socket.create_connection(('127.0.0.1', port))",
            "socket.socket().connect_ex(('127.0.0.1', port))",
            "http.client.HTTPConnection('localhost', port).connect()",
            "asyncio.run(asyncio.open_connection('127.0.0.1', port))",
        ],
    )
    def test_however_it_connects(self, aws: World, door: tuple[int, list[str]], connect: str) -> None:
        port, came_from = door
        instance, address = aws.host(
            f"import asyncio, http.client, socket, sys\nport = int(sys.argv[1])\n{connect}"
        )
        done = aws.output(instance, f"/usr/bin/python3 -I /opt/cexio-bot/probe.py {port}")
        assert done["Status"] == "Success", done["StandardErrorContent"]
        assert came_from == [address]

    @pytest.mark.parametrize(
        "attempt",
        [
            "socket.create_connection(('127.0.0.1', port), source_address=('127.0.0.1', 0))",
            "socket.socket(socket.AF_INET6).connect(('::1', port))",
            "socket.socket().connect(('192.0.2.1', 443))",
            "socket.getaddrinfo('trade.cex.io', 443)",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
            "subprocess.run(['true'])",
            "os.system('true')",
            "os.fork()",
            "__import__('ctypes').CDLL(None)",
        ],
    )
    def test_what_cannot_be_bound_is_refused(
        self, aws: World, door: tuple[int, list[str]], attempt: str
    ) -> None:
        program = (
            "import os, socket, subprocess, sys\nport = int(sys.argv[1])\n"
            f"try:\n    {attempt}\nexcept OSError as refusal:\n    print(refusal)\n"
        )
        assert "sandbox:" in told(aws, program, str(door[0]))
        assert door[1] == []


class TestAProgramRunsAsOnTheHost:
    """A probe that leaned on something the host does not have would pass here and fail there.

    https://docs.aws.amazon.com/linux/al2023/ug/python.html
    """

    def test_it_sees_its_own_path_and_arguments_and_no_packages(self, aws: World) -> None:
        program = (
            "import sys\nprint(sys.argv, __file__, __name__, sys.flags.isolated)\n"
            "try:\n    import boto3\nexcept ImportError:\n    print('standard library only')\n"
        )
        assert told(aws, program, "e30=") == (
            "['/opt/cexio-bot/probe.py', 'e30='] /opt/cexio-bot/probe.py __main__ 1\nstandard library only\n"
        )

    def test_it_inherits_nothing_from_whoever_started_the_sandbox(
        self, aws: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CEXIO_API_SECRET", "canary")
        names = told(aws, "import os\nprint(*sorted(os.environ))").split()
        given = ["AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL", "HOME", "LANG", "PATH"]
        # Python itself adds LC_CTYPE where the locale is plain C.
        assert [name for name in names if name != "LC_CTYPE"] == given
