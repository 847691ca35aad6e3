"""Who may touch the key's value beside its host: IAM roles and users, by ARN.

A policy compares `aws:PrincipalArn`: the ARN of the role, path included, not of its session. The one wildcard
that is let through stands for the random tail of a role of IAM Identity Center, which changes when its
permission set is provisioned again; only AWS makes roles below its path.

`let_in` keeps a run from locking itself out: it is asked before anything is written. Nothing here calls AWS.

Errors: LockedOut (a ProviderError): the caller is not, or would not be, let at the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from providers.aws.caller import Caller
from providers.errors import ProviderError
from providers.notices import notice

SETTING = "cexio-bot:deployers"
NAME = r"[\w+=,.@-]{1,128}"
PRINCIPAL = re.compile(rf"arn:aws[a-z-]*:iam::\d{{12}}:(user|role)/([\w+=,.@/-]{{1,510}}/)?{NAME}", re.ASCII)
IDENTITY_CENTER = re.compile(
    r"arn:aws[a-z-]*:iam::\d{12}:role/aws-reserved/sso\.amazonaws\.com/([a-z0-9-]+/)?"
    r"AWSReservedSSO_[\w+=,.@-]{1,32}_\*",
    re.ASCII,
)


def _in_order(arns: tuple[str, ...]) -> tuple[str, ...]:
    if not arns:
        raise ValueError("names nobody: leave it out, and whoever makes the secret is it")
    return tuple(sorted(set(arns)))


Principals = Annotated[
    tuple[
        Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[!-~]+$", max_length=700)], ...
    ],
    AfterValidator(_in_order),
]
"""Those that a secret lets in, in the state: of any kind, as whoever makes it is one of them."""


class LockedOut(ProviderError):
    """These credentials are not let at the secret's value, or would not be."""


def checked_deployers(arns: Sequence[str]) -> tuple[str, ...]:
    """The ARNs in order, each once; ValueError says what is wrong with one of them, without showing it."""
    for arn in arns:
        if arn.endswith(":root"):
            raise ValueError("names an account's root, as which nobody should deploy: name a role or a user")
        if ":assumed-role/" in arn:
            raise ValueError("names a session: name its role, as arn:aws:iam::ACCOUNT:role/NAME")
        if "*" in arn and not IDENTITY_CENTER.fullmatch(arn):
            raise ValueError(
                "may have a * in one place only: the tail of a role's name of IAM Identity Center, as "
                "…:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_NAME_*"
            )
        if "*" not in arn and not PRINCIPAL.fullmatch(arn):
            raise ValueError("must be ARNs of IAM roles or users, as arn:aws:iam::ACCOUNT:role/NAME")
    return tuple(sorted(set(arns)))


def let_in(secret: str, configured: Sequence[str], pinned: Sequence[str], caller: Caller) -> list[str]:
    """Whom the secret's policy is to let in: those configured, else those of before, else the caller.

    Raises LockedOut unless the caller is one of them.
    """
    known = list(configured or pinned)
    if not admits(known, caller):
        if known:
            raise _not_among(secret, known, caller, configured=bool(configured))
        if not caller.exact:
            raise _unnamed(secret, caller)
    if caller.is_root:
        notice(
            f"the account's root deploys, and the secret {secret} is open to it: make a role or a user with "
            "the rights that are needed, and deploy as that"
        )
    if not caller.exact:
        notice(
            "these credentials may not ask for the ARN of their own role (iam:GetRole), so it was found "
            f"among the deployers by its name: if its path in {SETTING} is another, they are shut out"
        )
    return known or [caller.principal_arn]


def admits(deployers: Sequence[str], caller: Caller) -> bool:
    """Whether the caller is one of them; by name alone where its role's path could not be asked."""
    return any(_matches(arn, caller) for arn in deployers)


def _not_among(secret: str, deployers: Sequence[str], caller: Caller, *, configured: bool) -> LockedOut:
    if configured:
        seen = f"not among {SETTING}, so the policy of this secret would lock this very run out"
    else:
        seen = f"not the deployer that the policy of this secret lets at its value, {', '.join(deployers)}"
    return LockedOut(
        f"Secret {secret}: these credentials are {caller.arn}, {seen}: nothing was changed; run as one that "
        f"is, or {_add([*deployers, caller.principal_arn], caller)}"
    )


def _unnamed(secret: str, caller: Caller) -> LockedOut:
    return LockedOut(
        f"Secret {secret}: these credentials are {caller.arn}, and may not ask for the ARN of their own role "
        "(iam:GetRole), which this secret's policy has to name: nothing was changed; allow them that, or "
        f"{_add([caller.principal_arn], caller)}"
    )


def _add(arns: Sequence[str], caller: Caller) -> str:
    named = sorted({arn for arn in arns if not arn.endswith(":root")})
    if not named:
        return "make a role or a user to deploy as, for this is the account's root"
    command = f"`pulumi config set {SETTING} '{json.dumps(named)}'`, then run this again"
    return command if caller.exact else f"{command} (put the role's path in, if it has one)"


def _matches(arn: str, caller: Caller) -> bool:
    wanted, found = arn, caller.principal_arn
    if not caller.exact:
        wanted, found = _without_path(wanted), _without_path(found)
    return found.startswith(wanted[:-1]) if wanted.endswith("*") else found == wanted


def _without_path(arn: str) -> str:
    head, _, rest = arn.partition("/")
    return f"{head}/{rest.rpartition('/')[2]}"
