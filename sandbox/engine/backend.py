"""The `file://` backend: where the states of stacks lie, laid out as the CLI does.

    .pulumi/meta.yaml                                    version: 1
    .pulumi/stacks/PROJECT/STACK.json                    the checkpoint, version 3
    .pulumi/locks/organization/PROJECT/STACK/UUID.json   one for each run that is under way

A checkpoint is replaced as a whole and is on disk when `save` returns. The CLI's histories, backups and
attribute files are not written; they are not needed to work on a state.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sandbox.engine.errors import (
    BackendError,
    StackExistsError,
    StackLockedError,
    StackNotFoundError,
    StateUnwritableError,
)
from sandbox.engine.files import write_atomically

ORGANIZATION = "organization"
Deployment = dict[str, Any]


@dataclass(frozen=True)
class StackSummary:
    """What `stack ls` tells of a stack; `updated` is None before its first run."""

    name: str
    updated: datetime | None
    resources: int | None


class Backend:
    """The states of one project in one folder.

    `url` is `file://` and a folder (`~` for the home folder; relative ones count from `cwd`); other kinds are
    a BackendError.
    """

    def __init__(self, url: str, project: str, cwd: Path) -> None:
        if not url.startswith("file://"):
            kind = url.partition("://")[0]
            raise BackendError(
                f"the backend {kind}:// is not known to this engine: it keeps states in file:// only"
            )
        self.url = url
        self.project = project
        root = Path(url.removeprefix("file://")).expanduser()
        self.root = (cwd / root).resolve() / ".pulumi"

    # ---- Stacks ------------------------------------------------------------------------------------

    def path(self, stack: str) -> Path:
        return self.root / "stacks" / self.project / f"{stack}.json"

    def exists(self, stack: str) -> bool:
        return self.path(stack).is_file()

    def stacks(self) -> list[StackSummary]:
        """The project's stacks by name."""
        return [
            self._summary(path.stem) for path in sorted((self.root / "stacks" / self.project).glob("*.json"))
        ]

    def create(self, stack: str, deployment: Deployment | None = None) -> None:
        """Make an empty stack; StackExistsError if there is one of that name."""
        if self.exists(stack):
            raise StackExistsError(f"stack '{ORGANIZATION}/{self.project}/{stack}' already exists")
        meta = self.root / "meta.yaml"
        if not meta.exists():
            write_atomically(meta, "version: 1\n", 0o644)
        self.save(stack, deployment)

    def load(self, stack: str) -> Deployment | None:
        """The stack's deployment, None if it never had one.

        StackNotFoundError if there is no such stack, BackendError if its file cannot be read or understood.
        """
        path = self.path(stack)
        try:
            content = json.loads(path.read_bytes())
            version, latest = content["version"], content["checkpoint"].get("latest")
        except FileNotFoundError:
            raise StackNotFoundError(stack) from None
        except OSError as error:
            raise BackendError(f"could not read {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackendError(
                f"{path} is not a checkpoint: put back a copy of it with `stack import`"
            ) from None
        if version != 3:
            raise BackendError(
                f"{path} has version {version!r} of the format; version 3 is known to this engine"
            )
        return latest if latest is None or isinstance(latest, dict) else {}

    def save(self, stack: str, deployment: Deployment | None) -> None:
        """Replace the stack's deployment; it is on disk when this returns, else StateUnwritableError."""
        checkpoint: dict[str, Any] = {"stack": f"{ORGANIZATION}/{self.project}/{stack}"}
        if deployment is not None:
            checkpoint["latest"] = deployment
        text = json.dumps({"version": 3, "checkpoint": checkpoint}, ensure_ascii=False, indent=1)
        write_atomically(self.path(stack), text + "\n")

    def remove(self, stack: str) -> None:
        """Remove the stack with its lock folder; what it was made of must be gone before."""
        if not self.exists(stack):
            raise StackNotFoundError(stack)
        try:
            self.path(stack).unlink()
        except OSError as error:
            raise StateUnwritableError(f"could not remove {self.path(stack)}: {error.strerror}") from None
        with contextlib.suppress(OSError):
            self._lock_folder(stack).rmdir()

    def _summary(self, stack: str) -> StackSummary:
        deployment = self.load(stack)
        if deployment is None:
            return StackSummary(stack, None, None)
        time = (deployment.get("manifest") or {}).get("time")
        return StackSummary(stack, _moment(time), len(deployment.get("resources") or []))

    # ---- Locks -------------------------------------------------------------------------------------

    def _lock_folder(self, stack: str) -> Path:
        return self.root / "locks" / ORGANIZATION / self.project / stack

    @contextlib.contextmanager
    def locked(self, stack: str) -> Iterator[None]:
        """Hold the stack's lock; StackLockedError says by whom it is held already."""
        self._refuse_if_locked(stack, besides=None)
        lock = self._lock_folder(stack) / f"{uuid.uuid4()}.json"
        write_atomically(lock, json.dumps(_own_lock()))
        try:
            self._refuse_if_locked(
                stack, besides=lock
            )  # two that came at once both see each other, and leave
            yield
        finally:
            with contextlib.suppress(OSError):
                lock.unlink()

    def cancel(self, stack: str) -> int:
        """Remove all locks of the stack; returns how many there were."""
        if not self.exists(stack):
            raise StackNotFoundError(stack)
        locks = list(self._locks(stack))
        for lock in locks:
            try:
                lock.unlink(missing_ok=True)
            except OSError as error:
                raise StateUnwritableError(f"could not remove the lock {lock}: {error.strerror}") from None
        return len(locks)

    def _locks(self, stack: str) -> list[Path]:
        return sorted(self._lock_folder(stack).glob("[!.]*.json"))

    def _refuse_if_locked(self, stack: str, besides: Path | None) -> None:
        held = [lock for lock in self._locks(stack) if lock != besides]
        if held:
            holders = "; ".join(_holder(lock) for lock in held)
            raise StackLockedError(
                f"the stack is currently locked by {len(held)} lock(s). Either wait for the other "
                f"process(es) to end or delete the lock file with `pulumi cancel`. {holders}"
            )


def _own_lock() -> dict[str, Any]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    now = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    return {"pid": os.getpid(), "username": user, "hostname": socket.gethostname(), "timestamp": now}


def _holder(lock: Path) -> str:
    try:
        content = json.loads(lock.read_text())
        by = f"{content['username']}@{content['hostname']} (pid {content['pid']}) at {content['timestamp']}"
    except (OSError, ValueError, KeyError, TypeError):
        by = "someone unknown: its content cannot be read"
    return f"{lock}: created by {by}"


def _moment(text: object) -> datetime | None:
    """A time as states hold it, such as `2026-11-23T01:58:54.316871603Z`, to the microsecond."""
    match = re.fullmatch(r"(\d+-\d+-\d+T\d+:\d+:\d+)(\.\d+)?(Z|[+-]\d+:\d+)", str(text))
    if not match:
        return None
    zone = "+00:00" if match[3] == "Z" else match[3]
    moment = datetime.fromisoformat(f"{match[1]}{(match[2] or '.0')[:7]:0<7}{zone}")
    return None if moment.year < 1970 else moment
