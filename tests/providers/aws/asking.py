"""What preflight's tests ask with, and how they read its findings."""

from __future__ import annotations

import json
import urllib.request

from providers.aws.checks.finding import Finding, Outcome
from tests.faults.proxy import Call, Fate, answer
from tests.providers.sandbox_processes import Aws

OWNER = "cexio-bot/preflighted/address-bot"
ADDRESSES, VPCS, GATEWAYS, VCPUS = "L-0263D0A3", "L-F678F1CE", "L-A4707A72", "L-1216C47A"
DENIED_EC2 = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not authorized</Message></Error>"
    "</Errors><RequestID>r-1</RequestID></Response>"
)
DENIED_QUERY = (
    "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error><RequestId>r-1</RequestId>"
    "</ErrorResponse>"
)
DENIED_JSON = '{"__type": "AccessDeniedException", "message": "no"}'
ARM64 = "ami-0ae8605ed708e3c3e"  # an Amazon Linux 2023 of the sandbox's, and not AWS's current one
NOT_OFFERED = (
    "<DescribeInstanceTypeOfferingsResponse><requestId>r-1</requestId><instanceTypeOfferingSet/>"
    "</DescribeInstanceTypeOfferingsResponse>"
)


def lines(findings: list[Finding], outcome: Outcome) -> str:
    """The lines of one outcome."""
    return "\n".join(one.line for one in findings if one.outcome is outcome)


def denied(call: Call) -> Fate:
    """The answer to somebody who may not make a call."""
    if call.service == "ec2":
        return answer(403, DENIED_EC2)
    if call.service in ("iam", "sts"):
        return answer(403, DENIED_QUERY.format(code="AccessDenied"))
    return answer(400, DENIED_JSON, {"Content-Type": "application/x-amz-json-1.1"})


def allowed_but(*actions: str) -> str:
    """A policy that allows everything but some actions."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": actions, "Resource": "*"}]}
    )


def set_quota(aws: Aws, code: str, value: float) -> None:
    """Set a quota of the sandbox's account."""
    address = f"{aws.url}/_sandbox/quota?code={code}&value={value}"
    urllib.request.urlopen(urllib.request.Request(address, method="POST")).close()
