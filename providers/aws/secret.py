"""`aws:Secret`: the container of a key, made with a first version that says there is none yet, and closed.

Secrets Manager makes the first version of a secret AWSCURRENT whatever is asked for: so the first version
must not be a key, and the call that makes the container makes it. Its policy (secret_policy.py) is put by a
second call: between the two there is nothing to read but the placeholder, and an object is not done before
AWS shows its policy. A secret of ours that is scheduled for deletion is brought back with all its versions.

Who deploys must be among those whom the policy lets in, or nothing is changed. Where no deployers are set,
the one who makes the secret is it, and stays it: an output, as no input may depend on who runs.

Deletion keeps the recovery window. The value is never read or written here. A replica that somebody made is
told and left alone, as taking it away may end something that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.dynamic import CreateResult, ReadResult, UpdateResult
from pydantic import Field, field_validator

from providers.aws import session
from providers.aws.caller import caller
from providers.aws.deployers import Principals, let_in
from providers.aws.failures import code_of, is_gone
from providers.aws.ownership import OWNER, own_tags, shown_tags, tag_changes, tag_list, tags_of
from providers.aws.policy_text import canonical
from providers.aws.resource import AwsProvider, OwnedInputs
from providers.aws.secret_policy import closed_to_all_but, policy_of, says_the_same
from providers.aws.secret_versions import PLACEHOLDER
from providers.aws.tokens import client_token
from providers.aws.waiting import FRESH, fresh, persistently, removed, wait_for
from providers.contract import Resource
from providers.errors import NotOurs, ProviderError
from providers.notices import notice

SPREADS = 30.0  # seconds that a policy takes to be heard everywhere
KMS_KEY = r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-z-]{1,64}$"


class SecretInputs(OwnedInputs):
    """recoveryWindowDays: how long a deleted secret can be brought back. hostRoleName: whose host reads it.

    deployers: ARNs of who else may read and write the value; left out, whoever makes the secret. kmsKeyId:
    a key's ARN; left out, the AWS managed key.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$")
    description: str = Field(max_length=2048)
    recovery_window_days: int = Field(ge=7, le=30)
    host_role_name: str = Field(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$")
    deployers: Principals | None = None
    kms_key_id: str | None = Field(default=None, pattern=KMS_KEY)

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
    pinned = ("deployers",)

    @property
    def secrets(self) -> Any:
        return session.client("secretsmanager", self.endpoints)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """As every object, once the caller is known to be let in; where nobody is named, it is the caller."""
        return super().create({**props, "deployers": self._let_in(SecretInputs.of(props), {})})

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """As every object, once the caller is known to be let in."""
        self._same_place(olds)
        return super().update(id_, olds, {**news, "deployers": self._let_in(SecretInputs.of(news), olds)})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """As every object; a replica is told, as no `up` takes it away."""
        found = super().read(id_, props)
        outs = found.outs or {}
        if replicas := outs.get("replicas"):
            notice(
                f"the secret {outs['name']} is replicated to {', '.join(replicas)}, which this stack did not "
                "ask for and leaves alone; the replica has a policy of its own: take it back with `aws "
                f"secretsmanager remove-regions-from-replication --secret-id {outs['arn']} "
                f"--remove-replica-regions {' '.join(replicas)}`"
            )
        return found

    def _let_in(self, wanted: SecretInputs, olds: Mapping[str, Any]) -> list[str]:
        return let_in(
            wanted.name, wanted.deployers or (), olds.get("deployers") or (), caller(self.endpoints)
        )

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
        if wanted.kms_key_id:
            request["KmsKeyId"] = wanted.kms_key_id
        try:
            return str(
                persistently(lambda: self.secrets.create_secret(**request), _being_deleted, FRESH)["ARN"]
            )
        except ClientError as error:
            if code_of(error) != "ResourceExistsException":
                raise
            # made by a run of ours a moment ago, or by this very call, whose first answer was lost
            return wait_for(lambda: self.find(wanted), f"the secret {wanted.name} to be seen", FRESH)

    def align(self, id_: str, wanted: SecretInputs, before: Mapping[str, Any]) -> None:
        secrets, secret = self.secrets, self._seen(id_)
        if secret.get("DeletedDate"):
            secrets.restore_secret(SecretId=id_)
            secret = wait_for(lambda: self._restored(id_), f"{id_} to be restored", FRESH)
            notice(
                f"the secret {wanted.name} was scheduled for deletion and is restored with all its versions"
            )
        # First, as a deployer who has just been named is kept from UpdateSecret until then.
        was_put = self._align_policy(
            id_, closed_to_all_but(id_, wanted.host_role_name, wanted.deployers or ())
        )
        changes = _changes(secret, wanted)
        if changes:
            persistently(
                lambda: secrets.update_secret(SecretId=id_, **changes),
                lambda error: was_put and code_of(error) == "AccessDeniedException",
                SPREADS,
            )
        tags = {**wanted.tags, OWNER: wanted.owner}
        write, gone = tag_changes(tags_of(secret), tags, before.get("tags") or {})
        if write:
            secrets.tag_resource(SecretId=id_, Tags=tag_list(write))
        if gone:
            secrets.untag_resource(SecretId=id_, TagKeys=gone)

    def _align_policy(self, id_: str, wanted: str) -> bool:
        """Put the policy if it is another, and see it there; whether it was put."""
        if says_the_same(self._policy(id_), wanted):
            return False
        persistently(
            lambda: self.secrets.put_resource_policy(
                SecretId=id_, ResourcePolicy=wanted, BlockPublicPolicy=True
            ),
            _unsettled,
            FRESH,
        )
        wait_for(
            lambda: says_the_same(self._policy(id_), wanted) or None, f"the policy of {id_} to be seen", FRESH
        )
        return True

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        wanted = policy_of(olds)
        return bool(olds.get("scheduledForDeletion")) or wanted is None or olds.get("policy") != wanted

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        secret = self._secret(id_)
        if secret is None:
            return None
        doomed, wanted = bool(secret.get("DeletedDate")), policy_of({**recorded, "arn": secret["ARN"]})
        policy = recorded.get("policy") if doomed else self._policy(id_)
        return {
            **shown_tags(secret, recorded),
            "arn": secret["ARN"],
            "name": secret["Name"],
            "description": secret.get("Description", ""),
            "kmsKeyId": _shown_key(secret, recorded.get("kmsKeyId")),
            "policy": wanted if wanted and says_the_same(policy, wanted) else policy,
            "replicas": sorted(one["Region"] for one in secret.get("ReplicationStatus") or ()) or None,
            "scheduledForDeletion": doomed,
        }

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        secret = self._secret(id_)
        if secret is None or secret.get("DeletedDate"):
            return
        if secret.get("ReplicationStatus"):
            raise ProviderError(
                f"Secret {secret['Name']}: it has replicas in other regions, and AWS deletes none that has: "
                f"`aws secretsmanager remove-regions-from-replication --secret-id {id_} "
                "--remove-replica-regions REGION`, then run this again"
            )
        days = int(recorded.get("recoveryWindowDays") or 30)
        try:
            removed(lambda: self.secrets.delete_secret(SecretId=id_, RecoveryWindowInDays=days), FRESH)
        except ClientError as error:
            # sent again after a lost answer, it meets what it did itself
            if code_of(error) != "InvalidRequestException" or not self._seen(id_).get("DeletedDate"):
                raise

    def _secret(self, id_: str) -> dict[str, Any] | None:
        try:
            return dict(self.secrets.describe_secret(SecretId=id_))
        except ClientError as error:
            if is_gone(error):
                return None
            raise

    def _seen(self, id_: str) -> dict[str, Any]:
        return wait_for(lambda: self._secret(id_), f"{id_} to be seen", FRESH)

    def _restored(self, id_: str) -> dict[str, Any] | None:
        secret = self._seen(id_)
        return None if secret.get("DeletedDate") else secret

    def _policy(self, id_: str) -> str | None:
        """The policy of a secret that DescribeSecret shows, so that "not found" can only mean "not yet"."""
        answer = persistently(lambda: self.secrets.get_resource_policy(SecretId=id_), _unsettled, FRESH)
        text = answer.get("ResourcePolicy")
        return canonical(text) if text else None


def _being_deleted(error: ClientError) -> bool:
    """Whether the name is still taken by a secret that was deleted without a window a moment ago."""
    return code_of(error) == "InvalidRequestException" and "deletion" in str(error)


def _unsettled(error: ClientError) -> bool:
    """Whether the secret was made or restored a moment ago, and part of AWS does not know it yet."""
    return fresh(error) or _being_deleted(error)


def _changes(secret: Mapping[str, Any], wanted: SecretInputs) -> dict[str, str]:
    """What UpdateSecret has to change. Another key re-encrypts the versions that have a label."""
    changes = {}
    if secret.get("Description", "") != wanted.description:
        changes["Description"] = wanted.description
    if _shown_key(secret, wanted.kms_key_id) != wanted.kms_key_id:
        changes["KmsKeyId"] = wanted.kms_key_id or ""  # empty: back to the AWS managed key
    return changes


def _shown_key(secret: Mapping[str, Any], recorded: Any) -> str | None:
    """The KMS key; as recorded where AWS shows the same key in a shorter form."""
    there = secret.get("KmsKeyId")
    same = isinstance(recorded, str) and there and recorded.rpartition("/")[2] == there.rpartition("/")[2]
    return recorded if same else there or None


class Secret(Resource, module="aws", name="Secret"):
    """A closed secret container with a placeholder version. Secrets Manager API: CreateSecret.

    host_role_name: the role that the host will have. deployers: ARNs of who else may touch the value; None
    for whoever makes it. kms_key_id: a KMS key's ARN, None for the AWS managed key.
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        name: pulumi.Input[str],
        description: pulumi.Input[str],
        host_role_name: pulumi.Input[str],
        recovery_window_days: pulumi.Input[int] = 7,
        deployers: pulumi.Input[Sequence[str]] | None = None,
        kms_key_id: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "name": name,
            "description": description,
            "recoveryWindowDays": recovery_window_days,
            "hostRoleName": host_role_name,
            "deployers": deployers,
            "kmsKeyId": kms_key_id,
            "tags": tags,
            "arn": None,
            "policy": None,
        }
        super().__init__(SecretProvider(), resource_name, properties, opts)
