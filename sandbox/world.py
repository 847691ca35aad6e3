"""One sandbox world: AWS and exchange side by side, started together, ended together, kept in one folder.

    <folder>/endpoints.json   world id and base URLs; there exactly while a world is whole
    <folder>/aws  exchange    each server's store, log and pid file
    <folder>/state  pulumi    the stack's backend and the engine's home, which others fill

AWS keeps its objects in memory, so when it is gone the world is lost, and a new one starts without the old
stack's state. The exchange keeps all it knows on disk: when it alone is gone, it is started again. The
servers know the world's id and say it.

    WorldError            one line: what is wrong with the world and what to do (`lock.py` raises it too)
    └── NoWorld           none is running
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox import processes
from sandbox.health import LOOPBACK, said_world
from sandbox.lock import Say, WorldError, locked

__all__ = ["Endpoints", "NoWorld", "World", "WorldError", "default_folder"]

ROOT = Path(__file__).resolve().parent.parent
HEALTH = {"AWS": "/_sandbox/health", "exchange": "/health"}
START_SECONDS = 90.0
_OF_THE_USER = ("AWS_", "PULUMI_", "CEXIO_")
_KEPT_ON_REBUILD = {"lock", "pulumi"}


class NoWorld(WorldError):
    """No world is running in the folder."""


@dataclass(frozen=True)
class Endpoints:
    """What `endpoints.json` says: the world's id and the base URLs of its servers."""

    world: str
    aws: str
    cexio: str

    def url(self, server: str) -> str:
        return self.aws if server == "AWS" else self.cexio


def default_folder() -> Path:
    """The folder named by CEXIO_BOT_SANDBOX_DIR, else `.sandbox` beside the program."""
    return Path(os.environ.get("CEXIO_BOT_SANDBOX_DIR") or ROOT / ".sandbox").resolve()


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).resolve()

    # -- what is there -------------------------------------------------------------------------------

    def endpoints(self) -> Endpoints | None:
        """What the folder says, running or not; None when it says nothing usable."""
        try:
            found = json.loads((self.folder / "endpoints.json").read_text(encoding="utf-8"))
            return Endpoints(str(found["world"]), str(found["aws"]), str(found["cexio"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def fault(self, endpoints: Endpoints) -> str | None:
        """Why that world is lost, or None when both servers say its id.

        Raises WorldError for a server that runs and does not answer: busy is not lost.
        """
        for server in processes.SERVERS:
            said = self._asked(server, endpoints.url(server))
            if said is None:
                return f"its {server} does not run any more"
            if said != endpoints.world:
                return f"another server has taken the place of its {server}"
        return None

    def require_running(self) -> Endpoints:
        """The endpoints of a running world. Raises NoWorld."""
        endpoints = self.endpoints()
        if endpoints is None:
            raise NoWorld("no sandbox running: `make up` starts one")
        fault = self.fault(endpoints)
        if fault is not None:
            raise NoWorld(f"no sandbox running ({fault}): `make up` starts it again, or a new one")
        return endpoints

    # -- start and stop ------------------------------------------------------------------------------

    def start(self, say: Say, aws_port: int = 0, exchange_port: int = 0) -> Endpoints:
        """Start a world, or find the one that runs. A port of 0 takes a free one. Raises WorldError."""
        _require_linux()
        with _one_line(self.folder), locked(self.folder, say):
            before = self.endpoints()
            fault = "" if before is None else self.fault(before)
            if before is not None and fault is None:
                say(f"The sandbox runs already: AWS {before.aws}, exchange {before.cexio}.")
                return before
            if before is not None and self._kept_all(before):
                return self._revived(say, before)
            if before is not None:
                say(f"The sandbox's world was lost: {fault}. A new one is built; the old stack's state goes.")
            self._clear(say, keep=_KEPT_ON_REBUILD)
            wanted = {"AWS": aws_port, "exchange": exchange_port}
            return self._build(say, wanted, before)

    def stop(self, say: Say) -> None:
        """End the world, remove its folder, say what ended. Fine when there is none. Raises WorldError."""
        _require_linux()
        with _one_line(self.folder):
            if not self.folder.exists():
                ended = processes.end(self.folder)
                say(
                    f"{_told(ended)} Nothing is left running." if ended else "No sandbox: nothing is running."
                )
                return
            with locked(self.folder, say):
                ended = self._clear(None, keep={"lock"})
                (self.folder / "lock").unlink()
            # A start that came in between has made the folder its own.
            with contextlib.suppress(OSError):
                self.folder.rmdir()
        say(f"{_told(ended) or 'No server was running.'} {self.folder} is removed. Nothing is left running.")

    def _kept_all(self, endpoints: Endpoints) -> bool:
        """Whether only the exchange is gone: its store is on disk, so nothing of the world is lost."""
        return (
            self._asked("AWS", endpoints.aws) == endpoints.world
            and self._asked("exchange", endpoints.cexio) is None
        )

    def _revived(self, say: Say, endpoints: Endpoints) -> Endpoints:
        """Start the exchange again, on its old port and store."""
        say("The sandbox's exchange does not run any more: it is started again; its keys are as they were.")
        port = int(endpoints.cexio.rpartition(":")[2])
        process = self._launch("exchange", port, endpoints.world)
        try:
            self._await("exchange", process, port, endpoints.world, say)
        except BaseException:
            process.kill()
            process.wait()
            raise
        _replace(self.folder / "exchange" / "server.pid", f"{process.pid}\n")
        say(f"The sandbox runs: AWS {endpoints.aws}, exchange {endpoints.cexio}.")
        return endpoints

    def _build(self, say: Say, wanted: dict[str, int], before: Endpoints | None) -> Endpoints:
        world = secrets.token_hex(8)
        ports = {server: _free_port(server, wanted[server], before) for server in processes.SERVERS}
        launched: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for server, port in ports.items():
                launched[server] = self._launch(server, port, world)
                _replace(self.folder / server.lower() / "server.pid", f"{launched[server].pid}\n")
            for server, process in launched.items():
                self._await(server, process, ports[server], world, say)
            urls = {server: f"http://{LOOPBACK}:{port}" for server, port in ports.items()}
            endpoints = Endpoints(world, urls["AWS"], urls["exchange"])
            _replace(self.folder / "endpoints.json", json.dumps(asdict(endpoints)))
        except BaseException:
            for process in launched.values():
                process.kill()
                process.wait()
            processes.end(self.folder)
            raise
        say(f"The sandbox runs: AWS {endpoints.aws}, exchange {endpoints.cexio}.")
        return endpoints

    def _launch(self, server: str, port: int, world: str) -> subprocess.Popen[bytes]:
        """Start a server as a daemon: own session, no terminal, nothing of the user's accounts."""
        store = self.folder / server.lower()
        store.mkdir(exist_ok=True, mode=0o700)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_USER)}
        with (store / "server.log").open("ab") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", processes.SERVERS[server]),
                    *("--port", str(port), "--store", str(store), "--world", world),
                ],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await(self, server: str, process: subprocess.Popen[bytes], port: int, world: str, say: Say) -> None:
        say(f"Starting the sandbox's {server} on port {port} ...")
        began = told = time.monotonic()
        while time.monotonic() < began + START_SECONDS:
            if process.poll() is not None:
                log = self.folder / server.lower() / "server.log"
                raise WorldError(f"the sandbox's {server} did not start: {_last_line(log)}")
            if said_world(port, HEALTH[server], 1) == world:
                return
            if time.monotonic() > told + 5:
                told = time.monotonic()
                say(f"  still starting ({told - began:.0f} s)")
            time.sleep(0.05)
        raise WorldError(
            f"the sandbox's {server} did not answer within {START_SECONDS:.0f} s: see its server.log"
            f" in {self.folder / server.lower()}"
        )

    def _asked(self, server: str, url: str) -> str | None:
        """The world id that a server says, None when nobody is there."""
        for patience in (2, 5, 10):
            said = said_world(_port(url), HEALTH[server], patience)
            if said is not None:
                return said
            if not any(process.what == server for process in processes.of_world(self.folder)):
                return None
        raise WorldError(
            f"the sandbox's {server} runs but does not answer: wait for a calmer moment, or end the sandbox"
            " with `make down`"
        )

    def _clear(self, say: Say | None, keep: set[str]) -> list[processes.Running]:
        """End the world's processes and remove what the folder holds, `endpoints.json` first."""
        (self.folder / "endpoints.json").unlink(missing_ok=True)
        ended = processes.end(self.folder)
        if ended and say is not None:
            say(f"{_told(ended)} They were left over.")
        for entry in self.folder.iterdir():
            if entry.name not in keep:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        left = processes.of_world(self.folder)
        if left:
            raise WorldError(f"process {left[0].pid} ({left[0].what}) of the sandbox would not end")
        return ended


def _require_linux() -> None:
    if not sys.platform.startswith("linux"):
        raise WorldError(
            f"the sandbox needs Linux, where every 127.x.y.z address can be sent from; this is {sys.platform}"
        )


@contextlib.contextmanager
def _one_line(folder: Path) -> Iterator[None]:
    """Faults of the disk as one line."""
    try:
        yield
    except OSError as fault:
        raise WorldError(
            f"{fault.filename or folder}: {fault.strerror}; the sandbox needs to write below {folder}: make"
            " room or set CEXIO_BOT_SANDBOX_DIR to another folder"
        ) from None


def _free_port(server: str, wanted: int, before: Endpoints | None) -> int:
    """The port wanted; else the lost world's, so that what a person noted goes on working; else any."""
    kept = [] if before is None else [_port(before.url(server))]
    for port in [wanted] if wanted else [*kept, 0]:
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            return int(probe.getsockname()[1])
    raise WorldError(
        f"port {wanted} is taken, and the {server} was to have it: name another, or none for a free one"
    )


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[-1])


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        if lines:
            return lines[-1].strip()
    return f"it left no word in {log}"


def _told(ended: list[processes.Running]) -> str:
    """`Ended: AWS (process 12), exchange (process 13), 1 program of a host.`"""
    servers = [f"{each.what} (process {each.pid})" for each in ended if each.what in processes.SERVERS]
    programs = len(ended) - len(servers)
    if programs:
        servers.append(f"{programs} program{'s' if programs > 1 else ''} of its hosts")
    return f"Ended: {', '.join(servers)}." if servers else ""
