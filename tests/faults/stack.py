"""The product's own stack, run by a real engine against the sandbox's AWS through a proxy.

    with Stack(folder) as stack:
        assert stack.up().status == 0
        stack.proxy.forget(once("AllocateAddress", reset_after()))

No key is offered, so a stack that is up says `awaiting key` and needs no exchange. A `Stack` keeps its world
until it is closed: `up` after `destroy` begins on what that left, as it would for a user; `swept` takes away
what is kept on purpose, so that the next trial begins on nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from sandbox.pulumi_cli import STACK, environment
from tests.end_to_end.conftest import Clone
from tests.faults.census import Census, Objects, census_of, existing
from tests.faults.proxy import Proxy
from tests.faults.sweep import sweep
from tests.providers.sandbox_processes import Aws, endpoints_file

NO_EXCHANGE = "http://127.0.0.1:9"
OWNER = f"cexio-bot/{STACK}/"
UNATTENDED = ("--yes", "--skip-preview", "--stack", STACK)
LIMIT = 400.0  # seconds for one run


@dataclass(frozen=True)
class Ran:
    """How a command ended, and all that it printed."""

    status: int
    output: str
    seconds: float

    @property
    def error(self) -> str:
        """The line that tells the fault, or nothing."""
        lines = [line.strip() for line in self.output.splitlines() if "error:" in line]
        return lines[0] if lines else ""


class Run:
    """A command of the engine that is under way."""

    def __init__(self, words: list[str], folder: Path, env: dict[str, str], log: Path) -> None:
        self.world = env["CEXIO_BOT_SANDBOX_DIR"]
        self._log = log
        self._began = time.monotonic()
        with log.open("w") as out:
            self._process = subprocess.Popen(
                words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )

    def kill_engine(self) -> None:
        """SIGKILL the engine, as the OOM killer would."""
        self._process.kill()
        self._process.wait()

    def kill_provider(self) -> None:
        """SIGKILL the provider process alone."""
        for pid in providers(self.world):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait(self) -> Ran:
        try:
            status = self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return Ran(status, self._log.read_text(errors="replace"), time.monotonic() - self._began)


def providers(world: str) -> list[int]:
    """The provider processes of the stacks of a sandbox folder."""
    return [pid for pid, command in processes(world) if "pulumi.dynamic" in command]


def processes(world: str) -> Iterator[tuple[int, list[str]]]:
    """Every process whose environment names a sandbox folder, with its command line."""
    wanted = f"CEXIO_BOT_SANDBOX_DIR={world}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name), (entry / "cmdline").read_bytes().decode().split("\0")


class Stack:
    """One stack in one world of its own. engine: `stand-in`, or `pulumi` for the CLI on PATH."""

    def __init__(self, folder: Path, engine: str = "stand-in") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.clone = Clone(folder / "project", engine)
        self.world = self.clone.world
        (self.world / "state").mkdir(parents=True)
        self.aws = Aws(self.world)
        self.proxy = Proxy(self.aws.url)
        endpoints_file(self.world, self.proxy.url, NO_EXCHANGE)
        stand_in = str(self.clone.folder / "sandbox" / "bin" / "pulumi")
        self.command = stand_in if engine == "stand-in" else str(shutil.which("pulumi"))
        self.env = environment(self.world, self.clone.environment)
        self.late_by(0)
        self._settings = (self.clone.folder / f"Pulumi.{STACK}.yaml").read_text()
        self._before = existing(self.aws)
        made = self.pulumi("stack", "select", "--create", STACK)
        assert made.status == 0, made.output

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the world and every process that was left of its runs."""
        self.end_processes()
        self.proxy.stop()
        self.aws.stop()

    def end_processes(self) -> None:
        """End what is left of the runs, so that a trial cannot reach into the next one."""
        for pid, _ in processes(str(self.world)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # ---- Running -----------------------------------------------------------------------------------

    def start(self, *words: str) -> Run:
        """Begin a command of the engine."""
        return Run([self.command, *words], self.clone.folder, self.env, self.world / "run.log")

    def pulumi(self, *words: str) -> Ran:
        """Run a command of the engine to its end."""
        return self.start(*words).wait()

    def configured(self, **config: Any) -> None:
        """The stack's settings: those of the sandbox and these, under the names of components/settings.py."""
        rows = [f"  cexio-bot:{name}: {json.dumps(_text(value))}\n" for name, value in config.items()]
        given = tuple(f"  cexio-bot:{name}:" for name in config)
        kept = [line for line in self._settings.splitlines(keepends=True) if not line.startswith(given)]
        (self.clone.folder / f"Pulumi.{STACK}.yaml").write_text("".join([*kept, *rows]))

    def start_up(self, **config: Any) -> Run:
        self.configured(**config)
        return self.start("up", *UNATTENDED, "--suppress-outputs")

    def start_destroy(self) -> Run:
        return self.start("destroy", *UNATTENDED)

    def up(self, **config: Any) -> Ran:
        return self.start_up(**config).wait()

    def destroy(self) -> Ran:
        return self.start_destroy().wait()

    def refresh(self) -> Ran:
        return self.pulumi("refresh", *UNATTENDED)

    def recover(self) -> Ran:
        """What `make recover` runs."""
        words = [self.clone.python, "-m", "commands.recover", "--stack", STACK]
        env = {**self.env, "PATH": f"{Path(self.command).parent}{os.pathsep}{self.env['PATH']}"}
        return Run(words, self.clone.folder, env, self.world / "run.log").wait()

    # ---- Looking -----------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The stack's exported state."""
        answer = subprocess.run(
            [self.command, "stack", "export", "--stack", STACK],
            cwd=self.clone.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(answer.stdout)["deployment"])

    def census(self) -> Census:
        """What the account holds beside what it was given with, by kind, without ids; addresses by IP."""
        return census_of(self.aws, self._before)

    def addresses(self) -> list[str]:
        """The IPs of the addresses that there are."""
        rows = self.aws.client("ec2").describe_addresses()["Addresses"]
        return sorted(row["PublicIp"] for row in rows if row["AllocationId"] not in self._before["address"])

    def lose_address(self) -> None:
        """Release every address, as a clean-up script of somebody's would."""
        ec2 = self.aws.client("ec2")
        for row in ec2.describe_addresses()["Addresses"]:
            if row["AllocationId"] not in self._before["address"]:
                if "AssociationId" in row:
                    ec2.disassociate_address(AssociationId=row["AssociationId"])
                ec2.release_address(AllocationId=row["AllocationId"])

    def late_by(self, seconds: float) -> None:
        """Let AWS show new objects only after so many seconds, and let the runs know that it is no minute."""
        self.env["CEXIO_BOT_SANDBOX_WINDOW"] = str(seconds + 3)
        answer = httpx.post(f"{self.aws.url}/_sandbox/visibility?seconds={seconds}")
        assert answer.status_code == 200, answer.text

    def objects(self) -> Objects:
        """What the account holds beside what it was given with: ids by kind."""
        return {kind: ids - self._before[kind] for kind, ids in existing(self.aws).items()}

    def swept(self) -> None:
        """Take away everything that the account was not given with, and the stack's state."""
        self.end_processes()
        sweep(self.aws, self._before)
        for name in (".pulumi/stacks", ".pulumi/locks"):
            shutil.rmtree(self.world / "state" / name, ignore_errors=True)
        made = self.pulumi("stack", "select", "--create", STACK)
        assert made.status == 0, made.output


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
