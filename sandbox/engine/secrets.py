"""Secrets under a passphrase, as the CLI's `passphrase` provider keeps them.

The key is PBKDF2-HMAC-SHA256 of the passphrase (8-byte salt, 1,000,000 iterations, 32 bytes); a text is
sealed with AES-256-GCM (12-byte nonce, no additional data) as `v1:NONCE:DATA`, both in base64. What stacks
record as their salt, `v1:SALT:` and the sealed word `pulumi`, shows a wrong passphrase before any harm.
Deriving takes some tenths of a second, so it is done once, in the background, and waited for only when a
secret is really met.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from sandbox.engine.errors import IncorrectPassphraseError, SecretsError

ITERATIONS = 1_000_000
CHECK_WORD = "pulumi"


class PassphraseSecrets:
    """Seals and opens texts of one stack.

    `salt` is the stack's `v1:SALT:v1:NONCE:DATA`; it is checked against the passphrase at the first use (or
    by `verify`), and a wrong one is an IncorrectPassphraseError. Safe to use from several threads.
    """

    def __init__(self, passphrase: str, salt: str) -> None:
        self.salt = salt
        self._passphrase = passphrase.encode()
        self._raw_salt, self._proof = _parts_of_salt(salt)
        self._key = b""
        self._failure: SecretsError | None = None
        self._lock = threading.Lock()
        self._derived = False

    @classmethod
    def new(cls, passphrase: str) -> PassphraseSecrets:
        """Secrets with a fresh salt, for a stack that has none."""
        raw_salt = os.urandom(8)
        key = _derive(passphrase.encode(), raw_salt)
        salt = f"v1:{base64.b64encode(raw_salt).decode()}:{_seal(key, CHECK_WORD)}"
        made = cls(passphrase, salt)
        made._key, made._derived = key, True
        return made

    def warm_up(self) -> None:
        """Begin to derive the key in the background."""
        threading.Thread(target=self._prepare, daemon=True).start()

    @property
    def is_ready(self) -> bool:
        """Whether the key is there and right, so that nothing here takes long any more."""
        return self._derived and self._failure is None

    def verify(self) -> None:
        """Derive the key now; IncorrectPassphraseError if it is not the stack's."""
        self._prepare()
        if self._failure:
            raise self._failure

    def encrypt(self, text: str) -> str:
        """The text sealed as `v1:NONCE:DATA`."""
        self.verify()
        return _seal(self._key, text)

    def decrypt(self, sealed: str) -> str:
        """The text of a `v1:NONCE:DATA`; SecretsError if it was sealed otherwise or is broken."""
        self.verify()
        return _open(self._key, sealed)

    def _prepare(self) -> None:
        with self._lock:
            if self._derived:
                return
            self._key = _derive(self._passphrase, self._raw_salt)
            try:
                if _open(self._key, self._proof) != CHECK_WORD:
                    self._failure = IncorrectPassphraseError()
            except SecretsError:
                self._failure = IncorrectPassphraseError()
            self._derived = True


def passphrase_from(env: Mapping[str, str]) -> str:
    """The passphrase that PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE tells.

    An empty one counts. SecretsError if neither is set or the file cannot be read.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in env:
        return env["PULUMI_CONFIG_PASSPHRASE"]
    path = env.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not path:
        raise SecretsError(
            "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE "
            "environment variables"
        )
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text"
        raise SecretsError(f"unable to read PULUMI_CONFIG_PASSPHRASE_FILE: {path}: {reason}") from None


def _parts_of_salt(salt: str) -> tuple[bytes, str]:
    version, _, rest = salt.partition(":")
    encoded, _, proof = rest.partition(":")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raw = b""
    if version != "v1" or len(raw) != 8 or not proof:
        raise SecretsError(
            "the stack's encryption salt is not one of a passphrase: `v1:SALT:PROOF` was expected"
        )
    return raw, proof


def _derive(passphrase: bytes, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase, salt, ITERATIONS, 32)


def _seal(key: bytes, text: str) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    data = AESGCM(key).encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(data).decode()}"


def _open(key: bytes, sealed: str) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    version, _, parts = sealed.partition(":")
    try:
        nonce, data = (base64.b64decode(part, validate=True) for part in parts.split(":") if version == "v1")
        return AESGCM(key).decrypt(nonce, data, None).decode()
    except (InvalidTag, ValueError):
        raise SecretsError(
            "a secret could not be decrypted: it was sealed with another key, or is broken"
        ) from None
