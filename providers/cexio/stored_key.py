"""The form in which Secrets Manager holds a key: canonical JSON, so that the same key is the same bytes.

A version's bytes can never change, and a put with a known token and other bytes is an error: so no time and
no order of keys may creep in. Nothing here talks to AWS.

Errors: NotAKey (a ProviderError): a version holds something that neither is a key nor says it awaits one.
"""

from __future__ import annotations

import json

from pydantic import SecretStr

from cexio.credentials import Credentials
from providers.errors import ProviderError


class NotAKey(ProviderError):
    """A version of the secret holds neither a key nor the placeholder."""


def as_text(credentials: Credentials) -> str:
    """The bytes to store: sorted keys, no blanks."""
    return json.dumps(
        {"key": credentials.key.get_secret_value(), "secret": credentials.secret.get_secret_value()},
        sort_keys=True,
        separators=(",", ":"),
    )


def from_text(text: str) -> Credentials | None:
    """The key in a version's text; None for the placeholder that awaits one."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        key, secret = found.get("key"), found.get("secret")
        if isinstance(key, str) and isinstance(secret, str) and key and secret:
            return Credentials(key=SecretStr(key), secret=SecretStr(secret))
        if "status" in found:
            return None
    raise NotAKey(
        "the secret's current version holds neither a key nor the placeholder: "
        "offer the key again with CEXIO_KEY_FILE, and it replaces that version once it is proven"
    )
