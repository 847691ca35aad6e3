"""What can go wrong with a call of AWS's, each by a name: the answer that the caller gets, and for how long.

An accident of `times` hits so many calls of an action and is over; one without lasts until it is healed.
`ends` says what the run under it may come to. Codes and texts as AWS gives them, in the form of the service's
protocol. Request ids end in a number, so that a line can be held to the answer it tells.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from xml.sax.saxutils import escape

from tests.faults.proxy import Call, Fate, Rule, answer, changed, reset_after, reset_before, stall

REQUEST = "7a3c1f00-fa17-4bad-8000-00000000"
ENCODED = "Rk9SR0VEIGVuY29kZWQgbWVzc2FnZQ"
LOGIN = "<html><head><title>Sign in</title></head><body><p>Welcome to this hotel<br></body></html>"
STALL = 3.0  # seconds; more than any time-out under the harness's patience

NOT_FOUND = {
    "AttachInternetGateway": "InvalidInternetGatewayID.NotFound",
    "DetachInternetGateway": "InvalidInternetGatewayID.NotFound",
    "DeleteInternetGateway": "InvalidInternetGatewayID.NotFound",
    "CreateSubnet": "InvalidVpcID.NotFound",
    "CreateRouteTable": "InvalidVpcID.NotFound",
    "CreateSecurityGroup": "InvalidVpcID.NotFound",
    "DeleteVpc": "InvalidVpcID.NotFound",
    "CreateNetworkInterface": "InvalidSubnetID.NotFound",
    "ModifySubnetAttribute": "InvalidSubnetID.NotFound",
    "DeleteSubnet": "InvalidSubnetID.NotFound",
    "CreateRoute": "InvalidRouteTableID.NotFound",
    "ReplaceRoute": "InvalidRouteTableID.NotFound",
    "AssociateRouteTable": "InvalidRouteTableID.NotFound",
    "DisassociateRouteTable": "InvalidAssociationID.NotFound",
    "DeleteRouteTable": "InvalidRouteTableID.NotFound",
    "AuthorizeSecurityGroupEgress": "InvalidGroup.NotFound",
    "AuthorizeSecurityGroupIngress": "InvalidGroup.NotFound",
    "RevokeSecurityGroupEgress": "InvalidGroup.NotFound",
    "RevokeSecurityGroupIngress": "InvalidGroup.NotFound",
    "DeleteSecurityGroup": "InvalidGroup.NotFound",
    "AssociateAddress": "InvalidAllocationID.NotFound",
    "DisassociateAddress": "InvalidAssociationID.NotFound",
    "ReleaseAddress": "InvalidAllocationID.NotFound",
    "RunInstances": "InvalidNetworkInterfaceID.NotFound",
    "StartInstances": "InvalidInstanceID.NotFound",
    "StopInstances": "InvalidInstanceID.NotFound",
    "TerminateInstances": "InvalidInstanceID.NotFound",
    "ModifyInstanceMetadataOptions": "InvalidInstanceID.NotFound",
    "ModifyNetworkInterfaceAttribute": "InvalidNetworkInterfaceID.NotFound",
    "DeleteNetworkInterface": "InvalidNetworkInterfaceID.NotFound",
    "CreateTags": "InvalidID.NotFound",
    "DescribeVpcs": "InvalidVpcID.NotFound",
    "DescribeSubnets": "InvalidSubnetID.NotFound",
    "DescribeInternetGateways": "InvalidInternetGatewayID.NotFound",
    "DescribeRouteTables": "InvalidRouteTableID.NotFound",
    "DescribeSecurityGroups": "InvalidGroup.NotFound",
    "DescribeAddresses": "InvalidAllocationID.NotFound",
    "DescribeNetworkInterfaces": "InvalidNetworkInterfaceID.NotFound",
    "DescribeInstances": "InvalidInstanceID.NotFound",
    "DescribeVolumes": "InvalidVolume.NotFound",
}
IAM_BY_NAME = (
    *("GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "PutRolePolicy"),
    *("DeleteRolePolicy", "UpdateAssumeRolePolicy", "TagRole", "UntagRole", "GetInstanceProfile"),
    *("AddRoleToInstanceProfile", "TagInstanceProfile", "RemoveRoleFromInstanceProfile"),
    *("DeleteInstanceProfile", "DeleteRole"),
)
SECRETS_BY_ID = (
    *("DescribeSecret", "GetResourcePolicy", "PutResourcePolicy", "TagResource", "UpdateSecret"),
    *("DeleteSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "RestoreSecret"),
)
QUOTAS = {
    "AllocateAddress": ("AddressLimitExceeded", "L-0263D0A3"),
    "CreateVpc": ("VpcLimitExceeded", "L-F678F1CE"),
    "CreateInternetGateway": ("InternetGatewayLimitExceeded", "L-A4707A72"),
    "CreateSubnet": ("SubnetLimitExceeded", "L-407747CB"),
    "CreateRouteTable": ("RouteTableLimitExceeded", "L-589F43AA"),
    "CreateSecurityGroup": ("SecurityGroupLimitExceeded", "L-E79EC296"),
    "CreateNetworkInterface": ("NetworkInterfaceLimitExceeded", "L-DF5E4CA3"),
    "RunInstances": ("VcpuLimitExceeded", "L-1216C47A"),
    "StartInstances": ("VcpuLimitExceeded", "L-1216C47A"),
    "CreateRole": ("LimitExceeded", "L-FE177D64"),
    "CreateInstanceProfile": ("LimitExceeded", "L-6E65F664"),
    "PutRolePolicy": ("LimitExceeded", "not to be raised"),
    "CreateSecret": ("LimitExceededException", "L-2F66C23C"),
    "PutSecretValue": ("LimitExceededException", "not to be raised"),
}


@dataclass(frozen=True)
class Accident:
    """ends: `success`, `error` or `either`. says: what the line must hold, besides what every line holds."""

    fate: Callable[[Call], Fate]
    ends: str
    times: int | None = None
    hits: Callable[[Call], bool] = lambda _: True
    says: Callable[[Call], tuple[str, ...]] = lambda _: ()

    def rule(self, action: str, nth: int = 1) -> Rule:
        """Hit the calls of an action from the nth on."""
        hit = 0

        def meet(call: Call) -> Fate | None:
            nonlocal hit
            if call.action != action or call.nth < nth or (self.times is not None and hit >= self.times):
                return None
            hit += 1
            return self.fate(call)

        return meet


def refused(
    call: Call, code: str, text: str, status: int = 400, headers: Mapping[str, str] | None = None
) -> Fate:
    """A refusal in the form of the call's service."""
    request = f"{REQUEST}{call.k:04d}"
    given = {"x-amzn-requestid": request, **(headers or {})}
    if call.service in ("secretsmanager", "ssm"):
        body = json.dumps({"__type": code, "message": text})
        return answer(status, body, {"content-type": "application/x-amz-json-1.1", **given})
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(text)}</Message></Error>"
    body = (
        f"<Response><Errors>{error}</Errors><RequestID>{request}</RequestID></Response>"
        if call.service == "ec2"
        else f"<ErrorResponse>{error}<RequestId>{request}</RequestId></ErrorResponse>"
    )
    return answer(status, body, {"content-type": "text/xml", **given})


def _by_service(call: Call, ec2: str, query: str, json_code: str) -> str:
    if call.service == "ec2":
        return ec2
    return json_code if call.service in ("secretsmanager", "ssm") else query


def _throttled(call: Call) -> Fate:
    code = _by_service(call, "RequestLimitExceeded", "Throttling", "ThrottlingException")
    return refused(call, code, "Rate exceeded", 503 if call.service == "ec2" else 400)


def _trouble(call: Call) -> Fate:
    code = _by_service(call, "InternalError", "ServiceFailure", "InternalServiceError")
    return refused(call, code, "An internal error has occurred", 500)


def _denied(call: Call) -> Fate:
    if call.service == "ec2":
        text = "You are not authorized to perform this operation. Encoded authorization failure message: "
        return refused(call, "UnauthorizedOperation", f"{text}{ENCODED}", 403)
    text = (
        f"User: arn:aws:iam::123456789012:user/bot is not authorized to perform: {action(call)} on resource: "
        "arn:aws:x because no identity-based policy allows the action"
    )
    return refused(call, _by_service(call, "", "AccessDenied", "AccessDeniedException"), text, 403)


def _wrong_region(call: Call) -> Fate:
    text = "Credential should be scoped to a valid Region, not 'us-east-1'."
    code = _by_service(call, "AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException")
    return refused(call, code, text, 403)


def _expired(call: Call) -> Fate:
    code = _by_service(call, "ExpiredToken", "ExpiredToken", "ExpiredTokenException")
    return refused(call, code, "The security token included in the request is expired", 400)


def _bad_key(call: Call) -> Fate:
    code = _by_service(call, "AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException")
    return refused(call, code, "The security token included in the request is invalid.", 403)


def _clock(call: Call) -> Fate:
    code = _by_service(call, "RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException")
    there = {"Date": formatdate(time.time() + 3600, usegmt=True)}
    return refused(call, code, "Signature expired", 400, there)


def _not_found(call: Call) -> Fate:
    code = _not_found_code(call)
    return refused(call, code, "The object does not exist", 404 if call.service == "iam" else 400)


def _not_found_code(call: Call) -> str:
    if call.action in NOT_FOUND:
        return NOT_FOUND[call.action]
    if call.action in IAM_BY_NAME:
        return "NoSuchEntity"
    return "ResourceNotFoundException" if call.action in SECRETS_BY_ID else ""


def _can_be_unseen(call: Call) -> bool:
    """A search by filter is never refused with NotFound: it finds nothing."""
    return bool(_not_found_code(call)) and b"Filter.1" not in call.body


def _quota(call: Call) -> Fate:
    text = "Cannot exceed quota" if call.service == "iam" else "The maximum number has been reached."
    return refused(call, QUOTAS[call.action][0], text, 409 if call.service == "iam" else 400)


def _unknown_profile(text: str) -> Callable[[Call], Fate]:
    return lambda call: refused(call, "InvalidParameterValue", text)


def action(call: Call) -> str:
    """As IAM has it."""
    return f"{call.service}:{call.action}"


def _half(whole: tuple[int, bytes, Mapping[str, str]]) -> tuple[int, bytes, Mapping[str, str]]:
    status, body, headers = whole
    return status, body[: len(body) // 2], headers


def _nothing(whole: tuple[int, bytes, Mapping[str, str]]) -> tuple[int, bytes, Mapping[str, str]]:
    status, _, headers = whole
    return status, b"", headers


def _launch(call: Call) -> bool:
    return call.action == "RunInstances"


PAGE = {"content-type": "text/html"}
ACCIDENTS: dict[str, Accident] = {
    "throttled a while": Accident(_throttled, "success", times=3),
    "throttled": Accident(_throttled, "error"),
    "429 without a body": Accident(lambda _: answer(429, b""), "error"),
    "429 a while": Accident(lambda _: answer(429, b""), "success", times=3),
    "503 without a body": Accident(lambda _: answer(503, b""), "error"),
    "500": Accident(_trouble, "error"),
    "500 once": Accident(_trouble, "either", times=1),
    "reset before": Accident(lambda _: reset_before(), "either", times=1),
    "reset after": Accident(lambda _: reset_after(), "success", times=1),
    "no connection": Accident(lambda _: reset_before(), "error"),
    "stalled": Accident(lambda _: stall(STALL), "either", times=1),
    "login page": Accident(lambda _: answer(200, LOGIN, PAGE), "error"),
    "proxy's 403": Accident(lambda _: answer(403, LOGIN, PAGE), "error"),
    "half an answer": Accident(lambda _: changed(_half), "success", times=1),
    "empty answer": Accident(lambda _: changed(_nothing), "success", times=1),
    "not found a while": Accident(_not_found, "success", times=3, hits=_can_be_unseen),
    "profile unknown": Accident(
        _unknown_profile(
            "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
        ),
        "success",
        times=3,
        hits=_launch,
    ),
    "profile without role": Accident(
        _unknown_profile("IAM Instance Profile arn:aws:x has no associated IAM Roles"),
        "success",
        times=3,
        hits=_launch,
    ),
    "profile never known": Accident(
        _unknown_profile(
            "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
        ),
        "error",
        hits=_launch,
    ),
    "denied": Accident(_denied, "error", says=lambda call: (f"allow {action(call)}",)),
    "quota": Accident(
        _quota,
        "error",
        hits=lambda call: call.action in QUOTAS,
        says=lambda call: (QUOTAS[call.action][1],),
    ),
    "no capacity": Accident(
        lambda call: refused(call, "InsufficientInstanceCapacity", "We currently do not have capacity", 500),
        "error",
        hits=lambda call: call.action in ("RunInstances", "StartInstances"),
        says=lambda _: ("availability zone",),
    ),
    "no capacity a while": Accident(
        lambda call: refused(call, "InsufficientInstanceCapacity", "We currently do not have capacity", 500),
        "success",
        times=2,
        hits=lambda call: call.action in ("RunInstances", "StartInstances"),
    ),
    "in use a while": Accident(
        lambda call: refused(
            call,
            "DeleteConflict" if call.service == "iam" else "DependencyViolation",
            "has a dependent object",
        ),
        "success",
        times=3,
        hits=lambda call: call.service in ("ec2", "iam") and call.action.startswith(("Delete", "Detach")),
    ),
    "changed meanwhile": Accident(
        lambda call: refused(
            call,
            "ConcurrentTagAccess" if call.action == "CreateTags" else "ConcurrentModification",
            "being modified",
            409,
        ),
        "success",
        times=3,
        hits=lambda call: call.action == "CreateTags" or (call.service == "iam" and call.mutating),
    ),
    "not opted in": Accident(
        lambda call: refused(call, "OptInRequired", "You are not subscribed to this service.", 403),
        "error",
        says=lambda _: ("enable-region", "cexio-bot:region"),
    ),
    "wrong region": Accident(_wrong_region, "error", says=lambda _: ("cexio-bot:region",)),
    "expired": Accident(_expired, "error", says=lambda _: ("log in",)),
    "unknown key": Accident(_bad_key, "error", says=lambda _: ("AWS_PROFILE", "cexio-bot:region")),
    "clock": Accident(_clock, "error", says=lambda _: ("60 min behind AWS's",)),
}
