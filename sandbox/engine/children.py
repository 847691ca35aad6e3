"""The processes of a run: the program, the provider, the policy servers.

They are started side by side, before the engine itself is ready. Each is a group of its own and dies with the
engine (child.py). The variables that offer a key are taken from all but the provider.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from sandbox.engine.errors import EngineError

OFFERS = re.compile(r"CEXIO_(API_KEY|API_SECRET|KEY_FILE)(_\w+)?")
GRACE = 2.0
START_LIMIT = 60.0

Say = Callable[[str, bool], None]
"""Takes a line that a child printed, and whether it came on standard error."""


class ChildError(EngineError):
    """A process of the run did not start, or ended when it was still needed."""


def without_offers(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without what offers an exchange key, which the provider alone may see."""
    return {key: value for key, value in env.items() if not OFFERS.fullmatch(key)}


def reserved_port() -> socket.socket:
    """A socket bound to a free loopback port, which keeps it for a server that is yet to listen there."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class Child:
    """A running child process; what it prints goes to `say`, line by line."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, say: Say) -> None:
        self.name = name
        self._process = process
        self._say = say
        self._readers: list[asyncio.Task[None]] = []
        self.last_words: list[str] = []

    @classmethod
    async def start(
        cls, name: str, python: Path, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], say: Say
    ) -> Child:
        """Start `python -u` under child.py with these words; ChildError if there is no such interpreter."""
        child = Path(__file__).with_name("child.py")
        try:
            process = await asyncio.create_subprocess_exec(
                python,
                "-u",
                child,
                str(os.getpid()),
                *words,
                cwd=cwd,
                env=dict(env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=1 << 24,
            )
        except OSError as error:
            raise ChildError(f"could not start {python} for the {name}: {error.strerror}") from None
        return cls(name, process, say)

    async def port(self) -> int:
        """The port that a server prints as its first line; ChildError if it ends or stays silent instead."""
        assert self._process.stdout
        self._listen(errors=True)
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), START_LIMIT)
        except asyncio.TimeoutError:
            raise ChildError(f"the {self.name} did not say its port within {START_LIMIT:.0f} s") from None
        if not line.strip().isdigit():
            await self.ended()
            words = line.decode(errors="replace").strip() or " ".join(self.last_words[-1:])
            raise ChildError(f"the {self.name} did not start" + (f": {words}" if words else ""))
        self._listen(output=True)
        return int(line)

    def listen(self) -> None:
        """Pass on all that it prints from now on."""
        self._listen(output=True, errors=True)

    async def ended(self) -> int:
        """Its exit status, when it has ended and all that it printed was passed on."""
        status = await self._process.wait()
        await asyncio.gather(*self._readers)
        return status

    async def stop(self) -> None:
        """End it, with its group: asked first, killed after a moment."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), GRACE)
            except asyncio.TimeoutError:
                self.kill()
                await self._process.wait()
        for reader in self._readers:
            reader.cancel()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process.returncode is None:
            for send in (os.killpg, os.kill):  # before child.py has made the group there is only the process
                try:
                    send(self._process.pid, number)
                except ProcessLookupError:
                    continue
                return

    def _listen(self, *, output: bool = False, errors: bool = False) -> None:
        for wanted, stream, is_error in (
            (output, self._process.stdout, False),
            (errors, self._process.stderr, True),
        ):
            if wanted and stream:
                self._readers.append(asyncio.create_task(self._pass_on(stream, is_error=is_error)))

    async def _pass_on(self, stream: asyncio.StreamReader, *, is_error: bool) -> None:
        async for line in _lines(stream):
            self.last_words = [*self.last_words[-4:], line]
            self._say(line, is_error)


async def _lines(stream: asyncio.StreamReader):  # type: ignore[no-untyped-def]  # noqa: ANN202
    while line := await stream.readline():
        yield line.decode(errors="replace").rstrip("\r\n")


async def stop_all(children: Sequence[Child]) -> None:
    """End several children at once."""
    waits: list[Awaitable[None]] = [child.stop() for child in children]
    await asyncio.gather(*waits)
