"""The key that the operator offers for this run: read from a file or the environment, checked, never shown.

It exists in the memory of the provider's process alone. What leaves it is a fingerprint, made by scrypt with
the owner tag as salt: slow to guess, and the same key has another fingerprint in every stack.

Does not judge whether the exchange takes the key, and never reads Pulumi config.

Errors: KeyNotAccepted (a ProviderError): the offer cannot be read or is not shaped like a Spot key.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from cexio.credentials import Credentials
from providers.errors import ProviderError

FILE = "CEXIO_KEY_FILE"
KEY = "CEXIO_API_KEY"
SECRET = "CEXIO_API_SECRET"  # noqa: S105 - the variable's name
PASTED_ALONG = " \t\r\n\"'`,;" + "\u00a0\u200b\u2018\u2019\u201c\u201d\ufeff"
SHAPE = re.compile(r"[!-~]{8,256}")
LEGACY_USER = re.compile(r"up\d{6,}", re.I)
KEY_PAGE = "https://trade.cex.io/terminal/settings/keys"


class KeyNotAccepted(ProviderError):
    """The key that is offered cannot be read, or is not shaped like one."""


def offered_key(environment: Mapping[str, str]) -> Credentials | None:
    """The key on offer, trimmed of what copying brings along; None where none is offered."""
    path, key, secret = (environment.get(name) or None for name in (FILE, KEY, SECRET))
    if path is None and key is None and secret is None:
        return None
    if path is not None and (key or secret):
        raise KeyNotAccepted(f"{FILE} and {KEY} are both set: offer the key one way only, best the file")
    if path is not None:
        key, secret = _from_file(Path(path).expanduser())
        where = FILE
    elif key is None or secret is None:
        raise KeyNotAccepted(f"{SECRET if key else KEY} is not set: key and secret are offered together")
    else:
        where = f"{KEY} and {SECRET}"
    return _shaped(key.strip(PASTED_ALONG), secret.strip(PASTED_ALONG), where)


def fingerprint(credentials: Credentials, owner: str) -> str:
    """64 hexadecimal characters that stand for this key in this stack; takes about a tenth of a second."""
    text = f"{credentials.key.get_secret_value()}\n{credentials.secret.get_secret_value()}"
    return hashlib.scrypt(
        text.encode(), salt=owner.encode(), n=2**15, r=8, p=1, maxmem=64 * 2**20, dklen=32
    ).hex()


def _from_file(path: Path) -> tuple[str, str]:
    """Key and secret of a JSON file that nobody but its owner may read."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeyNotAccepted(f"{FILE}: {path} is not a plain file: put the key into one of mode 0600")
            if status.st_mode & 0o077:
                raise KeyNotAccepted(
                    f"{FILE}: {path} has mode {stat.S_IMODE(status.st_mode):04o}, so others may read it: "
                    f"`chmod 600 {path}`, and treat a key that others could read as exposed"
                )
            content = file.read(16_385)
    except OSError as error:
        raise KeyNotAccepted(f"{FILE}: {path} cannot be read: {error.strerror}: mend the path") from None
    try:
        found = json.loads(content.decode("utf-8-sig")) if len(content) <= 16_384 else None
    except ValueError:
        found = None
    if not (
        isinstance(found, dict) and isinstance(found.get("key"), str) and isinstance(found.get("secret"), str)
    ):
        raise KeyNotAccepted(f'{FILE}: {path} must hold JSON of the form {{"key": "...", "secret": "..."}}')
    return found["key"], found["secret"]


def _shaped(key: str, secret: str, where: str) -> Credentials:
    """Credentials, if the two look like a Spot key; no message holds any part of them."""
    if LEGACY_USER.fullmatch(key) or LEGACY_USER.fullmatch(secret):
        raise KeyNotAccepted(
            f"{where}: this is a user id of the legacy key page; a Spot key is needed, made at {KEY_PAGE}"
        )
    for name, value in (("key", key), ("secret", secret)):
        if not SHAPE.fullmatch(value):
            seen = "blanks or characters beyond ASCII" if len(value) >= 8 else f"{len(value)} characters"
            raise KeyNotAccepted(f"{where}: the {name} has {seen}: copy it anew from the key page, whole")
    if key == secret:
        raise KeyNotAccepted(f"{where}: key and secret are the same: copy the secret anew, it is shown once")
    return Credentials(key=SecretStr(key), secret=SecretStr(secret))
