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


def policy_of(props: Mapping[str, Any]) -> str | None:
    """The policy that a secret of these properties should have; None where they do not say who is let in."""
    arn, role, deployers = (props.get(name) for name in ("arn", "hostRoleName", "deployers"))
    return closed_to_all_but(arn, role, deployers) if arn and role and deployers else None


def via_secrets_manager(region: str, partition: str) -> str:
    """Secrets Manager as the condition kms:ViaService names it."""
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"secretsmanager.{region}.{domain}"


def says_the_same(text: str | None, wanted: str) -> bool:
    """Whether two policies differ in nothing but form: AWS may give one back in another than it was put."""
    return text is not None and _plain(json.loads(text)) == _plain(json.loads(wanted))


def is_closed(text: str | None) -> bool:
    """Whether a policy keeps the value from everybody whom it does not name: a key may be put there."""
    try:
        statements = json.loads(text or "{}").get("Statement", [])
    except (ValueError, AttributeError):
        return False
    return any(_closes(_plain(one)) for one in (statements if isinstance(statements, list) else [statements]))


def _closes(statement: Any) -> bool:
    match statement:
        case {
            "Effect": "Deny",
            "Principal": "*",
            "Action": list(actions),
            "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": exempt, **other_keys}, **other_operators},
        } if not other_keys and not other_operators:
            arns = exempt if isinstance(exempt, list) else [exempt]
            # what ends in a name that begins with a wildcard exempts more than it names
            named = [not re.split("[:/]", str(arn))[-1].startswith("*") for arn in arns]
            return set(VALUE_CALLS) <= set(actions) and all(named)
    return False


def _plain(part: Any) -> Any:
    """One form for all that mean the same: lists in order, a list of one as that one, anybody as `*`."""
    if part == {"AWS": "*"} or part == {"AWS": ["*"]}:
        return "*"
    if isinstance(part, dict):
        return {name: _plain(value) for name, value in part.items()}
    if isinstance(part, list):
        plain = sorted((_plain(one) for one in part), key=lambda one: json.dumps(one, sort_keys=True))
        return plain[0] if len(plain) == 1 else plain
    return part
