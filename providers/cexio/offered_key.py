"""The key that the operator offers for this run (read by `cexio.offered_key`), and its fingerprint.

It exists in the memory of the provider's process alone. What leaves it is a fingerprint, made by scrypt with
the owner tag as salt: slow to guess, and the same key has another fingerprint in every stack.

Does not judge whether the exchange takes the key, and never reads Pulumi config.

Errors: KeyNotAccepted (a ProviderError): the offer cannot be read or is not shaped like a Spot key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from cexio import offered_key as offer
from cexio.credentials import Credentials
from cexio.errors import OfferedKeyError
from providers.errors import ProviderError


class KeyNotAccepted(ProviderError):
    """The key that is offered cannot be read, or is not shaped like one."""


def offered_key(environment: Mapping[str, str]) -> Credentials | None:
    """The key on offer, trimmed of what copying brings along; None where none is offered."""
    try:
        return offer.offered_key(environment)
    except OfferedKeyError as error:
        raise KeyNotAccepted(str(error)) from None


def fingerprint(credentials: Credentials, owner: str) -> str:
    """64 hexadecimal characters that stand for this key in this stack; takes about a tenth of a second."""
    text = f"{credentials.key.get_secret_value()}\n{credentials.secret.get_secret_value()}"
    return hashlib.scrypt(
        text.encode(), salt=owner.encode(), n=2**15, r=8, p=1, maxmem=64 * 2**20, dklen=32
    ).hex()
