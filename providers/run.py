"""One run's claim on a stack: from its first change to its end no other run on this machine changes it.

The claim is a lock on a file, which the kernel gives free when the process ends, however it ends. A run after
a killed one so waits until nothing of the killed one is at work. Runs on other machines are not seen: there
the engine's own lock stands, and `make recover` waits out what may still happen.

Errors, of ProviderError: RunFolderRefused (the folder of the claims cannot be written); StillBusy.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from pathlib import Path
from typing import IO

from providers.endpoints import Endpoints, sandbox_folder
from providers.errors import ProviderError, StillBusy
from providers.notices import notice

PATIENCE = 120.0  # seconds for another run to end, for all of this run's changes together
LOOK = 0.2

_turn = threading.Lock()
_claims: dict[str, IO[bytes]] = {}
_ends: dict[str, float] = {}  # of the patience with another run, by stack


class RunFolderRefused(ProviderError):
    """Where claims and intents are kept cannot be written."""


def begin(owner: str, endpoints: Endpoints) -> None:
    """Claim the stack of an owner tag before its first change; at once from the second call on."""
    stack = stack_of(owner)
    with _turn:
        if stack not in _claims:
            _claims[stack] = _claimed(stack, run_folder(stack, endpoints) / "claim")


def stack_of(owner: str) -> str:
    """`<project>/<stack>` of an owner tag."""
    return "/".join(owner.split("/")[:2])


def run_folder(stack: str, endpoints: Endpoints) -> Path:
    """The folder for what a run must know of the one before it, made if need be. Raises RunFolderRefused.

    Below PULUMI_HOME, where the engine keeps its own files; else in the sandbox's folder, or `~/.pulumi`.
    """
    own = sandbox_folder() if endpoints.sandbox else Path.home() / ".pulumi"
    base = Path(os.environ.get("PULUMI_HOME") or own) / "cexio-bot"
    place = "\n".join([stack, endpoints.region, endpoints.aws or ""])
    folder = base / "runs" / hashlib.sha256(place.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused(folder, error) from None
    return folder


def refused(path: Path, error: OSError) -> RunFolderRefused:
    """The fault of a disk as the line that tells it."""
    return RunFolderRefused(
        f"{path}: {error.strerror}: a run notes there what it is about to make, for the run after a kill: "
        "make it writable, or set PULUMI_HOME to a folder that is"
    )


def _claimed(stack: str, file: Path) -> IO[bytes]:
    try:
        claim = file.open("wb")
    except OSError as error:
        raise refused(file, error) from None
    end = _ends.setdefault(stack, time.monotonic() + PATIENCE)
    told = False
    while True:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return claim
        except BlockingIOError:
            if time.monotonic() > end:
                claim.close()
                raise StillBusy(
                    f"{stack}: another run on this machine has been changing it for {PATIENCE:.0f} s: let it "
                    "end, or end it, then run the same command again"
                ) from None
        if not told:
            notice(f"{stack}: another run on this machine is still changing it; waiting for it to end")
            told = True
        time.sleep(LOOK)
