"""Who asks, by a clock that AWS believes, and whether the account may use the region at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from providers.aws import session
from providers.aws.caller import Caller, caller
from providers.aws.checks.finding import Finding, fine, found, refused, unasked
from providers.aws.failures import code_of, told
from providers.aws.regions import advice
from providers.endpoints import Endpoints
from providers.errors import CredentialsRefused

ALLOWED_SKEW = 300  # seconds; AWS takes no signature that is older or newer
HOME = "us-east-1"  # on in every account of the usual partition, so it can be asked about every other
OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-isoe-")


def identity(endpoints: Endpoints) -> tuple[Caller | None, Finding]:
    """The caller, if STS names one, and what there is to say of it and of this machine's clock."""
    try:
        who = caller(endpoints)
    except (ClientError, BotoCoreError) as error:
        skew = _skew(error)
        if skew is not None and abs(skew) > ALLOWED_SKEW:
            way = "ahead of" if skew > 0 else "behind"
            return None, refused(
                "credentials",
                f"this machine's clock is {abs(skew):.0f} s {way} AWS's, which refuses such a signature "
                f"({code_of(error)}): set the clock, and keep it right by a time service",
            )
        failure = told(error, "credentials")
        outcome = refused if isinstance(failure, CredentialsRefused) else unasked
        return None, outcome("credentials", str(failure))
    root = ", the account's root user: make a role to deploy with instead" if who.is_root else ""
    return who, fine("credentials", f"account {who.account}, {who.arn}{root}")


def region(endpoints: Endpoints) -> list[Finding]:
    """Whether the region exists and is on in this account."""
    name = endpoints.region
    home = name if name.startswith(OTHER_PARTITIONS) else HOME
    subject = f"region {name}"

    def asked() -> Iterator[Finding]:
        ec2 = session.client("ec2", endpoints.model_copy(update={"region": home}))
        rows = ec2.describe_regions(AllRegions=True)["Regions"]  # all, so that an empty answer shows
        if not rows:
            yield unasked(subject, "AWS named no region at all")
            return
        state = next((row.get("OptInStatus") for row in rows if row.get("RegionName") == name), None)
        if state is None:
            yield refused(subject, "AWS has no such region: `pulumi config set cexio-bot:region REGION`")
        elif state == "not-opted-in":
            yield refused(
                subject,
                "it is off in this account: turn it on in the AWS console (Account, AWS Regions), which "
                "takes some minutes, or `pulumi config set cexio-bot:region REGION`",
            )
        else:
            against = advice(name)
            yield fine(subject, f"on in this account{'' if against is None else f'; but {against}'}")

    return found(subject, asked)


def _skew(error: BaseException) -> float | None:
    """How many seconds this machine's clock is ahead of AWS's, by the date of its answer."""
    if not isinstance(error, ClientError):
        return None
    headers: Any = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        theirs = parsedate_to_datetime(str(headers.get("date", "")))
    except ValueError:
        return None
    return (now() - theirs).total_seconds()


def now() -> datetime:
    """This machine's time."""
    return datetime.now(timezone.utc)
