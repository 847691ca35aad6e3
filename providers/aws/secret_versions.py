"""The versions of one secret in Secrets Manager: stage one, read one, promote one.

AWSPENDING is staged and awaits proof, AWSCURRENT is what the host reads. A version's id is the token it was
put with, so the same key is staged as the same version by every run. A put with a known token does nothing
at all, stages included: the stage is therefore always looked at afterwards and set by itself. Promotion
moves AWSCURRENT from the version it was seen on, which AWS refuses if it is no longer there: that is the
lock.

Does not know what a version holds, deletes no version, and gives AWSCURRENT to nothing but what it is told to
promote. Puts nothing into a secret whose policy does not keep the value from all but those it names: somebody
may have opened it since the container was made.

Errors (ProviderError):
    SecretGone         there is no such secret, or it is scheduled for deletion
    SecretOpen         its policy lets more than its host and its deployers at the value
    SecretUnreadable   we may not read its value
    LockedOut          its policy keeps us from its value (providers/aws/deployers.py)
    StagedMeanwhile    another version was staged or promoted by somebody else while we worked
    SecretUnsettled    Secrets Manager did not come to show what we did within the time allowed
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from providers.aws.deployers import SETTING, LockedOut
from providers.aws.failures import code_of, text_of
from providers.aws.secret_policy import is_closed
from providers.errors import ProviderError

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
SETTLES_WITHIN = 30.0  # seconds; reads of Secrets Manager follow its writes with a delay
LAGS = 5.0  # seconds in which one look at the labels may be an old one
REFUSED_MOVE = ("InvalidParameterException", "InvalidRequestException")  # the label is elsewhere
PLACEHOLDER = '{"status":"awaiting key"}'


class SecretGone(ProviderError):
    """There is no such secret, or it is scheduled for deletion."""


class SecretOpen(ProviderError):
    """The policy of the secret is not there, or lets others at its value."""


class SecretUnreadable(ProviderError):
    """The value of the secret may not be read with these credentials."""


class StagedMeanwhile(ProviderError):
    """Another version was staged or promoted by somebody else."""


class SecretUnsettled(ProviderError):
    """What was written could not be read back in time."""


class Stages(NamedTuple):
    """Which version has which of the two labels; None where no version has it."""

    current: str | None
    pending: str | None


class SecretVersions:
    """The versions of one secret, by its ARN, through a boto3 client that may repeat calls."""

    def __init__(self, client: Any, arn: str, settles_within: float = SETTLES_WITHIN) -> None:
        self._client = client
        self._arn = arn
        self._settles_within = settles_within

    def stages(self) -> Stages:
        """The labels as they are now; SecretGone where there is no secret to speak of."""
        try:
            found = self._client.describe_secret(SecretId=self._arn)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                raise SecretGone(f"{self._arn}: no such secret: `pulumi refresh`, then `pulumi up`") from None
            raise
        if found.get("DeletedDate"):
            raise SecretGone(
                f"{self._arn}: scheduled for deletion: `aws secretsmanager restore-secret --secret-id "
                f"{self._arn}` brings it back, or `pulumi refresh` and `pulumi up` make the stack restore it"
            )
        holders = {
            label: version
            for version, labels in found.get("VersionIdsToStages", {}).items()
            for label in labels
        }
        return Stages(holders.get(CURRENT), holders.get(PENDING))

    def read(self, version: str) -> str:
        """A version's text, whatever its labels; SecretUnreadable where we may not."""
        try:
            return str(self._client.get_secret_value(SecretId=self._arn, VersionId=version)["SecretString"])
        except ClientError as error:
            if code_of(error) in ("AccessDeniedException", "DecryptionFailure"):
                raise SecretUnreadable(
                    f"{self._arn}: these AWS credentials may not read the secret (secretsmanager:"
                    "GetSecretValue; its policy lets its deployers alone): run as one who may, add these to "
                    f"{SETTING}, or offer the key again with CEXIO_KEY_FILE"
                ) from None
            raise

    def stage(self, version: str, text: str) -> Stages:
        """Make the version exist and be AWSPENDING; AWSCURRENT stays where it is. The labels afterwards.

        Raises SecretOpen, and puts nothing, where the value would be open to others.
        """
        if not is_closed(self._policy()):
            raise SecretOpen(
                f"{self._arn}: its policy does not keep others from its value, so no key is put there: "
                "`pulumi refresh`, then `pulumi up` closes it"
            )
        if self.stages().current is None:
            # The first version of a secret becomes AWSCURRENT whatever is asked for: it must not be a key.
            self._client.put_secret_value(SecretId=self._arn, SecretString=PLACEHOLDER)
            self._settled(lambda stages: stages.current is not None)
        self._put(version, text)
        pending = self.stages().pending
        if pending != version:
            self._move(PENDING, version, pending)
        return self._settled(lambda stages: stages.pending == version)

    def promote(self, version: str, instead_of: str | None) -> None:
        """Move AWSCURRENT to a staged version from the one it was seen on, then take AWSPENDING off.

        Raises StagedMeanwhile, and changes nothing, if either label has moved since the version was staged.
        """
        stages = self.stages()
        if stages.current != version:
            if stages != Stages(current=instead_of, pending=version):
                raise self._staged_meanwhile()
            self._move(CURRENT, version, instead_of)
            self._settled(lambda stages: stages.current == version)
        self.tidy(version)

    def tidy(self, version: str) -> None:
        """Take AWSPENDING off a version that is AWSCURRENT; until then it has both, which is no fault."""
        if self.stages().pending == version:
            try:
                self._client.update_secret_version_stage(
                    SecretId=self._arn, VersionStage=PENDING, RemoveFromVersionId=version
                )
            except ClientError as error:
                # sent again after a lost answer, it meets what it did itself
                if code_of(error) not in REFUSED_MOVE or not self._comes_to(
                    lambda stages: stages.pending != version
                ):
                    raise
            self._settled(lambda stages: stages.pending != version)

    def _policy(self) -> str | None:
        text = self._client.get_resource_policy(SecretId=self._arn).get("ResourcePolicy")
        return None if text is None else str(text)

    def _put(self, version: str, text: str) -> None:
        try:
            self._client.put_secret_value(
                SecretId=self._arn, ClientRequestToken=version, SecretString=text, VersionStages=[PENDING]
            )
        except ClientError as error:
            if code_of(error) == "ResourceExistsException":
                raise StagedMeanwhile(
                    f"{self._arn}: version {version} exists with another content than this key: somebody put "
                    "it there by hand; make a new key on the exchange and offer that one"
                ) from None
            self._tell_a_lock_out(error)
            raise

    def _move(self, label: str, to: str, holder: str | None) -> None:
        """Move a label from the version it was seen on; AWS compares, and refuses if it is elsewhere.

        It is elsewhere, too, where this very call had moved it and its answer was lost.
        """
        removed = {"RemoveFromVersionId": holder} if holder else {}
        try:
            self._client.update_secret_version_stage(
                SecretId=self._arn, VersionStage=label, MoveToVersionId=to, **removed
            )
        except ClientError as error:
            if code_of(error) in REFUSED_MOVE:
                if self._comes_to(lambda now: (now.current if label == CURRENT else now.pending) == to):
                    return
                raise self._staged_meanwhile() from None
            self._tell_a_lock_out(error)
            raise

    def _tell_a_lock_out(self, error: ClientError) -> None:
        if code_of(error) == "AccessDeniedException" and "resource-based policy" in text_of(error):
            raise LockedOut(
                f"{self._arn}: its policy keeps these credentials from its value ({text_of(error)}): run as "
                f"one of its deployers, or add these to {SETTING} and run `pulumi up`"
            ) from None

    def _comes_to(self, seen: Callable[[Stages], bool]) -> bool:
        """Whether the labels read so within some seconds: one look at them may lag."""
        try:
            self._settled(seen, min(self._settles_within, LAGS))
        except SecretUnsettled:
            return False
        return True

    def _settled(self, seen: Callable[[Stages], bool], within: float | None = None) -> Stages:
        """Wait until the labels read as they were written."""
        deadline, pause = time.monotonic() + (within or self._settles_within), 0.05
        while not seen(stages := self.stages()):
            if time.monotonic() > deadline:
                raise SecretUnsettled(
                    f"{self._arn}: what was written does not show after {self._settles_within:.0f} s: "
                    "run the same command again, it goes on from there"
                )
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
        return stages

    def _staged_meanwhile(self) -> StagedMeanwhile:
        return StagedMeanwhile(
            f"{self._arn}: another version was staged or promoted while this key was being proven; nothing "
            "was promoted: see who else deploys here, then run the same command again"
        )
