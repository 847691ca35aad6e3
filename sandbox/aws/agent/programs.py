"""Runs a program of the host for real, or says why not.

Of all shell commands a sandbox host knows one form, `/usr/bin/python3 [-I] /opt/cexio-bot/<file>.py …`,
because that is the one form whose connections can be bound to the host's address.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(
    r"/usr/bin/python3(?: -I)? (?P<file>/opt/cexio-bot/[A-Za-z0-9_-]+\.py)"
    r"(?P<arguments>(?: +[A-Za-z0-9+/=_.:,@%-]+)*) *"
)
_BOOTSTRAP = Path(__file__).with_name("bound_program.py")

REFUSED = 126
NOT_FOUND = 127
TIMED_OUT = 137


@dataclass(frozen=True)
class Program:
    """A file of the host, by its absolute path there, and its arguments."""

    file: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Ending:
    """How a program ended."""

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool = False


def refused(reason: str, exit_code: int = REFUSED) -> Ending:
    return Ending(exit_code, "", f"sandbox: {reason}\n")


def parse(commands: list[str]) -> Program | Ending:
    """The one program that the lines of a shell script ask for, or the refusal."""
    lines = [line.strip() for text in commands for line in text.splitlines() if line.strip()]
    match = _LINE.fullmatch(lines[0]) if len(lines) == 1 else None
    if match is None:
        return refused(
            "this host runs one line `/usr/bin/python3 [-I] /opt/cexio-bot/<file>.py [plain arguments]` and "
            "nothing else, because nothing else can be bound to its address; refused, not run unbound"
        )
    return Program(match["file"], tuple(match["arguments"].split()))


def run(
    program: Program,
    root: Path,
    address: str | None,
    environment: dict[str, str],
    timeout: float,
    started: Callable[[subprocess.Popen[bytes]], None],
) -> Ending:
    """Run it below `root`, sending from `address`; `started` gets the process so that it can be ended."""
    if address is None:
        return refused(
            "this instance has no Elastic IP on its primary network interface, so its programs cannot be "
            "bound to one; refused, not run unbound"
        )
    file = root / program.file.lstrip("/")
    if not file.is_file():
        return refused(f"{program.file}: no such file; the user data did not write it", NOT_FOUND)
    # -S as well: the host has the standard library and nothing else.
    line = [
        sys.executable,
        "-I",
        "-S",
        "-B",
        str(_BOOTSTRAP),
        address,
        program.file,
        str(file),
        *program.arguments,
    ]
    process = subprocess.Popen(
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(root), **environment},
        start_new_session=True,
    )
    started(process)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end(process)
        stdout, stderr = process.communicate()
        return Ending(TIMED_OUT, _text(stdout), _text(stderr), timed_out=True)
    return Ending(process.returncode, _text(stdout), _text(stderr))


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, if it is still there."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _text(output: bytes) -> str:
    return output.decode(errors="replace")
