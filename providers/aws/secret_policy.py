"""The policy on a key's secret: its value is for the host's role and the deployers, whoever else may what.

It denies what reads, writes or carries away the value. It never denies the calls on the policy itself, nor
describing, deleting and restoring: whoever may make those can mend a lock-out. BatchGetSecretValue asks for
GetSecretValue of each secret, so it needs no word of its own.

The host's role is made after the secret, as its own policy names the secret: its ARN is composed of its name
and the account in the secret's ARN, and AWS does not check the values of a condition. Identity policies are
not widened by this: an explicit deny lets nobody in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from providers.aws.policy_text import canonical

VALUE_CALLS = (
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:ReplicateSecretToRegions",
    "secretsmanager:RotateSecret",
    "secretsmanager:UpdateSecret",
    "secretsmanager:UpdateSecretVersionStage",
)


def closed_to_all_but(secret_arn: str, host_role: str, deployers: Sequence[str]) -> str:
    """The policy's canonical text; `host_role` is a role's name in the secret's account."""
    _, partition, _, _, account, *_ = secret_arn.split(":")
    let_in = [f"arn:{partition}:iam::{account}:role/{host_role}", *sorted(set(deployers))]
    statement = {
        "Sid": "ValueForHostAndDeployersOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(VALUE_CALLS),
        "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": let_in}},
    }
    return canonical({"Version": "2012-10-17", "Statement": [statement]})


def is_closed(text: str | None) -> bool:
    """Whether a policy keeps the value from everybody whom it does not name: a key may be put there."""
    try:
        statements = json.loads(text or "{}").get("Statement", [])
        return any(_closes(one) for one in (statements if isinstance(statements, list) else [statements]))
    except (ValueError, AttributeError):
        return False


def _closes(statement: Mapping[str, Any]) -> bool:
    condition = statement.get("Condition") or {}
    exempt = (condition.get("ArnNotLike") or {}).get("aws:PrincipalArn") or []
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and statement.get("Resource") == "*"
        and set(VALUE_CALLS) <= set(statement.get("Action") or [])
        and list(condition) == ["ArnNotLike"]
        and bool(exempt)
        and not any(re.split("[:/]", str(arn))[-1].startswith("*") for arn in exempt)
    )
