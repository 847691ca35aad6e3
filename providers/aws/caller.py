"""Who makes the calls: the account, the session, and the IAM principal behind it that policies compare.

A role's session says the role's name without its path, and a policy's `aws:PrincipalArn` has the path: so
IAM is asked for the role. Where it does not answer that, the ARN is composed of the name and `exact` is
False: the path is then a guess, and only names can be compared.

Asked once in a process, as credentials do not change hands in the middle of a run. Changes nothing, and does
not judge whether the caller may do anything.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from botocore.exceptions import ClientError

from providers.aws import session
from providers.aws.failures import REFUSED, code_of, is_gone
from providers.endpoints import Endpoints
from providers.errors import OtherAccount

SESSION = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/.+"
)


class Caller(NamedTuple):
    """arn: as STS tells it, a session's for a role. principal_arn: the user's or role's; see `exact`."""

    account: str
    arn: str
    principal_arn: str
    exact: bool = True

    @property
    def is_root(self) -> bool:
        """Whether these are the account's own credentials, which nobody should deploy with."""
        return self.arn.endswith(":root")

    @property
    def name(self) -> str:
        """The user's or role's name, without its path; IAM has no two roles of one name in an account."""
        return self.principal_arn.rpartition("/")[2]


@functools.lru_cache(maxsize=8)
def caller(endpoints: Endpoints) -> Caller:
    """Whose credentials these are. Raises botocore's errors if STS cannot be asked."""
    answer = session.client("sts", endpoints).get_caller_identity()
    account, arn = str(answer["Account"]), str(answer["Arn"])
    found = SESSION.fullmatch(arn)
    if found is None:
        return Caller(account, arn, arn)
    try:
        role = session.client("iam", endpoints).get_role(RoleName=found["name"])["Role"]
    except ClientError as error:
        if code_of(error) not in REFUSED and not is_gone(error):
            raise
        composed = f"arn:{found['partition']}:iam::{account}:role/{found['name']}"
        return Caller(account, arn, composed, exact=False)
    return Caller(account, arn, str(role["Arn"]))


def refuse_other_account(account: object, subject: object, endpoints: Endpoints) -> None:
    """OtherAccount if the credentials are not of the account in which the object was made."""
    if isinstance(account, str) and account != (there := caller(endpoints).account):
        raise OtherAccount(
            f"{subject or 'this object'} is in the AWS account {account}, and these credentials are of "
            f"{there}, where it would look gone: take the other account's (AWS_PROFILE), or make a new stack"
        )


def account_of(arn: str) -> str | None:
    """The account in an ARN, or None where it names none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[4] else None
