"""Two-factor login: the six digits that a phone and the exchange work out from one secret (RFC 6238).

HMAC-SHA1, 30 seconds a step, six digits: what every authenticator app shows. A step is good once, as the RFC
asks, and one step of lateness either way is forgiven.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import struct

from sandbox.exchange.accounts import Account, TwoFactor
from sandbox.exchange.errors import PersonFault

STEP_MS = 30_000


def code_at(secret: str, now: int) -> str:
    """What the phone shows at `now` (ms)."""
    return _code(secret, now // STEP_MS)


def seconds_left(now: int) -> int:
    """How long that code will still be shown, at least 1."""
    return (STEP_MS - now % STEP_MS + 999) // 1000


def share_secret(account: Account) -> TwoFactor:
    """The account's secret, made where there is none; two-factor login stays off until a code was entered."""
    if account.two_factor is None:
        account.two_factor = TwoFactor(secret=base64.b32encode(secrets.token_bytes(20)).decode())
    return account.two_factor


def confirm(account: Account, code: str, now: int) -> None:
    """Take the code off the person's phone, once; PersonFault when it is not good."""
    shared = account.two_factor
    digits = "".join(code.split())
    if not digits:
        raise PersonFault("enter the six digits that your phone shows", "code")
    step = now // STEP_MS
    steps = (step, step - 1, step + 1)
    good = [each for each in steps if shared and _same(_code(shared.secret, each), digits)]
    if shared is None or not good:
        raise PersonFault("the code is not the one that your phone shows now: enter the current one", "code")
    if good[0] <= shared.used_step:
        raise PersonFault("the code was used already: wait for the next one on your phone", "code")
    shared.used_step = good[0]


def _same(code: str, digits: str) -> bool:
    return secrets.compare_digest(code.encode(), digits.encode())


def _code(secret: str, step: int) -> str:
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"
