"""`aws:InstanceProfile`: what hands the role to a machine; it holds exactly one.

EC2 hears of a new profile late: the instance's launch waits for that (providers/aws/instance.py), since only
EC2 itself can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws import session
from providers.aws.failures import code_of, is_gone
from providers.aws.ownership import OWNER, own_tags, shown_tags, tag_changes, tag_list, tags_of
from providers.aws.resource import AwsProvider, OwnedInputs
from providers.aws.waiting import CLEARING, FRESH, fresh, persistently, removed
from providers.contract import Resource
from providers.errors import NotOurs


class ProfileInputs(OwnedInputs):
    """roleName: the one role in it."""

    name: str = Field(pattern=r"^[A-Za-z0-9_+=,.@-]{1,128}$")
    role_name: str = Field(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$")


class ProfileProvider(AwsProvider[ProfileInputs]):
    """The name is fixed; the role can be exchanged in place."""

    inputs = ProfileInputs
    replaced_by = ("name",)

    @property
    def iam(self) -> Any:
        return session.client("iam", self.endpoints)

    def find(self, wanted: ProfileInputs) -> str | None:
        profile = self._profile(wanted.name)
        if profile is not None and tags_of(profile).get(OWNER) != wanted.owner:
            raise NotOurs(
                f"an instance profile {wanted.name} exists that is not of {wanted.owner}: remove it, or name "
                "the stack otherwise"
            )
        return None if profile is None else wanted.name

    def make(self, wanted: ProfileInputs) -> str:
        try:
            tags = tag_list(own_tags(wanted.owner, wanted.tags))
            self.iam.create_instance_profile(InstanceProfileName=wanted.name, Tags=tags)
        except ClientError as error:
            # a call repeated after a lost answer meets its own work; find refuses anybody else's
            if code_of(error) != "EntityAlreadyExists" or self.find(wanted) is None:
                raise
        return wanted.name

    def align(self, id_: str, wanted: ProfileInputs, before: Mapping[str, Any]) -> None:
        profile, iam = self._profile(id_) or {}, self.iam
        roles = _roles(profile)
        for other in roles:
            if other != wanted.role_name:
                iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=other)
        if wanted.role_name not in roles:
            self._add(id_, wanted.role_name)
        tags = {**wanted.tags, OWNER: wanted.owner}
        write, gone = tag_changes(tags_of(profile), tags, before.get("tags") or {})
        if profile and write:
            iam.tag_instance_profile(InstanceProfileName=id_, Tags=tag_list(write))
        if gone:
            iam.untag_instance_profile(InstanceProfileName=id_, TagKeys=gone)

    def _add(self, id_: str, role_name: str) -> None:
        try:
            persistently(
                lambda: self.iam.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=role_name),
                fresh,
                FRESH,
            )
        except ClientError as error:
            # LimitExceeded: a role is in already; ours, if a repeated call met its own work
            if code_of(error) != "LimitExceeded" or _roles(self._profile(id_) or {}) != [role_name]:
                raise

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        profile = self._profile(id_)
        if profile is None:
            return None
        return {
            **shown_tags(profile, recorded),
            "arn": profile["Arn"],
            "profileName": profile["InstanceProfileName"],
            "name": profile["InstanceProfileName"],
            "roleName": next(iter(_roles(profile)), ""),
        }

    def remove(self, id_: str, _recorded: Mapping[str, Any]) -> None:
        iam = self.iam
        for role in _roles(self._profile(id_) or {}):
            names = {"InstanceProfileName": id_, "RoleName": role}
            removed(partial(iam.remove_role_from_instance_profile, **names), CLEARING)
        removed(lambda: iam.delete_instance_profile(InstanceProfileName=id_), CLEARING)

    def _profile(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"])
        except ClientError as error:
            if is_gone(error):
                return None
            raise


def _roles(profile: Mapping[str, Any]) -> list[str]:
    return [str(role["RoleName"]) for role in profile.get("Roles") or ()]


class InstanceProfile(Resource, module="aws", name="InstanceProfile"):
    """An instance profile with its role. IAM API: CreateInstanceProfile, AddRoleToInstanceProfile."""

    arn: pulumi.Output[str]
    profile_name: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        name: pulumi.Input[str],
        role_name: pulumi.Input[str],
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "name": name,
            "roleName": role_name,
            "tags": tags,
            "arn": None,
            "profileName": None,
        }
        super().__init__(ProfileProvider(), resource_name, properties, opts)
