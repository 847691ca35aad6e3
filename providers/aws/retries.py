"""Which failed call is sent again, when, and for how long: a rule in front of botocore's standard mode.

    within one call's time      rule                                                     also if sent once
    no answer, 5xx              botocore's: up to 4 attempts, short pauses               never
    what is no answer of AWS's  as that, which botocore does not do by itself            never
    throttled                   growing pauses until the time is over: it did nothing    yes
    somebody else changes it    as that (ConcurrentModification, ConcurrentTagAccess)    yes
    not seen yet                as that, for half the time, where we write to our own    yes
    no capacity in the zone     three more times: it did nothing                         yes
    quota of Secrets Manager    never, though botocore takes its code for throttling     never

`once` is for creates without a token of AWS's and for commands: a call whose fate is unknown must not be sent
a second time. Every call ends: no attempt is begun after CALL_SECONDS, and an attempt has its own time-outs.

A NotFound is an answer, and repeated in none but the calls of ON_OUR_OWN: the provider has seen their object,
or made it a moment ago, and AWS's replicas have not. Waiting for a fresh object to be seen at all is the
provider's (waiting.py).
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from providers.aws.catalogue import GARBLED, NO_CAPACITY_NOW, THROTTLED
from providers.aws.patience import patiently

ATTEMPTS = 4
CALL_SECONDS = 60.0
FIRST, LONGEST = 0.5, 8.0  # pauses after a throttled call, seconds
CAPACITY_TRIES, CAPACITY_PAUSE = 3, 5.0
UNSEEN_SECONDS = 30.0
ON_OUR_OWN = frozenset(
    {
        *("CreateSubnet", "CreateRouteTable", "CreateSecurityGroup", "CreateNetworkInterface"),
        *("AttachInternetGateway", "AssociateRouteTable", "CreateRoute", "ReplaceRoute", "AssociateAddress"),
        *("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"),
        *("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
        *("ModifySubnetAttribute", "ModifyNetworkInterfaceAttribute", "ModifyInstanceMetadataOptions"),
        "StartInstances",
        *("PutRolePolicy", "UpdateAssumeRolePolicy", "AttachRolePolicy", "TagRole"),
        *("ListRolePolicies", "ListAttachedRolePolicies", "GetRolePolicy"),
        *("AddRoleToInstanceProfile", "TagInstanceProfile"),
        *("GetResourcePolicy", "PutResourcePolicy", "TagResource", "UpdateSecret"),
    }
)
NOTHING_THERE = "InvalidPermission.NotFound"  # a rule, not its group
CHANGED_MEANWHILE = frozenset(
    {"ConcurrentModification", "ConcurrentModificationException", "ConcurrentTagAccess"}
)
QUOTA_NOT_RATE = "LimitExceededException"
STARTED = "cexio_bot_started"


def begun(context: dict[str, Any], **_: Any) -> None:
    """Handler of `before-call`: remember when."""
    context[STARTED] = time.monotonic()


class Rule:
    """Handler of `needs-retry`. Answers a pause in seconds, False for never, None to leave it to botocore."""

    def __init__(self, *, once: bool) -> None:
        self._once = once

    def __call__(
        self,
        response: tuple[Any, Mapping[str, Any]] | None,
        operation: Any,
        attempts: int,
        request_dict: Mapping[str, Any],
        **_: Any,
    ) -> float | bool | None:
        began = request_dict["context"].get(STARTED, time.monotonic())
        code, status = _said(response)
        unseen = _unseen(operation.name, code) and not _dry(request_dict)
        pause = _growing(attempts) if unseen else self.pause(code, status, attempts)
        left = began + patiently(UNSEEN_SECONDS if unseen else CALL_SECONDS) - time.monotonic()
        return False if left < (pause or 0.0) else pause

    def pause(self, code: str, status: int, attempts: int) -> float | bool | None:
        """The rule without the clock."""
        if code == QUOTA_NOT_RATE:
            return False
        if code in NO_CAPACITY_NOW:
            return patiently(CAPACITY_PAUSE) if attempts <= CAPACITY_TRIES else False
        if code in THROTTLED or code in CHANGED_MEANWHILE or status == 429:
            return _growing(attempts)
        if self._once:
            return False
        if code == GARBLED:
            return patiently(FIRST) if attempts < ATTEMPTS else False
        return None


def _growing(attempts: int) -> float:
    return patiently(min(FIRST * 2.0 ** (attempts - 1), LONGEST) * (0.5 + random.random() / 2))  # noqa: S311


def _unseen(action: str, code: str) -> bool:
    gone = code.endswith(".NotFound") or code in ("NoSuchEntity", "ResourceNotFoundException")
    return gone and code != NOTHING_THERE and action in ON_OUR_OWN


def _dry(request_dict: Mapping[str, Any]) -> bool:
    """Whether the call only asks whether it would be allowed; its ids may be made up."""
    body = request_dict.get("body")
    return isinstance(body, Mapping) and str(body.get("DryRun", "")).lower() == "true"


def _said(response: tuple[Any, Mapping[str, Any]] | None) -> tuple[str, int]:
    """The answer's error code and status; nothing where no answer came."""
    if response is None:
        return "", 0
    http, parsed = response
    return str(parsed.get("Error", {}).get("Code", "")), int(http.status_code)
