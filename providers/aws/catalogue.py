"""AWS's error codes: what each means to an operator, and what to do about it.

A row is a class of ProviderError, a meaning and an advice; the advice names {action}, such as
`ec2:AllocateAddress`, and {region}. docs/aws-errors.md is written from these tables by docs/aws_errors.py.
Codes as in AWS's "Error codes for the Amazon EC2 API", "Common errors" of IAM, Secrets Manager and Systems
Manager; quota codes as in Service Quotas.
"""

from __future__ import annotations

from typing import NamedTuple

from providers.errors import (
    AccessRefused,
    AwsFailure,
    CredentialsRefused,
    NoAnswer,
    NoCapacity,
    RegionRefused,
    Throttled,
)

GARBLED = "GarbledAnswer"  # ours: what came back is not an answer of AWS's


class Refusal(NamedTuple):
    """What a code is told as."""

    kind: type[AwsFailure]
    meaning: str
    advice: str


class Quota(NamedTuple):
    """A quota as Service Quotas names it; `code` is empty where AWS raises it for nobody."""

    name: str
    service: str = ""
    code: str = ""
    region: str = ""  # where it is kept, if that is not the stack's own
    instead: str = "remove what is not needed"


AGAIN = "then run the same command again, it goes on from there"
LOG_IN = f"log in to AWS again (`aws sso login`, or new keys in AWS_PROFILE), {AGAIN}"
CLOCK = f"set this machine's clock by the network's time (`timedatectl set-ntp true`), {AGAIN}"
WRONG_KEY = (
    "see AWS_PROFILE and AWS_ACCESS_KEY_ID; where {region} is a Region to opt in to, enable it "
    "(`aws account enable-region --region-name {region}`) or set cexio-bot:region to another"
)
REGION = (
    "set cexio-bot:region (now {region}) to the Region of cexio-bot:awsEndpoint, or take the endpoint out"
)

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
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
UNKNOWN_CALLS = frozenset(
    {"InvalidAction", "UnknownOperationException", "NotImplemented", "NotImplementedException"}
)
NO_CAPACITY_NOW = frozenset(
    {
        "InsufficientInstanceCapacity",
        "InsufficientCapacity",
        "InsufficientHostCapacity",
        "Server.InsufficientInstanceCapacity",
    }
)

_EXPIRED = Refusal(CredentialsRefused, "the session of these credentials is over", LOG_IN)
_LATE = Refusal(CredentialsRefused, "the request's time is too far from AWS's own", CLOCK)
_UNSIGNED = Refusal(
    CredentialsRefused,
    "the secret key does not fit the access key, or the clock is wrong",
    f"see AWS_SECRET_ACCESS_KEY or log in again, and {CLOCK}",
)
_UNKNOWN_KEY = Refusal(CredentialsRefused, "AWS does not know this access key here", WRONG_KEY)
_DENIED = Refusal(
    AccessRefused, "the credentials may not make this call", "allow {action} to these credentials"
)
_IN_USE = Refusal(
    AwsFailure,
    "something still uses the object",
    "see what this stack did not make and still uses it, remove that, then run the same command again",
)
_CHANGED = Refusal(
    AwsFailure,
    "somebody else changes the same object at this moment",
    f"wait until no other tool works on it, {AGAIN}",
)
_STATE = Refusal(
    AwsFailure, "the object is between two states", f"wait a minute until it has settled, {AGAIN}"
)
_CAPACITY = Refusal(
    NoCapacity,
    "the zone has no such machine at the moment",
    "set cexio-bot:instanceType or the availability zone to another, or run the same command again later",
)
_NOT_HERE = Refusal(
    NoCapacity,
    "the zone does not offer this type of machine",
    "set cexio-bot:instanceType or the availability zone to one that is offered: `aws ec2 "
    "describe-instance-type-offerings --location-type availability-zone --region {region}` lists them",
)
_IMAGE = Refusal(
    AwsFailure,
    "the image is withdrawn or not shared with this account",
    "`pulumi config rm cexio-bot:imageId` takes AWS's current one, or name another",
)
_POLICY = Refusal(
    AwsFailure,
    "AWS does not take the policy, or a role that it names is not known yet",
    f"see the roles named in cexio-bot:deployers, {AGAIN}",
)
_KEY = Refusal(
    AwsFailure,
    "the KMS key cannot be used",
    "see that the key is enabled and its policy lets these credentials use it (kms:Decrypt and "
    "kms:GenerateDataKey)",
)

REFUSALS: dict[str, Refusal] = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException"), _EXPIRED),
    **dict.fromkeys(("RequestExpired", "InvalidSecurity.RequestHasExpired", "RequestTimeTooSkewed"), _LATE),
    **dict.fromkeys(("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"), _UNSIGNED),
    **dict.fromkeys(
        ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "MissingAuthenticationToken"),
        _UNKNOWN_KEY,
    ),
    "OptInRequired": Refusal(
        RegionRefused,
        "the account has not opted in to this Region or service",
        "enable {region} (`aws account enable-region --region-name {region}`), or set cexio-bot:region to a "
        "Region that is enabled",
    ),
    **dict.fromkeys(
        ("PendingVerification", "Blocked"),
        Refusal(
            AccessRefused,
            "AWS holds the account back",
            "see the account's mail and AWS Support's cases, then run the same command again",
        ),
    ),
    **dict.fromkeys(("UnauthorizedOperation", "AccessDenied", "AccessDeniedException"), _DENIED),
    "OperationNotPermitted": Refusal(
        AccessRefused,
        "the object is protected against this",
        "take its protection off (such as `aws ec2 modify-instance-attribute --no-disable-api-termination`), "
        "then run the same command again",
    ),
    **dict.fromkeys(
        sorted(UNKNOWN_CALLS),
        Refusal(
            AwsFailure,
            "what answers at the endpoint does not know the call",
            "AWS knows it, an emulator may not: see cexio-bot:awsEndpoint, and take another emulator",
        ),
    ),
    "ParameterNotFound": Refusal(
        AwsFailure,
        "AWS publishes no image under this name here",
        "name an image yourself (`pulumi config set cexio-bot:imageId AMI`), then run the same command again",
    ),
    **dict.fromkeys(sorted(NO_CAPACITY_NOW), _CAPACITY),
    "InsufficientAddressCapacity": Refusal(
        NoCapacity,
        "the Region has no free address at the moment",
        "run the same command again later, or bring an address along with cexio-bot:allocationId",
    ),
    "Unsupported": _NOT_HERE,
    **dict.fromkeys(
        (
            "DependencyViolation",
            "DeleteConflict",
            "InvalidGroup.InUse",
            "InvalidNetworkInterface.InUse",
            "InvalidIPAddress.InUse",
            "VolumeInUse",
        ),
        _IN_USE,
    ),
    **dict.fromkeys(
        ("ConcurrentModification", "ConcurrentModificationException", "ConcurrentTagAccess"), _CHANGED
    ),
    **dict.fromkeys(("IncorrectInstanceState", "IncorrectState", "Gateway.NotAttached"), _STATE),
    **dict.fromkeys(("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed"), _IMAGE),
    **dict.fromkeys(("MalformedPolicyDocument", "MalformedPolicyDocumentException"), _POLICY),
    "PublicPolicyException": Refusal(
        AwsFailure,
        "the policy would open the secret to everybody",
        "take the broad principal out of the policy, then run the same command again",
    ),
    **dict.fromkeys(("DecryptionFailure", "EncryptionFailure"), _KEY),
    **dict.fromkeys(
        sorted(THROTTLED),
        Refusal(
            Throttled,
            "the account makes more calls than AWS takes at a time",
            f"see which other tool asks AWS so much, wait a few minutes, {AGAIN}",
        ),
    ),
}

GONE = Refusal(
    AwsFailure,
    "the object is not there, or not seen yet",
    "`pulumi refresh` to see what is left, then run the same command again",
)
TROUBLE = Refusal(
    NoAnswer,
    "AWS is in trouble itself",
    f"see https://health.aws.amazon.com for {{region}}, wait a few minutes, {AGAIN}",
)
NOT_AWS = Refusal(
    NoAnswer,
    "what came back is no answer of AWS's, so the call may or may not have taken effect",
    "see whether a proxy or a login page stands between this machine and AWS, then run the same command "
    "again; it looks for what this call may have made first",
)
PROFILE = Refusal(
    AwsFailure,
    "EC2 does not know the instance profile yet",
    f"wait a few minutes until IAM has spread the news, {AGAIN}",
)
OTHER = Refusal(AwsFailure, "", "mend what AWS names, then run the same command again")

_STANDARD_VCPUS = Quota("Running On-Demand Standard instances, in vCPUs", "ec2", "L-1216C47A")
QUOTAS: dict[str, Quota] = {
    "AddressLimitExceeded": Quota(
        "EC2-VPC Elastic IPs",
        "ec2",
        "L-0263D0A3",
        instead="release one that nothing uses, or bring one along with cexio-bot:allocationId",
    ),
    "VpcLimitExceeded": Quota("VPCs per Region", "vpc", "L-F678F1CE"),
    "InternetGatewayLimitExceeded": Quota("internet gateways per Region", "vpc", "L-A4707A72"),
    "SecurityGroupLimitExceeded": Quota("VPC security groups per Region", "vpc", "L-E79EC296"),
    "NetworkInterfaceLimitExceeded": Quota("network interfaces per Region", "vpc", "L-DF5E4CA3"),
    "SubnetLimitExceeded": Quota("subnets per VPC", "vpc", "L-407747CB"),
    "RouteTableLimitExceeded": Quota("route tables per VPC", "vpc", "L-589F43AA"),
    "RouteLimitExceeded": Quota("routes per route table", "vpc", "L-93826ACB"),
    "RulesPerSecurityGroupLimitExceeded": Quota("rules per security group", "vpc", "L-0EA8095F"),
    "InstanceLimitExceeded": _STANDARD_VCPUS,
    "VcpuLimitExceeded": _STANDARD_VCPUS,
    "VolumeLimitExceeded": Quota("storage of General Purpose SSD volumes (gp3)", "ebs", "L-7A658B76"),
    "TagLimitExceeded": Quota("tags per object, 50", instead="take tags out of cexio-bot:tags"),
}
"""By EC2's codes, each of which is one quota."""

QUOTAS_BY_ACTION: dict[str, Quota] = {
    "iam:CreateRole": Quota("roles per account", "iam", "L-FE177D64", "us-east-1"),
    "iam:CreateInstanceProfile": Quota("instance profiles per account", "iam", "L-6E65F664", "us-east-1"),
    "iam:AttachRolePolicy": Quota("managed policies per role", "iam", "L-0DA4ABF3", "us-east-1"),
    "iam:PutRolePolicy": Quota(
        "inline policies of a role, 10,240 characters", instead="shorten the policies"
    ),
    "iam:UpdateAssumeRolePolicy": Quota("length of a role's trust policy", "iam", "L-C07B4B0D", "us-east-1"),
    "iam:AddRoleToInstanceProfile": Quota(
        "roles per instance profile, one", instead="take the other role out of the profile"
    ),
    "iam:TagRole": Quota("tags per role, 50", instead="take tags out of cexio-bot:tags"),
    "iam:TagInstanceProfile": Quota(
        "tags per instance profile, 50", instead="take tags out of cexio-bot:tags"
    ),
    "secretsmanager:CreateSecret": Quota("secrets per Region", "secretsmanager", "L-2F66C23C"),
    "secretsmanager:PutSecretValue": Quota(
        "versions of a secret, about 100, which AWS keeps for a day",
        instead="stop whatever writes this secret so often and wait a day",
    ),
    "secretsmanager:UpdateSecretVersionStage": Quota(
        "labels per version of a secret, 20", instead="take labels of others off its versions"
    ),
}
"""By the call: LimitExceeded of IAM and LimitExceededException of Secrets Manager are many quotas each."""

ALSO_NEEDED: dict[str, tuple[str, ...]] = {
    "ec2:RunInstances": ("iam:PassRole on the host's role", "ec2:CreateTags"),
    **dict.fromkeys(
        (
            "ec2:AllocateAddress",
            "ec2:CreateVpc",
            "ec2:CreateSubnet",
            "ec2:CreateInternetGateway",
            "ec2:CreateRouteTable",
            "ec2:CreateSecurityGroup",
            "ec2:CreateNetworkInterface",
        ),
        ("ec2:CreateTags",),
    ),
    "iam:CreateRole": ("iam:TagRole",),
    "iam:CreateInstanceProfile": ("iam:TagInstanceProfile",),
    "iam:AddRoleToInstanceProfile": ("iam:PassRole on the host's role",),
    "secretsmanager:CreateSecret": (
        "secretsmanager:TagResource",
        "kms:GenerateDataKey where it has its own key",
    ),
}
"""What a call asks for beside its own name: AWS refuses the whole call where one of these is missing."""


def quota_advice(quota: Quota, region: str) -> str:
    """Which quota, where it is raised and with which command."""
    if not quota.code:
        return f"the quota ({quota.name}) is AWS's and not to be raised: {quota.instead}"
    where = quota.region or region
    return (
        f"the quota is `{quota.name}` ({quota.service} {quota.code}): {quota.instead}, or raise it in "
        f"Service Quotas: `aws service-quotas request-service-quota-increase --service-code {quota.service} "
        f"--quota-code {quota.code} --region {where} --desired-value N`, then run the same command again"
    )
