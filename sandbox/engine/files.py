"""Writing a file so that a crash, a full disk or a kill leaves the old content or the new one, never less."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from sandbox.engine.errors import StateUnwritableError


def write_atomically(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    """Replace `path` with `content`, on disk when this returns; folders on the way are made.

    StateUnwritableError names file and reason; what the file held before is then untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(name).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if name:
            with contextlib.suppress(OSError):
                Path(name).unlink()
        reason = error.strerror or type(error).__name__
        raise StateUnwritableError(
            f"could not write {path}: {reason}; what it held before is kept: "
            "free space or mend the permissions, then run the same command again"
        ) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
