"""`aws:Role`: what the host may do, and nothing else: its inline policies are exactly those wanted.

Found by name, as IAM knows no other way. A role of that name that is not ours is refused. Managed policies
are none unless given; one attached by hand is drift and comes off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws import session
from providers.aws.failures import code_of, is_gone
from providers.aws.ownership import OWNER, own_tags, shown_tags, tag_changes, tag_list, tags_of
from providers.aws.policy_text import PolicyText, canonical
from providers.aws.resource import AwsProvider, OwnedInputs
from providers.aws.waiting import CLEARING, removed
from providers.contract import Resource
from providers.errors import NotOurs


class RoleInputs(OwnedInputs):
    """secretArn: the one secret it is for, recorded for reviews. Policies: JSON text, inline ones by name."""

    name: str = Field(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$")
    secret_arn: str | None = None
    assume_role_policy: PolicyText
    inline_policies: dict[str, PolicyText] = Field(default_factory=dict)
    managed_policies: tuple[str, ...] = ()


class RoleProvider(AwsProvider[RoleInputs]):
    """The name is fixed; policies change in place, new ones before old ones go."""

    inputs = RoleInputs
    replaced_by = ("name",)

    @property
    def iam(self) -> Any:
        return session.client("iam", self.endpoints)

    def find(self, wanted: RoleInputs) -> str | None:
        role = self._role(wanted.name)
        if role is not None and tags_of(role).get(OWNER) != wanted.owner:
            raise NotOurs(
                f"a role {wanted.name} exists that is not of {wanted.owner}: remove or rename it, or name "
                "the stack otherwise"
            )
        return None if role is None else wanted.name

    def make(self, wanted: RoleInputs) -> str:
        try:
            self.iam.create_role(
                RoleName=wanted.name,
                AssumeRolePolicyDocument=wanted.assume_role_policy,
                Tags=tag_list(own_tags(wanted.owner, wanted.tags)),
            )
        except ClientError as error:
            # a call repeated after a lost answer meets its own work; find refuses anybody else's
            if code_of(error) != "EntityAlreadyExists" or self.find(wanted) is None:
                raise
        return wanted.name

    def align(self, id_: str, wanted: RoleInputs, before: Mapping[str, Any]) -> None:
        iam, role, there = self.iam, self._role(id_), self._policies(id_)
        if role is not None and canonical(role["AssumeRolePolicyDocument"]) != wanted.assume_role_policy:
            iam.update_assume_role_policy(RoleName=id_, PolicyDocument=wanted.assume_role_policy)
        for name, text in wanted.inline_policies.items():
            if there.get(name) != text:
                iam.put_role_policy(RoleName=id_, PolicyName=name, PolicyDocument=text)
        for name in sorted(set(there) - set(wanted.inline_policies)):
            iam.delete_role_policy(RoleName=id_, PolicyName=name)
        attached = self._attached(id_)
        for arn in sorted(set(wanted.managed_policies) - set(attached)):
            iam.attach_role_policy(RoleName=id_, PolicyArn=arn)
        for arn in sorted(set(attached) - set(wanted.managed_policies)):
            iam.detach_role_policy(RoleName=id_, PolicyArn=arn)
        tags = {**wanted.tags, OWNER: wanted.owner}
        write, gone = tag_changes(tags_of(role or {}), tags, before.get("tags") or {})
        if role is not None and write:
            iam.tag_role(RoleName=id_, Tags=tag_list(write))
        if gone:
            iam.untag_role(RoleName=id_, TagKeys=gone)

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        role = self._role(id_)
        if role is None:
            return None
        attached, recorded_arns = self._attached(id_), list(recorded.get("managedPolicies") or [])
        return {
            **shown_tags(role, recorded),
            "arn": role["Arn"],
            "roleName": role["RoleName"],
            "name": role["RoleName"],
            "assumeRolePolicy": canonical(role["AssumeRolePolicyDocument"]),
            "inlinePolicies": self._policies(id_),
            "managedPolicies": recorded_arns if sorted(recorded_arns) == attached else attached,
        }

    def remove(self, id_: str, _recorded: Mapping[str, Any]) -> None:
        iam = self.iam
        if self._role(id_) is None:
            return
        for arn in self._attached(id_):
            removed(partial(iam.detach_role_policy, RoleName=id_, PolicyArn=arn), CLEARING)
        for name in self._policies(id_):
            removed(partial(iam.delete_role_policy, RoleName=id_, PolicyName=name), CLEARING)
        removed(lambda: iam.delete_role(RoleName=id_), CLEARING, "ConcurrentModification")

    def _role(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self.iam.get_role(RoleName=name)["Role"])
        except ClientError as error:
            if is_gone(error):
                return None
            raise

    def _policies(self, name: str) -> dict[str, str]:
        pages = self.iam.get_paginator("list_role_policies").paginate(RoleName=name)
        return {
            policy: canonical(self.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
            for page in pages
            for policy in page["PolicyNames"]
        }

    def _attached(self, name: str) -> list[str]:
        pages = self.iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])


class Role(Resource, module="aws", name="Role"):
    """An IAM role with its inline policies, as JSON text by name. IAM API: CreateRole, PutRolePolicy."""

    arn: pulumi.Output[str]
    role_name: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        name: pulumi.Input[str],
        assume_role_policy: pulumi.Input[str],
        inline_policies: Mapping[str, pulumi.Input[str]],
        secret_arn: pulumi.Input[str] | None = None,
        managed_policies: Sequence[pulumi.Input[str]] = (),
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "name": name,
            "secretArn": secret_arn,
            "assumeRolePolicy": assume_role_policy,
            "inlinePolicies": dict(inline_policies),
            "managedPolicies": list(managed_policies),
            "tags": tags,
            "arn": None,
            "roleName": None,
        }
        super().__init__(RoleProvider(), resource_name, properties, opts)
