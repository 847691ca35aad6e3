"""What a run is about to make and has not seen yet: notes for the run after a kill.

EC2 shows a new object late, and a request may take effect after its sender has died. So after a create that
was cut short, "nothing there" proves nothing for a minute. The note is written before the call and taken away
when the object was seen; a run that finds nothing while there is a note looks again until the minute is over.

A run killed on another machine left its notes there: `suspect` notes for the whole stack what
commands/recover.py knows of it. Names of objects and times only; a note that cannot be read counts as new.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from providers.endpoints import Endpoints
from providers.run import refused, run_folder, stack_of

WINDOW = 60.0  # seconds after a create for its object to be seen
WHOLE_STACK = "*"


@contextlib.contextmanager
def intended(owner: str, endpoints: Endpoints) -> Iterator[None]:
    """Note that an object of this owner is being made; the note stays if the block ends in an error."""
    note = _note(owner, endpoints)
    _write(note, owner, time.time())
    yield
    forget(owner, endpoints)


def forget(owner: str, endpoints: Endpoints) -> None:
    """Take a note away: its object was seen, or its create did certainly nothing.

    One that a disk does not let go costs the next run a wait, and no object is given up for that.
    """
    with contextlib.suppress(OSError):
        _note(owner, endpoints).unlink(missing_ok=True)


def suspect(stack: str, endpoints: Endpoints, age: float = 0.0) -> None:
    """Note that a run of `<project>/<stack>` was killed `age` seconds ago, at whichever create."""
    _write(_note(f"{stack}/{WHOLE_STACK}", endpoints), WHOLE_STACK, time.time() - age)


def open_window(owner: str, endpoints: Endpoints) -> float:
    """For how many more seconds an object of this owner may still turn up; 0 without a note."""
    notes = [_note(owner, endpoints), _note(f"{stack_of(owner)}/{WHOLE_STACK}", endpoints)]
    return max(_left(note, window(endpoints)) for note in notes)


def window(endpoints: Endpoints) -> float:
    """The window in seconds; a sandbox, which knows how late its AWS is, may set a shorter one."""
    shorter = os.environ.get("CEXIO_BOT_SANDBOX_WINDOW", "") if endpoints.sandbox else ""
    return float(shorter or WINDOW)


def _note(owner: str, endpoints: Endpoints) -> Path:
    name = hashlib.sha256(owner.encode()).hexdigest()[:16]
    return run_folder(stack_of(owner), endpoints) / f"{name}.intent"


def _write(note: Path, owner: str, moment: float) -> None:
    fresh = note.with_suffix(".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"owner": owner, "time": moment}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(note)
    except OSError as error:
        raise refused(note, error) from None


def _left(note: Path, seconds: float) -> float:
    try:
        text = note.read_text("utf-8")
    except FileNotFoundError:
        return 0.0
    except OSError as error:
        raise refused(note, error) from None
    try:
        age = max(time.time() - float(json.loads(text)["time"]), 0.0)  # a clock set back makes it new
    except (ValueError, KeyError, TypeError):
        age = 0.0
    return max(seconds - age, 0.0)
