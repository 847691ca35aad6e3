"""The models of a verdict: what is expected of a key, what was found, what the operator confirmed.

Does not decide anything: `verdicts.judge` does.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cexio.permissions import GUIDE_PERMISSIONS

_MODEL = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Verdict(str, Enum):
    """Every outcome that a key can have; the value is the text that is shown."""

    VERIFIED = "verified"
    FUNDS_NOT_PROVEN = "verified, funds not proven"
    AWAITING_KEY = "awaiting key"
    WHITELIST_NOT_ENFORCED = "whitelist not enforced"
    ADDRESS_REFUSED = "address refused"
    NOT_ACTIVATED = "not activated"
    WRONG_KEY = "wrong key or signature"
    WRONG_KIND = "wrong kind of key"
    CLOCK_SKEW = "clock skew"
    PERMISSION_MISSING = "permission missing"
    TOO_MANY_PERMISSIONS = "too many permissions"
    RATE_LIMITED = "rate limited"
    UNREACHABLE = "exchange unreachable"
    HOST_NOT_READY = "host not ready"
    UNDETERMINED = "undetermined"


class Finding(str, Enum):
    """`granted` only when the gate was seen to open, `refused` only when it was seen to be shut."""

    GRANTED = "granted"
    REFUSED = "refused"
    UNDETERMINED = "undetermined"


class Confirmation(BaseModel):
    """The operator's dated word on what behaviour could not prove, good for one key alone.

    fingerprint: of the key, whole or its first 12 or more hex digits (as outputs show it).
    """

    model_config = _MODEL

    subject: Literal["funds", "whitelist"]
    fingerprint: str = Field(pattern=r"^[0-9a-f]{12,64}$")
    date: dt.date


class Expectation(BaseModel):
    """What the key should be: four permissions, usable from `addresses` alone.

    review_days: how long a look at the key page holds, since an edit of the key leaves no trace that could
    be measured; None for ever.
    """

    model_config = _MODEL

    permissions: tuple[str, ...] = GUIDE_PERMISSIONS
    addresses: tuple[str, ...]
    account_id: str | None = None
    fingerprint: str = ""
    review_days: int | None = None


class PermissionVerdict(BaseModel):
    """One permission (or the whitelist): its finding, from where and when, and what it rests on."""

    model_config = _MODEL

    name: str
    spot: str
    verdict: Finding
    vantage: str
    address: str | None
    reason: str
    at: str


class Judgement(BaseModel):
    """The verdict on one key. `line` is one line: what is at fault and the next human step.

    promotes: the key may become the one that the bot reads. alarm: the order probe was answered
    as no order probe should be. permissions: the guide's four. levels: the Spot page's four, each
    from the probes that ask for it. funds: the two of those that move money. evidence: rows of JSON
    values, free of secrets and balances.
    """

    model_config = _MODEL

    verdict: Verdict
    promotes: bool
    line: str
    alarm: bool = False
    permissions: list[PermissionVerdict]
    levels: list[PermissionVerdict]
    funds: list[PermissionVerdict]
    elsewhere: PermissionVerdict
    confirmed: list[Confirmation] = Field(default_factory=list)
    evidence: list[dict[str, Any]]
    at: str
