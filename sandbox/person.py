"""The stand-in for the person at the exchange's key page: makes the key that the record asks for.

It reads the whitelist record the way a person reads the steps, and does just what they say. The key it is
shown goes into a file of mode 0600 for the length of one run, the way the README tells an operator to offer
one. It never looks into the exchange's store and tells nobody the secret.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sandbox.pulumi_cli import ROOT

ACCOUNT = "1"


class PersonError(Exception):
    """The exchange's key page did not do what was asked of it."""


def make_key(whitelist: dict[str, Any], folder: Path) -> str:
    """Make and activate a key as recorded; the JSON text the key page shows once."""
    words = ["make-key", "--account", ACCOUNT, "--label", str(whitelist["label"]), "--replace-unused"]
    for permission in whitelist["permissions"]:
        words += ["--permission", str(permission["guide"])]
    for address in whitelist["addresses"]:
        words += ["--address", str(address["address"])]
    answer = subprocess.run(
        [sys.executable, "-m", "sandbox", *words],
        cwd=ROOT,
        env={**os.environ, "CEXIO_BOT_SANDBOX_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise PersonError(f"the sandbox exchange made no key: {answer.stderr.strip() or 'it gave no reason'}")
    return answer.stdout


@contextlib.contextmanager
def offered(key: str, folder: Path) -> Iterator[Path]:
    """A file of mode 0600 with the key in it, gone at the end of the block."""
    path = offered_file(folder)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            shown = json.loads(key)
            json.dump({"key": shown["key"], "secret": shown["secret"]}, file)
        yield path
    finally:
        path.unlink(missing_ok=True)


def offered_file(folder: Path) -> Path:
    """Where the key lies while a run may read it; a killed run's leftover is removed by the next."""
    return folder / "exchange" / "offered-key.json"
