"""AWS's failures as one line: the object, the action, AWS's code and request id, and what to do.

`told` is the one place where a botocore error becomes a ProviderError; what a provider wants to know on the
way it asks of `code_of`, `is_gone`, `was_throttled` and `answer_was_lost`. Codes as in AWS's "Error codes for
the Amazon EC2 API" and "Common errors".

Parameters are never shown: botocore's own texts about them hold values.
"""

from __future__ import annotations

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from providers.errors import (
    AccessRefused,
    AwsFailure,
    CredentialsRefused,
    NoAnswer,
    NoCapacity,
    ProviderError,
    QuotaReached,
)

LONGEST = 300  # characters of AWS's own text

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
REFUSED = frozenset(
    {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure", "OperationNotPermitted"}
)
NO_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSecurity.RequestHasExpired",
        "MissingAuthenticationToken",
    }
)
ACCOUNT = frozenset({"OptInRequired", "PendingVerification", "Blocked"})
QUOTAS = {
    "AddressLimitExceeded": "EC2-VPC Elastic IPs (ec2 L-0263D0A3)",
    "VpcLimitExceeded": "VPCs per Region (vpc L-F678F1CE)",
    "InternetGatewayLimitExceeded": "internet gateways per Region (vpc L-A4707A72)",
    "SecurityGroupLimitExceeded": "security groups per Region (vpc L-E79EC296)",
    "NetworkInterfaceLimitExceeded": "network interfaces per Region (vpc L-DF5E4CA3)",
    "SubnetLimitExceeded": "subnets per VPC (vpc L-407747CB)",
    "RouteTableLimitExceeded": "route tables per VPC (vpc L-589F43AA)",
    "InstanceLimitExceeded": "running instances (ec2 L-1216C47A)",
    "VcpuLimitExceeded": "vCPUs of standard instances (ec2 L-1216C47A)",
}
CAPACITY = frozenset({"InsufficientInstanceCapacity", "Unsupported", "InsufficientAddressCapacity"})


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


def was_throttled(error: BaseException) -> bool:
    """Whether AWS turned the call away before it did anything."""
    return code_of(error) in THROTTLED


def answer_was_lost(error: BaseException) -> bool:
    """Whether a call may have taken effect although it failed: no answer, or one of status 5xx."""
    if isinstance(error, HTTPClientError):
        return True
    if isinstance(error, ClientError) and not was_throttled(error):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return int(status) >= 500 and code_of(error) not in CAPACITY
    return False


def told(error: BaseException, subject: str) -> ProviderError:
    """The error as a line about `subject`, such as `Vpc cexio-bot/dev/vpc`."""
    if isinstance(error, ClientError):
        return _refusal(error, subject)
    action = str(getattr(error, "aws_action", "a call to AWS"))
    kind = type(error).__name__
    if isinstance(error, ProfileNotFound):
        return CredentialsRefused(
            f"{subject}: AWS_PROFILE names a profile that is not there: set another one"
        )
    if isinstance(
        error,
        (
            NoCredentialsError,
            PartialCredentialsError,
            CredentialRetrievalError,
            TokenRetrievalError,
            UnauthorizedSSOTokenError,
        ),
    ):
        return CredentialsRefused(
            f"{subject}: {action} could not be made: no usable AWS credentials ({kind}): "
            "log in again, or set AWS_PROFILE"
        )
    if isinstance(error, ParamValidationError):
        return AwsFailure(
            f"{subject}: {action} was not sent: a parameter is malformed: please report this line"
        )
    if isinstance(error, (HTTPClientError, BotoCoreError)):
        return NoAnswer(
            f"{subject}: {action} got no answer ({kind}): see whether this machine reaches AWS in this "
            "region, then run the same command again; it looks for what this call may have made first"
        )
    return AwsFailure(f"{subject}: {action} failed ({kind}): run the same command again")


def _refusal(error: ClientError, subject: str) -> AwsFailure:
    metadata = error.response.get("ResponseMetadata", {})
    code, request_id = code_of(error), str(metadata.get("RequestId", "") or "none")
    action = str(metadata.get("Action") or error.operation_name)
    kind, advice = _advice(error, action)
    text = text_of(error)
    said = f"{code}: {text}" if text else code
    return kind(
        f"{subject}: {action} was refused: {said.rstrip('.')} (request {request_id}): {advice}",
        code,
        request_id,
    )


def _advice(error: ClientError, action: str) -> tuple[type[AwsFailure], str]:
    """The class of a refusal and the next step, by its code."""
    code = code_of(error)
    if code in NO_CREDENTIALS:
        return CredentialsRefused, "log in to AWS again, and see that this machine's clock is right"
    if code in ACCOUNT:
        return (
            AccessRefused,
            "the account may not use this region or service yet: enable it in the AWS console",
        )
    if code in REFUSED:
        return AccessRefused, f"allow {action} to these credentials, or run as a role that may"
    if code in QUOTAS:
        return QuotaReached, f"raise the quota {QUOTAS[code]} in Service Quotas, or remove what is not needed"
    if code.endswith("LimitExceeded"):
        return QuotaReached, "raise the account's quota in Service Quotas, or remove what is not needed"
    if code in CAPACITY:
        return NoCapacity, "choose another instance type or availability zone, or try again later"
    if code == "DependencyViolation":
        return AwsFailure, "something still uses it: remove what this stack did not make, then run again"
    if was_throttled(error) or answer_was_lost(error):
        return NoAnswer, "AWS is busy or in trouble: run the same command again in a while"
    if is_gone(error):
        return AwsFailure, "it is not there any more: `pulumi refresh`, then run the same command again"
    return AwsFailure, "mend what AWS names, then run the same command again"
