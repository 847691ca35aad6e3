"""`aws:Secret`: the container of a key, made with a first version that says there is none yet.

Secrets Manager makes the first version of a secret AWSCURRENT whatever is asked for: so the first version
must not be a key, and the call that makes the container makes it. A secret of ours that is scheduled for
deletion is brought back with all its versions. Deletion keeps the recovery window; the value is never read or
written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field, field_validator

from providers.aws import session
from providers.aws.failures import code_of, is_gone
from providers.aws.ownership import OWNER, own_tags, shown_tags, tag_changes, tag_list, tags_of
from providers.aws.policy_text import PolicyText, canonical
from providers.aws.resource import AwsProvider, OwnedInputs
from providers.aws.secret_versions import PLACEHOLDER
from providers.aws.tokens import client_token
from providers.aws.waiting import FRESH, persistently, removed
from providers.contract import Resource
from providers.errors import NotOurs


class SecretInputs(OwnedInputs):
    """recoveryWindowDays: how long a deleted secret can be brought back. policy: JSON text."""

    name: str = Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$")
    description: str = Field(max_length=2048)
    recovery_window_days: int = Field(ge=7, le=30)
    policy: PolicyText | None = None

    @field_validator("name")
    @classmethod
    def _no_arn_tail(cls, name: str) -> str:
        if len(name) > 6 and name[-7] == "-" and name[-6:].isalnum():
            raise ValueError(
                "ends in a hyphen and six characters, which AWS takes for an ARN's end: rename it"
            )
        return name


class SecretProvider(AwsProvider[SecretInputs]):
    """The name is fixed; all else changes in place. Its id is the ARN."""

    inputs = SecretInputs
    replaced_by = ("name",)

    @property
    def secrets(self) -> Any:
        return session.client("secretsmanager", self.endpoints)

    def find(self, wanted: SecretInputs) -> str | None:
        secret = self._secret(wanted.name)
        if secret is None:
            return None
        if tags_of(secret).get(OWNER) != wanted.owner:
            when = " and is scheduled for deletion" if secret.get("DeletedDate") else ""
            raise NotOurs(
                f"a secret {wanted.name} exists that is not of {wanted.owner}{when}: remove it for good, or "
                "name the stack otherwise"
            )
        return str(secret["ARN"])

    def make(self, wanted: SecretInputs) -> str:
        request: dict[str, Any] = {
            "Name": wanted.name,
            "Description": wanted.description,
            "SecretString": PLACEHOLDER,
            "ClientRequestToken": client_token(wanted.owner, [wanted.name, PLACEHOLDER]),
            "Tags": tag_list(own_tags(wanted.owner, wanted.tags)),
        }
        try:
            return str(
                persistently(lambda: self.secrets.create_secret(**request), self._being_deleted, FRESH)["ARN"]
            )
        except ClientError as error:
            found = self.find(wanted) if code_of(error) == "ResourceExistsException" else None
            if found is None:
                raise
            return found

    def _being_deleted(self, error: ClientError) -> bool:
        """Whether the name is still taken by a secret that was deleted without a window a moment ago."""
        return code_of(error) == "InvalidRequestException" and "deletion" in str(error)

    def align(self, id_: str, wanted: SecretInputs, before: Mapping[str, Any]) -> None:
        secrets, secret = self.secrets, self._secret(id_)
        if secret is None:
            return  # fresh and not seen yet: made as wanted, but for a policy that the next run sees missing
        if secret.get("DeletedDate"):
            secrets.restore_secret(SecretId=id_)
        if secret.get("Description", "") != wanted.description:
            secrets.update_secret(SecretId=id_, Description=wanted.description)
        self._align_policy(id_, wanted.policy)
        tags = {**wanted.tags, OWNER: wanted.owner}
        write, gone = tag_changes(tags_of(secret), tags, before.get("tags") or {})
        if write:
            secrets.tag_resource(SecretId=id_, Tags=tag_list(write))
        if gone:
            secrets.untag_resource(SecretId=id_, TagKeys=gone)

    def _align_policy(self, id_: str, wanted: str | None) -> None:
        there = self._policy(id_)
        if wanted is None and there is not None:
            self.secrets.delete_resource_policy(SecretId=id_)
        elif wanted is not None and wanted != there:
            self.secrets.put_resource_policy(SecretId=id_, ResourcePolicy=wanted, BlockPublicPolicy=True)

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        return bool(olds.get("scheduledForDeletion"))

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        secret = self._secret(id_)
        if secret is None:
            return None
        doomed = bool(secret.get("DeletedDate"))
        return {
            **shown_tags(secret, recorded),
            "arn": secret["ARN"],
            "name": secret["Name"],
            "description": secret.get("Description", ""),
            "policy": recorded.get("policy") if doomed else self._policy(id_),
            "scheduledForDeletion": doomed,
        }

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        secret = self._secret(id_)
        if secret is None or secret.get("DeletedDate"):
            return
        days = int(recorded.get("recoveryWindowDays") or 30)
        removed(lambda: self.secrets.delete_secret(SecretId=id_, RecoveryWindowInDays=days), FRESH)

    def _secret(self, id_: str) -> dict[str, Any] | None:
        try:
            return dict(self.secrets.describe_secret(SecretId=id_))
        except ClientError as error:
            if is_gone(error):
                return None
            raise

    def _policy(self, id_: str) -> str | None:
        text = self.secrets.get_resource_policy(SecretId=id_).get("ResourcePolicy")
        return canonical(text) if text else None


class Secret(Resource, module="aws", name="Secret"):
    """A secret container with a placeholder version. Secrets Manager API: CreateSecret."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        name: pulumi.Input[str],
        description: pulumi.Input[str],
        recovery_window_days: pulumi.Input[int] = 30,
        policy: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "name": name,
            "description": description,
            "recoveryWindowDays": recovery_window_days,
            "policy": policy,
            "tags": tags,
            "arn": None,
        }
        super().__init__(SecretProvider(), resource_name, properties, opts)
