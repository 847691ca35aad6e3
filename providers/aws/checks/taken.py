"""Whether the names that the stack needs are free, or of this stack's own earlier objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from providers.aws import session
from providers.aws.checks.finding import Finding, fine, refused, unasked
from providers.aws.failures import is_gone
from providers.aws.ownership import OWNER, tags_of
from providers.aws.plan import Plan
from providers.endpoints import Endpoints

ELSE = "remove it, or name the stack otherwise"


def role(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The host's role."""
    name = plan.names.host_role(plan.host)
    iam = session.client("iam", endpoints)
    yield _judged(
        plan, "role", f"role {name}", plan.owner("role"), lambda: iam.get_role(RoleName=name)["Role"]
    )


def profile(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The host's instance profile."""
    name = plan.names.host_profile(plan.host)
    iam = session.client("iam", endpoints)
    yield _judged(
        plan,
        "profile",
        f"instance profile {name}",
        plan.owner("profile"),
        lambda: iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"],
    )


def secret(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The secret, which keeps its name while it is scheduled for deletion."""
    name = plan.names.secret("key", plan.host)
    secrets = session.client("secretsmanager", endpoints)
    yield _judged(
        plan, "secret", f"secret {name}", plan.owner("key"), lambda: secrets.describe_secret(SecretId=name)
    )


def _judged(
    plan: Plan, makes: str, subject: str, owner: str, look: Callable[[], Mapping[str, Any]]
) -> Finding:
    try:
        there = look()
    except ClientError as error:
        if is_gone(error):
            return fine(subject, "the name is free", makes)
        raise
    doomed, holder = bool(there.get("DeletedDate")), tags_of(there).get(OWNER)
    if holder is None and plan.standing:
        return unasked(
            subject, f"it exists and says nobody's it is: if the state has it, its tag {OWNER} is put back"
        )
    if holder != owner:
        when = ", is scheduled for deletion" if doomed else ""
        return refused(subject, f"it exists{when} and is not of {owner}: {ELSE}")
    return fine(
        subject, "the stack's own, scheduled for deletion, is restored" if doomed else "the stack's own"
    )
