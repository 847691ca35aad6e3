"""The key that somebody offers: read from a file or the environment, checked, never shown.

Does not judge whether the exchange takes the key.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from cexio.credentials import Credentials
from cexio.errors import OfferedKeyError
from cexio.guide_steps import KEY_PAGE

FILE = "CEXIO_KEY_FILE"
KEY = "CEXIO_API_KEY"
SECRET = "CEXIO_API_SECRET"  # noqa: S105 - the variable's name
PASTED_ALONG = " \t\r\n\"'`,;" + "\u00a0\u200b\u2018\u2019\u201c\u201d\ufeff"
SHAPE = re.compile(r"[!-~]{8,256}")
LEGACY_USER = re.compile(r"up\d{6,}", re.I)


def offered_key(environment: Mapping[str, str]) -> Credentials | None:
    """The key on offer, trimmed of what copying brings along; None where none is offered."""
    path, key, secret = (environment.get(name) or None for name in (FILE, KEY, SECRET))
    if path is None and key is None and secret is None:
        return None
    if path is not None and (key or secret):
        raise OfferedKeyError(f"{FILE} and {KEY} are both set: offer the key one way only, best the file")
    if path is not None:
        return key_in_file(path, FILE)
    if key is None or secret is None:
        raise OfferedKeyError(f"{SECRET if key else KEY} is not set: key and secret are offered together")
    return _shaped(key, secret, f"{KEY} and {SECRET}")


def key_in_file(path: str, where: str) -> Credentials:
    """The key in a JSON file that nobody but its owner may read. where: what named the file."""
    try:
        key, secret = _from_file(Path(path).expanduser(), where)
    except (ValueError, RuntimeError):  # a NUL, or the home of somebody who is not there
        raise OfferedKeyError(f"{where}: the path leads to no file: mend it") from None
    return _shaped(key, secret, where)


def _from_file(path: Path, where: str) -> tuple[str, str]:
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OfferedKeyError(
                    f"{where}: {path} is not a plain file: put the key into one of mode 0600"
                )
            if status.st_mode & 0o077:
                raise OfferedKeyError(
                    f"{where}: {path} has mode {stat.S_IMODE(status.st_mode):04o}, so others may read it: "
                    f"`chmod 600 {path}`, and treat a key that others could read as exposed"
                )
            content = file.read(16_385)
    except OSError as error:
        raise OfferedKeyError(f"{where}: {path} cannot be read: {error.strerror}: mend the path") from None
    try:
        found = json.loads(content.decode("utf-8-sig")) if len(content) <= 16_384 else None
    except (ValueError, RecursionError):
        found = None
    if not (
        isinstance(found, dict) and isinstance(found.get("key"), str) and isinstance(found.get("secret"), str)
    ):
        raise OfferedKeyError(f'{where}: {path} must hold JSON of the form {{"key": "...", "secret": "..."}}')
    return found["key"], found["secret"]


def _without_waiting(path: str, flags: int) -> int:
    """A pipe is opened at once too, to be refused; else it is waited for until somebody writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _shaped(key: str, secret: str, where: str) -> Credentials:
    """Credentials, if the two look like a Spot key; no message holds any part of them."""
    key, secret = key.strip(PASTED_ALONG), secret.strip(PASTED_ALONG)
    if LEGACY_USER.fullmatch(key) or LEGACY_USER.fullmatch(secret):
        raise OfferedKeyError(
            f"{where}: this is a user id of the legacy key page; a Spot key is needed, made at {KEY_PAGE}"
        )
    for name, value in (("key", key), ("secret", secret)):
        if not SHAPE.fullmatch(value):
            seen = "blanks or characters beyond ASCII" if len(value) >= 8 else f"{len(value)} characters"
            raise OfferedKeyError(f"{where}: the {name} has {seen}: copy it anew from the key page, whole")
    if key == secret:
        raise OfferedKeyError(f"{where}: key and secret are the same: copy the secret anew, it is shown once")
    return Credentials(key=SecretStr(key), secret=SecretStr(secret))
