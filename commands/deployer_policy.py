"""The least that AWS must allow whoever deploys, as IAM policies made from the table of calls.

    python -m commands.deployer_policy --account ID [--project P] [--stack S] [--region R] [...]

Prints a JSON list of policy documents (one, if it fits into IAM's limit). What they hold and what to watch
is told in docs/deployer-policy.md. Asks AWS nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from providers.aws.ownership import BORROWED_BY
from providers.aws.permissions import (
    ACTIONS,
    ARNS,
    DISPENSABLE,
    EDITED_TAGS,
    RELEASE,
    If,
    conditions,
)
from providers.aws.secret_policy import via_secrets_manager
from providers.endpoints import REGION

LIMIT = 6144  # characters of a managed policy, white space not counted
VALUES = frozenset({"secretsmanager:GetSecretValue"})
LOOKS = re.compile(r"[a-z0-9]+:(Describe|Get|List|Simulate)")

NAME = r"^[A-Za-z0-9._-]{1,100}$"

Statement = dict[str, Any]


class Scope(BaseModel):
    """Whom the policy is for and what it may reach. stack: None for every stack of the project."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account: str = Field(pattern=r"^[0-9]{12}$", description="the account's id, 12 digits")
    project: str = Field(default="cexio-bot", pattern=NAME, description="a project's name")
    stack: str | None = Field(default=None, pattern=NAME, description="a stack's name")
    region: str = Field(default=REGION, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="a region")
    partition: str = Field(default="aws", pattern=r"^aws(-[a-z]+)*$", description="aws, aws-cn or aws-us-gov")
    deployer: str | None = Field(
        default=None, pattern=r"^(user|role)/[A-Za-z0-9_+=,.@/-]+$", description="user/NAME or role/NAME"
    )
    allocation_id: str | None = Field(
        default=None, pattern=r"^eipalloc-[0-9a-f]+$", description="the id of an address brought along"
    )
    vpc_id: str | None = Field(
        default=None, pattern=r"^vpc-[0-9a-f]+$", description="the id of a VPC brought along"
    )
    subnet_id: str | None = Field(
        default=None, pattern=r"^subnet-[0-9a-f]+$", description="the id of a subnet brought along"
    )
    kms_key: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-z-]+$",
        description="the ARN of the secret's own KMS key",
    )

    @property
    def owner(self) -> str:
        """The pattern of the owner tags of what may be changed."""
        return f"{self.project}/{self.stack or '*'}{'/*' if self.stack else ''}"

    @property
    def names(self) -> str:
        """What the names of roles, profiles and secrets begin with."""
        return f"{self.project}-{self.stack}-" if self.stack else f"{self.project}-"

    def arn(self, kind: str) -> str:
        """The pattern of a kind of resource."""
        if kind == "principal" and self.deployer:
            return f"arn:{self.partition}:iam::{self.account}:{self.deployer}"
        return ARNS[kind].format(
            partition=self.partition, region=self.region, account=self.account, names=self.names
        )


def deployer_policies(
    scope: Scope, *, release: bool = False, read_only: bool = False
) -> list[dict[str, Any]]:
    """The policy documents, as few as the limit allows. release: the right to give an address up for ever."""
    left_out = frozenset() if release else RELEASE
    allowed = {action for action in ACTIONS if action not in left_out}
    if read_only:
        allowed = {a for a in allowed if LOOKS.match(a) and a not in (VALUES | DISPENSABLE)}
    statements = _statements(scope, allowed)
    if not read_only:
        statements += _brought(scope)
    return _documents(statements)


def _statements(scope: Scope, allowed: Iterable[str]) -> list[Statement]:
    """One statement for each set of actions with the same condition, on all of their resources."""
    actions: dict[tuple[If, str], set[str]] = {}
    kinds: dict[tuple[If, str], set[str]] = {}
    for action in sorted(allowed):
        for grants in (ACTIONS[action], EDITED_TAGS.get(action, {})):
            for kind, on in grants.items():
                # what holds for one kind alone is kept to it, as there a condition narrows no more
                key = (on, "" if on in (If.NEW, If.OURS, If.AT_CREATION, If.TAGS_OF_OURS) else kind)
                actions.setdefault(key, set()).add(action)
                kinds.setdefault(key, set()).add(kind)
    made = []
    for key in sorted(actions, key=lambda one: (list(If).index(one[0]), one[1])):
        on, _ = key
        arns = sorted({scope.arn(kind) for kind in kinds[key]})
        if on in (If.OURS, If.TAGS_OF_OURS):  # the tag narrows further than any list of kinds
            arns = [f"arn:{scope.partition}:ec2:{scope.region}:{scope.account}:*"]
        made.append(_statement(sorted(actions[key]), arns, conditions(on, scope.owner)))
    return made


def _brought(scope: Scope) -> list[Statement]:
    """What the user's own address, network and key take beside."""
    made = []
    ec2 = f"arn:{scope.partition}:ec2:{scope.region}:{scope.account}:"
    if scope.allocation_id:
        address = [f"{ec2}elastic-ip/{scope.allocation_id}"]
        made.append(_statement(["ec2:AssociateAddress", "ec2:DisassociateAddress"], address, {}))
        marker = {"ForAllValues:StringEquals": {"aws:TagKeys": [BORROWED_BY]}}
        made.append(_statement(["ec2:CreateTags", "ec2:DeleteTags"], address, marker))
        # one of ours, taken over by another name of the host
        made.append(_statement(["ec2:CreateTags"], address, conditions(If.STAYS_OURS, scope.owner)))
    parts = [f"{ec2}vpc/{scope.vpc_id}"] if scope.vpc_id else []
    parts += [f"{ec2}subnet/{scope.subnet_id}"] if scope.subnet_id else []
    if parts:
        actions = ["ec2:CreateNetworkInterface", "ec2:CreateSecurityGroup", "ec2:RunInstances"]
        made.append(_statement(actions, parts, {}))
    if scope.kms_key:
        via = {"StringEquals": {"kms:ViaService": via_secrets_manager(scope.region, scope.partition)}}
        made.append(_statement(["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], [scope.kms_key], via))
    return made


def _statement(
    actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Mapping[str, object]]
) -> Statement:
    made: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if list(resources) == ["*"]:
        made["Resource"] = "*"
    return {**made, "Condition": dict(condition)} if condition else made


def _documents(statements: list[Statement]) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = []
    for one in statements:
        if not documents or size({"Statement": [*documents[-1]["Statement"], one]}) > LIMIT - 40:
            documents.append({"Version": "2012-10-17", "Statement": []})
        documents[-1]["Statement"].append(one)
    return documents


def size(document: Mapping[str, Any]) -> int:
    """A document's characters as IAM counts them."""
    return len(json.dumps(document, separators=(",", ":")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the documents."""
    parser = argparse.ArgumentParser(prog="python -m commands.deployer_policy", description=__doc__)
    for name, field in Scope.model_fields.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", required=field.is_required(), default=None, help=field.description
        )
    parser.add_argument("--release", action="store_true", help="with the right to release the address")
    parser.add_argument("--read-only", action="store_true", help="for `refresh` and `preview` alone")
    chosen = vars(parser.parse_args(arguments))
    release, read_only = chosen.pop("release"), chosen.pop("read_only")
    try:
        scope = Scope(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        for one in error.errors(include_input=False, include_url=False):
            name = str(one["loc"][0])
            wanted = Scope.model_fields[name].description
            print(f"error: --{name.replace('_', '-')} must be {wanted}", file=sys.stderr)
        return 1
    if scope.deployer and scope.deployer.rpartition("/")[2].startswith(scope.names):
        print(
            f"error: --deployer {scope.deployer}: it could change itself, as its name begins with "
            f"{scope.names} like the hosts' roles: name it otherwise",
            file=sys.stderr,
        )
        return 1
    print(json.dumps(deployer_policies(scope, release=release, read_only=read_only), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
