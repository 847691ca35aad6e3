"""`cexio:TradingKey`: the key that the bot reads, staged, proven and promoted as one.

A key that is offered becomes a version AWSPENDING, is proven from the host and from here, and only then
AWSCURRENT. A key that is refused fails the run with one line, which names the file of its evidence, and
leaves the state and AWSCURRENT as they were, so that the next run without a key is content with the old one,
and the same key, mended, passes. Without an offer the key in AWSCURRENT is proven again when something it
depends on has changed.

The id of a promoted version is the key's fingerprint. The key itself is read from the environment by the
process that stages it, and is neither input nor output. Deleting this resource deletes no version: they live
and die with the secret.

Errors: KeyNotProven (a ProviderError): the proof did not pass. Others: offered_key, stored_key,
secret_versions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)
from pydantic import Field

from cexio.credentials import Credentials
from cexio.judgement import Confirmation, Expectation, Judgement, Verdict
from providers.aws import preflight
from providers.aws.caller import account_of, refuse_other_account
from providers.aws.plan import wishes
from providers.aws.secret_versions import SecretGone, SecretUnreadable, SecretVersions
from providers.aws.session import client
from providers.cexio.kept_evidence import kept
from providers.cexio.key_outputs import (
    PROVEN_WITH,
    STAGE,
    asked,
    awaiting,
    due,
    left_alone,
    proven,
    said,
    without_nulls,
)
from providers.cexio.offered_key import KeyNotAccepted, fingerprint, offered_key
from providers.cexio.stored_key import as_text, from_text
from providers.contract import NAMESPACE, Inputs, Provider, Resource
from providers.errors import ProviderError
from providers.run import begin

DRIFTED = "the secret's current version is not the one that was proven: `pulumi up` proves the one there now"


class KeyNotProven(ProviderError):
    """The proof did not pass, so nothing was promoted."""


class TradingKeyInputs(Inputs):
    """What the proof depends on. The last four are put in by check.

    addresses: the host's own first. offered, fingerprint: whether this run was offered a key, and which key
    it is about: the one offered, else the one before.
    """

    owner: str
    secret_arn: str
    instance_id: str
    addresses: tuple[str, ...] = Field(min_length=1)
    permissions: tuple[str, ...] = Field(min_length=1)
    account_id: str | None = None
    pair: str
    confirmations: tuple[Confirmation, ...] = ()
    review_request: str | None = None
    review_days: int = Field(gt=0)
    endpoint: str
    region: str
    offered: bool = False
    fingerprint: str | None = None


class TradingKeyProvider(Provider):
    """Stages, proves, promotes. The id is the owner tag, as there is one key a host."""

    inputs = TradingKeyInputs
    wished: Mapping[str, str]

    def configure(self, req: ConfigureRequest) -> None:
        """As every provider's, and what preflight must know of the stack."""
        super().configure(req)
        self.wished = wishes(lambda name: req.config.get(f"{NAMESPACE}:{name}"))

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Put in where the exchange is and which key this run is about: the one offered, else the old one."""
        preflight.expect_to_make()
        found: dict[str, Any] = {"endpoint": self.endpoints.cexio, "region": self.endpoints.region}
        try:
            key = offered_key(os.environ)
        except KeyNotAccepted as error:
            return CheckResult({**news, **found}, [CheckFailure("fingerprint", str(error))])
        if key is None:
            found |= {"offered": False, "fingerprint": (olds or {}).get("fingerprint")}
        else:
            found |= {"offered": True, "fingerprint": fingerprint(key, str(news.get("owner")))}
        return super().check(olds, {**news, **found})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """What calls for another proof is an update; nothing is a replacement, least of all an unknown."""
        changed = self._to_prove(olds, news) or self._differs("reviewDays", olds, news)
        return DiffResult(changes=changed, replaces=[], delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Prove the key offered, or the real one found in AWSCURRENT (after a destroy, say), or await one."""
        return CreateResult(str(props["owner"]), self._settled(props, known=None))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Prove again, with another key or under other circumstances; or move the due date alone."""
        if self._to_prove(olds, news):
            return UpdateResult(self._settled(news, known=olds))
        return UpdateResult(without_nulls({**olds, **asked(news), **due(olds.get("verifiedAt"), news)}))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Whether the version that was proven is still the current one; nothing is asked of the exchange."""
        try:
            current = self._versions(props).stages().current
        except SecretGone:
            return ReadResult(None, {})
        if current == props.get("versionId"):
            return ReadResult(id_, dict(props))
        drifted = {
            "status": Verdict.UNDETERMINED.value,
            "summary": DRIFTED,
            "drift": DRIFTED,
            "versionId": current,
            "fingerprint": None,
        }
        return ReadResult(id_, without_nulls({**props, **drifted}))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Leave the versions to the secret, which has a recovery window."""

    def _to_prove(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        another_key = news.get("offered") is True and news.get("fingerprint") != olds.get("fingerprint")
        drifted = olds.get("drift") is not None
        return another_key or drifted or any(self._differs(name, olds, news) for name in PROVEN_WITH)

    def _settled(self, props: dict[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
        begin(str(props["owner"]), self.endpoints)
        preflight.passed(props, self.endpoints, self.wished)
        versions = self._versions(props)
        key = self._offered(props)
        if key is not None:
            return self._promoted(props, versions, key)
        return self._kept(props, versions, known)

    def _promoted(self, props: dict[str, Any], versions: SecretVersions, key: Credentials) -> dict[str, Any]:
        """Stage the key offered, prove it, promote it; a refusal leaves it staged, no more."""
        version = str(props["fingerprint"])
        current = versions.stages().current
        if current != version:
            current = versions.stage(version, as_text(key)).current
        judgement = self._proven(props, version, version, key)
        if not judgement.promotes:
            left = left_alone(current, version)
            raise KeyNotProven(
                f"{said(judgement, version)}; {left}; {self._evidence(props, version, judgement)}"
            )
        versions.promote(version, instead_of=current)
        return proven(props, judgement, version, version)

    def _kept(
        self, props: dict[str, Any], versions: SecretVersions, known: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Prove the key in AWSCURRENT, or await one where it is the placeholder."""
        current = versions.stages().current
        if current is None:
            return awaiting(props, None)
        mark: str | None
        try:
            key = from_text(versions.read(current))
            if key is None:
                return awaiting(props, current)
            mark = fingerprint(key, str(props["owner"]))
        except SecretUnreadable:
            # A deployer who may not read can still have the host prove the key that is on record.
            mark = known.get("fingerprint") if known and known.get("versionId") == current else None
            if mark is None:
                raise
            key = None
        judgement = self._proven(props, current, mark, key)
        if not judgement.promotes:
            left = f"the key in {STAGE} is left as it is"
            raise KeyNotProven(f"{said(judgement, mark)}; {left}; {self._evidence(props, mark, judgement)}")
        versions.tidy(current)
        return proven(props, judgement, current, mark)

    def _proven(self, props: dict[str, Any], version: str, mark: str, key: Credentials | None) -> Judgement:
        # here, because most runs prove nothing, and the program's own process never does
        from cexio.errors import CalibrationUnreadable
        from cexio.proving import prove
        from providers.aws.run_command import RunCommand
        from providers.cexio.proof import Subject, from_here, from_host

        asked = TradingKeyInputs.of(props)
        subject = Subject(
            secret_arn=asked.secret_arn,
            version=version,
            region=self.endpoints.region,
            exchange=self.endpoints.cexio,
            pair=asked.pair,
            expected=Expectation(
                permissions=asked.permissions,
                addresses=asked.addresses,
                account_id=asked.account_id,
                fingerprint=mark,
                review_days=asked.review_days,
            ),
            confirmations=asked.confirmations,
        )
        host = RunCommand(
            client("ssm", self.endpoints),
            client("ssm", self.endpoints, once=True),
            client("ec2", self.endpoints),
            asked.instance_id,
        )
        ask_here = None if key is None else from_here(subject, key)
        ask_host = from_host(subject, host)
        try:
            return prove(subject.expected, subject.pair, ask_host, ask_here, subject.confirmations)
        except CalibrationUnreadable as error:
            raise KeyNotProven(str(error)) from None

    def _evidence(self, props: Mapping[str, Any], mark: str, judgement: Judgement) -> str:
        return kept(judgement, mark, str(props["owner"]), self.endpoints)

    def _versions(self, props: Mapping[str, Any]) -> SecretVersions:
        """The secret's versions, once it is known that it can be seen from this account at all."""
        arn = str(props["secretArn"])
        refuse_other_account(account_of(arn), props.get("owner"), self.endpoints)
        return SecretVersions(client("secretsmanager", self.endpoints), arn)

    def _offered(self, props: Mapping[str, Any]) -> Credentials | None:
        """The key that check saw offered, read again: it is handed on in no other way."""
        if props.get("offered") is not True:
            return None
        key = offered_key(os.environ)
        if key is None or fingerprint(key, str(props["owner"])) != props.get("fingerprint"):
            raise KeyNotAccepted("the key on offer changed while this ran: offer one key and run this again")
        return key


class TradingKey(Resource, module="cexio", name="TradingKey"):
    """The key that the bot reads, and what is known of it.

    addresses: texts, the host's own first. confirmations: rows `{subject, fingerprint, date}`, what the
    operator saw on the key's page where behaviour could not prove it. Dates are outputs of the run that
    proved.
    """

    status: pulumi.Output[str]
    summary: pulumi.Output[str]
    fingerprint: pulumi.Output[str | None]
    version_id: pulumi.Output[str | None]
    stage: pulumi.Output[str | None]
    permission_verdicts: pulumi.Output[list[dict[str, Any]]]
    level_verdicts: pulumi.Output[list[dict[str, Any]]]
    funds_verdicts: pulumi.Output[list[dict[str, Any]]]
    elsewhere: pulumi.Output[dict[str, Any] | None]
    evidence: pulumi.Output[list[dict[str, Any]]]
    verified_at: pulumi.Output[str | None]
    review_due: pulumi.Output[str | None]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: str,
        secret_arn: pulumi.Input[str],
        instance_id: pulumi.Input[str],
        addresses: pulumi.Input[Sequence[pulumi.Input[str]]],
        permissions: Sequence[str],
        account_id: str | None,
        pair: str,
        confirmations: Sequence[Mapping[str, str]],
        review_request: str | None,
        review_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        made_here = dict.fromkeys(
            (
                *("endpoint", "region", "offered", "fingerprint"),
                *("status", "summary", "versionId", "stage", "permissionVerdicts"),
                *(
                    "levelVerdicts",
                    "fundsVerdicts",
                    "elsewhere",
                    "evidence",
                    "verifiedAt",
                    "reviewDue",
                    "drift",
                ),
            )
        )
        super().__init__(
            TradingKeyProvider(),
            resource_name,
            {
                "owner": owner,
                "secretArn": secret_arn,
                "instanceId": instance_id,
                "addresses": addresses,
                "permissions": list(permissions),
                "accountId": account_id,
                "pair": pair,
                "confirmations": [dict(one) for one in confirmations],
                "reviewRequest": review_request,
                "reviewDays": review_days,
                **made_here,
            },
            opts,
        )
