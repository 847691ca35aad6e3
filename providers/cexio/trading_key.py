"""`cexio:TradingKey`: the key that the bot reads, staged, proven and promoted as one.

A key that is offered becomes a version AWSPENDING, is proven from the host and from here, and only then
AWSCURRENT. A key that is refused fails the run with one line and leaves the state and AWSCURRENT as they
were, so that the next run without a key is content with the old one, and the same key, mended, passes.
Without an offer the key in AWSCURRENT is proven again when something it depends on has changed.

The id of a promoted version is the key's fingerprint. The key itself is read from the environment by the
process that stages it, and is neither input nor output. Deleting this resource deletes no version: they live
and die with the secret.

Errors: KeyNotProven (a ProviderError): the proof did not pass. Others: offered_key, stored_key,
secret_versions.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult
from pydantic import Field

from cexio.credentials import Credentials
from cexio.judgement import Confirmation, Expectation, Finding, Judgement, Verdict
from providers.aws.secret_versions import SecretGone, SecretUnreadable, SecretVersions
from providers.aws.session import client
from providers.cexio.offered_key import KeyNotAccepted, fingerprint, offered_key
from providers.cexio.stored_key import as_text, from_text
from providers.contract import Inputs, Provider, Resource
from providers.errors import ProviderError

PROVEN_WITH = (
    "owner",
    "secretArn",
    "instanceId",
    "addresses",
    "permissions",
    "accountId",
    "pair",
    "endpoint",
    "region",
    "confirmations",
    "reviewRequest",
)
"""Inputs whose change makes the key be proven again; a change of `reviewDays` moves the due date alone."""

STAGE = "AWSCURRENT"
SHORT = 16  # digits of the fingerprint in a confirmation
AWAITING = (
    "no key is offered yet: make one at the exchange by the steps of the whitelist record, then run this "
    "again with CEXIO_KEY_FILE naming a file of mode 0600"
)
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

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Put in where the exchange is and which key this run is about: the one offered, else the old one."""
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
        return UpdateResult(_without_nulls({**olds, **_asked(news), **_due(olds.get("verifiedAt"), news)}))

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
        return ReadResult(id_, _without_nulls({**props, **drifted}))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Leave the versions to the secret, which has a recovery window."""

    def _to_prove(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        another_key = news.get("offered") is True and news.get("fingerprint") != olds.get("fingerprint")
        drifted = olds.get("drift") is not None
        return another_key or drifted or any(self._differs(name, olds, news) for name in PROVEN_WITH)

    def _settled(self, props: dict[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
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
            raise KeyNotProven(f"{_said(judgement, version)}; {_left_alone(current, version)}")
        versions.promote(version, instead_of=current)
        return _outputs(props, judgement, version, version)

    def _kept(
        self, props: dict[str, Any], versions: SecretVersions, known: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Prove the key in AWSCURRENT, or await one where it is the placeholder."""
        current = versions.stages().current
        if current is None:
            return _awaiting(props, None)
        mark: str | None
        try:
            key = from_text(versions.read(current))
            if key is None:
                return _awaiting(props, current)
            mark = fingerprint(key, str(props["owner"]))
        except SecretUnreadable:
            # A deployer who may not read can still have the host prove the key that is on record.
            mark = known.get("fingerprint") if known and known.get("versionId") == current else None
            if mark is None:
                raise
            key = None
        judgement = self._proven(props, current, mark, key)
        if not judgement.promotes:
            raise KeyNotProven(f"{_said(judgement, mark)}; the key in {STAGE} is left as it is")
        versions.tidy(current)
        return _outputs(props, judgement, current, mark)

    def _proven(self, props: dict[str, Any], version: str, mark: str, key: Credentials | None) -> Judgement:
        # here, because most runs prove nothing, and the program's own process never does
        from providers.aws.run_command import RunCommand
        from providers.cexio.proof import Subject, from_here, from_host, prove

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
            ),
            confirmations=asked.confirmations,
        )
        host = RunCommand(
            client("ssm", self.endpoints),
            client("ssm", self.endpoints, once=True),
            client("ec2", self.endpoints),
            asked.instance_id,
        )
        return prove(subject, from_host(subject, host), None if key is None else from_here(subject, key))

    def _versions(self, props: Mapping[str, Any]) -> SecretVersions:
        return SecretVersions(client("secretsmanager", self.endpoints), str(props["secretArn"]))

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
                *("status", "summary", "versionId", "stage", "permissionVerdicts", "fundsVerdicts"),
                *("elsewhere", "evidence", "verifiedAt", "reviewDue", "drift"),
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


def _asked(props: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as outputs, so that the next diff can compare them."""
    return {name: props.get(name) for name in (*PROVEN_WITH, "reviewDays")}


def _due(verified_at: str | None, props: Mapping[str, Any]) -> dict[str, Any]:
    if verified_at is None:
        return {"verifiedAt": None, "reviewDue": None}
    day = dt.date.fromisoformat(verified_at[:10]) + dt.timedelta(days=int(props["reviewDays"]))
    return {"verifiedAt": verified_at, "reviewDue": day.isoformat()}


def _outputs(
    props: Mapping[str, Any], judgement: Judgement, version: str, mark: str | None
) -> dict[str, Any]:
    found = judgement.model_dump(mode="json")
    outputs: dict[str, Any] = {
        **_asked(props),
        **_due(found["at"], props),
        "status": found["verdict"],
        "summary": found["line"],
        "fingerprint": mark,
        "versionId": version,
        "stage": STAGE,
        "permissionVerdicts": found["permissions"],
        "fundsVerdicts": found["funds"],
        "elsewhere": found["elsewhere"],
        "evidence": found["evidence"],
    }
    return dict(_without_nulls(outputs))


def _awaiting(props: Mapping[str, Any], version: str | None) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        **_asked(props),
        "status": Verdict.AWAITING_KEY.value,
        "summary": AWAITING,
        "versionId": version,
        "permissionVerdicts": [],
        "fundsVerdicts": [],
        "evidence": [],
    }
    return dict(_without_nulls(outputs))


def _without_nulls(value: Any) -> Any:
    """The value as the SDK hands it back: a null kept in an object would look like a change to a refresh."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, (list, tuple)) else value


def _said(judgement: Judgement, mark: str) -> str:
    """The verdict as a line, with the commands that confirm what behaviour could not prove of this key."""
    line = f"{judgement.verdict.value}: {judgement.line}"
    if judgement.verdict not in (Verdict.FUNDS_NOT_PROVEN, Verdict.UNDETERMINED) or any(
        row.verdict is not Finding.GRANTED for row in judgement.permissions
    ):
        return line
    unproven = {
        "withdrawalConfirmed": any(row.verdict is Finding.UNDETERMINED for row in judgement.funds),
        "whitelistConfirmed": judgement.elsewhere.verdict is Finding.UNDETERMINED,
    }
    commands = [
        f"`pulumi config set cexio-bot:{name} '{mark[:SHORT]} YYYY-MM-DD'`"
        for name, open_ in unproven.items()
        if open_
    ]
    return f"{line}: {' and '.join(commands)}" if commands else line


def _left_alone(current: str | None, version: str) -> str:
    if current == version:
        return f"it is the key in {STAGE} already and stays there"
    return f"nothing was promoted, {STAGE} is as it was; mend this and offer the same key again, or another"
