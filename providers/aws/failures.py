"""AWS's failures as one line: the object, the action, AWS's code and request id, and what to do.

`told` is the one place where a botocore error becomes a ProviderError; what a provider wants to know on the
way it asks of `code_of`, `is_gone`, `was_throttled` and `answer_was_lost`. Which code means what is in
catalogue.py; providers/aws/session.py marks each failure with its action and region.

Parameters are never shown: botocore's own texts about them hold values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from providers.aws.catalogue import (
    ALSO_NEEDED,
    GARBLED,
    GONE,
    NO_CAPACITY_NOW,
    NOT_AWS,
    OTHER,
    PROFILE,
    QUOTAS,
    QUOTAS_BY_ACTION,
    REFUSALS,
    REGION,
    THROTTLED,
    TROUBLE,
    UNKNOWN_CALLS,
    Refusal,
    quota_advice,
)
from providers.errors import (
    AwsFailure,
    CredentialsRefused,
    NoAnswer,
    ProviderError,
    QuotaReached,
    RegionRefused,
)

LONGEST = 300  # characters of AWS's own text
TOO_MANY = 429
SKEW = 240  # seconds; AWS takes five minutes
REFUSED = frozenset(
    {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure", "OperationNotPermitted"}
)
UNKNOWN_PROFILE = ("Invalid IAM Instance Profile", "has no associated IAM Roles")
CAPACITY = NO_CAPACITY_NOW | {"Unsupported", "InsufficientAddressCapacity"}
NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)


def code_of(error: BaseException) -> str:
    """AWS's error code; empty if there was no answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def text_of(error: BaseException) -> str:
    """AWS's own text, shortened, without the encoded authorisation message."""
    message = (
        str(error.response.get("Error", {}).get("Message", "")) if isinstance(error, ClientError) else ""
    )
    plain = re.sub(r"\s*Encoded authorization failure message:.*", "", " ".join(message.split()))
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}…"


def is_gone(error: BaseException) -> bool:
    """Whether AWS says that the object is not there."""
    code = code_of(error)
    return code.endswith(".NotFound") or code in ("NoSuchEntity", "ResourceNotFoundException")


def is_unknown_call(error: BaseException) -> bool:
    """Whether what answers does not know the call at all, as an emulator of AWS may not."""
    return code_of(error) in UNKNOWN_CALLS


def was_throttled(error: BaseException) -> bool:
    """Whether AWS turned the call away before it did anything."""
    return code_of(error) in THROTTLED or _status(error) == TOO_MANY


def answer_was_lost(error: BaseException) -> bool:
    """Whether a call may have taken effect although it failed: no answer, none of AWS's, or a status 5xx."""
    if isinstance(error, (HTTPClientError, ResponseParserError)):
        return True
    if isinstance(error, ClientError) and not was_throttled(error):
        return code_of(error) == GARBLED or (_status(error) >= 500 and code_of(error) not in CAPACITY)
    return False


def told(error: BaseException, subject: str) -> ProviderError:
    """The error as a line about `subject`, such as `Vpc cexio-bot/dev/vpc`."""
    if isinstance(error, ClientError):
        return _refusal(error, subject)
    action = str(getattr(error, "aws_action", "a call to AWS"))
    region = str(getattr(error, "aws_region", ""))
    kind = type(error).__name__
    if isinstance(error, ProfileNotFound):
        return CredentialsRefused(
            f"{subject}: AWS_PROFILE names a profile that is not there: set another one "
            "(`aws configure list-profiles`), then run the same command again"
        )
    if isinstance(error, InvalidRegionError):
        return RegionRefused(
            f"{subject}: cexio-bot:region is no name of a Region: set it to one such as us-east-1"
        )
    if isinstance(error, NO_CREDENTIALS):
        return CredentialsRefused(
            f"{subject}: {action} could not be made: no usable AWS credentials ({kind}): "
            "log in again (`aws sso login`), or set AWS_PROFILE"
        )
    if isinstance(error, ParamValidationError):
        return AwsFailure(
            f"{subject}: {action} was not sent: a parameter is malformed: please report this line"
        )
    if isinstance(error, (BotoCoreError, ResponseParserError)):
        where = f" in {region} (cexio-bot:region)" if region else ""
        return NoAnswer(
            f"{subject}: {action} got no answer ({kind}): see whether this machine reaches AWS{where}, then "
            "run the same command again; it looks for what this call may have made first"
        )
    return AwsFailure(f"{subject}: {action} failed ({kind}): run the same command again")


def _refusal(error: ClientError, subject: str) -> AwsFailure:
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    code, request_id = code_of(error), str(metadata.get("RequestId", ""))
    action, region = str(metadata.get("Action") or error.operation_name), str(metadata.get("Region") or "")
    row = _row(error, action, region)
    text = text_of(error)
    said = f"{code}: {text}" if text else code
    status = f"HTTP {_status(error)}, " if code in (GARBLED, "") or code.isdecimal() else ""
    seen = f"{status}request {request_id}" if request_id else f"{status}without a request id"
    advice = row.advice.format(action=action, region=region or "this Region")
    verb = "was not answered by AWS" if code == GARBLED else "was refused"
    return row.kind(
        f"{subject}: {action} {verb}: {said.rstrip('.')} ({seen}): {advice}",
        code,
        request_id,
    )


def _row(error: ClientError, action: str, region: str) -> Refusal:
    """The catalogue's row for a refusal, its advice made exact."""
    code, text = code_of(error), text_of(error)
    quota = QUOTAS.get(code) or _quota_of(code, action)
    if quota is not None:
        return Refusal(QuotaReached, quota.name, _literal(quota_advice(quota, region or "REGION")))
    if "Credential should be scoped to" in text:
        return Refusal(RegionRefused, "the endpoint is of another Region", REGION)
    row = REFUSALS.get(code)
    if row is not None and row is REFUSALS["AccessDenied"]:
        return row._replace(advice=_literal(_missing(error, action)))
    if row is not None and row.kind is CredentialsRefused:
        return row._replace(advice=f"{_literal(_skew(error))}{row.advice}")
    if row is not None:
        return row
    return _by_kind(error, code, text)


def _by_kind(error: ClientError, code: str, text: str) -> Refusal:
    if code == GARBLED:
        return NOT_AWS
    if code.endswith("LimitExceeded"):
        return Refusal(
            QuotaReached,
            "a quota of the account",
            "raise the quota that AWS names in Service Quotas (`aws service-quotas list-service-quotas`, "
            "then `aws service-quotas request-service-quota-increase`), or remove what is not needed",
        )
    if code == "InvalidParameterValue" and any(part in text for part in UNKNOWN_PROFILE):
        return PROFILE
    if was_throttled(error):
        return REFUSALS["RequestLimitExceeded"]
    if answer_was_lost(error):
        return TROUBLE
    return GONE if is_gone(error) else OTHER


def _quota_of(code: str, action: str) -> Any:
    return QUOTAS_BY_ACTION.get(action) if code in ("LimitExceeded", "LimitExceededException") else None


def _missing(error: ClientError, action: str) -> str:
    """Which permission is missing: as AWS names it, as its encoded message says, else what may be."""
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    denied: Mapping[str, str] = metadata.get("Denied") or {}
    text = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())
    named = re.search(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)(?: on resource: (\S+))?", text)
    wanted = denied.get("action") or (named[1] if named else "")
    resource = denied.get("resource") or (str(named[2] or "") if named else "")
    on = f" on {resource.rstrip('.,')}" if resource and resource != "*" else ""
    by = re.search(r"explicit deny in an? ([a-z -]+ policy|permissions boundary)", text)
    if by or denied.get("explicit"):
        whose = f"the {by[1]}" if by else "a policy"
        return (
            f"{whose} denies {wanted or action}{on}: have it changed, or run as a role that it does not bind"
        )
    if wanted:
        return f"allow {wanted}{on} to these credentials, or run as a role that may"
    others = ALSO_NEEDED.get(action, ())
    if not others:
        return f"allow {action} to these credentials, or run as a role that may"
    hint = "; AWS says which in a message that sts:DecodeAuthorizationMessage reads: allow that too"
    encoded = hint if "Encoded authorization failure message" in text else ""
    return (
        f"allow {action} to these credentials; it also asks for {' and '.join(others)}, and one of these may "
        f"be the one that is missing{encoded}"
    )


def _skew(error: ClientError) -> str:
    """How far this machine's clock is from AWS's, if that explains the refusal."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        theirs = parsedate_to_datetime(str(headers.get("date", "")))
        ahead = (datetime.now(timezone.utc) - theirs).total_seconds()
    except (TypeError, ValueError):
        return ""
    if abs(ahead) < SKEW:
        return ""
    return (
        f"this machine's clock is {abs(ahead) / 60:.0f} min {'ahead of' if ahead > 0 else 'behind'} AWS's: "
    )


def _status(error: BaseException) -> int:
    if not isinstance(error, ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _literal(text: str) -> str:
    """A text that goes through format unchanged."""
    return text.replace("{", "{{").replace("}", "}}")
