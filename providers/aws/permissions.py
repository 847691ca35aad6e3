"""Which AWS actions this program makes, on what, and by which condition each can be narrowed.

The one table behind the deployer's policy (commands/deployer_policy.py) and preflight's question whether the
caller may do what a run needs. An action is checked by AWS on each of its resources, so each has a condition
of its own. What can be narrowed is told by AWS's "Service Authorization Reference"; a test holds the table to
the calls of real runs, and a sandbox that enforces the policy made of it to the runs themselves.

sts:GetCallerIdentity is not here: AWS allows it to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from providers.aws.ownership import BORROWED_BY, OWNER


class If(str, Enum):
    """What must hold for an action on a resource, beyond the resource's ARN."""

    ALWAYS = "always"
    NEW = "the new object gets our owner tag"
    OURS = "the object has our owner tag"
    AT_CREATION = "a tag written by the call that creates an object of ours"
    TAGS_OF_OURS = "a tag of an object of ours, the owner tag excepted"
    STAYS_OURS = "the owner tag of an object of ours, which stays ours"
    TO_EC2 = "a role handed to EC2"
    NOT_PUBLIC = "a secret's policy that lets nobody in by mistake"
    OUR_HOST = "the managed host has our owner tag"


ARNS = {
    "*": "*",
    "document": "arn:{partition}:ssm:{region}::document/AWS-RunShellScript",
    "image": "arn:{partition}:ec2:{region}::image/*",
    "instance-profile": "arn:{partition}:iam::{account}:instance-profile/{names}*",
    "parameter": "arn:{partition}:ssm:{region}::parameter/aws/service/ami-amazon-linux-latest/*",
    "principal": "*",  # whoever deploys, which a policy may name
    "role": "arn:{partition}:iam::{account}:role/{names}*",
    "secret": "arn:{partition}:secretsmanager:{region}:{account}:secret:{names}*",
    **{
        kind: "arn:{partition}:ec2:{region}:{account}:" + kind + "/*"
        for kind in (
            "elastic-ip",
            "instance",
            "internet-gateway",
            "network-interface",
            "route-table",
            "security-group",
            "security-group-rule",
            "subnet",
            "volume",
            "vpc",
        )
    },
}

Grants = Mapping[str, If]  # resource, as ARNS has it, to condition

_LOOK: Grants = {"*": If.ALWAYS}
_ROLE: Grants = {"role": If.ALWAYS}
_PROFILE: Grants = {"instance-profile": If.ALWAYS}
_SECRET: Grants = {"secret": If.ALWAYS}

ACTIONS: dict[str, Grants] = {
    # -- looked at: EC2 and Run Command know no narrower resource for these
    "ec2:DescribeAddresses": _LOOK,
    "ec2:DescribeAvailabilityZones": _LOOK,
    "ec2:DescribeIamInstanceProfileAssociations": _LOOK,
    "ec2:DescribeImages": _LOOK,
    "ec2:DescribeInstanceAttribute": _LOOK,
    "ec2:DescribeInstanceTypeOfferings": _LOOK,
    "ec2:DescribeInstanceTypes": _LOOK,
    "ec2:DescribeInstances": _LOOK,
    "ec2:DescribeInternetGateways": _LOOK,
    "ec2:DescribeNetworkAcls": _LOOK,
    "ec2:DescribeNetworkInterfaces": _LOOK,
    "ec2:DescribeRegions": _LOOK,
    "ec2:DescribeRouteTables": _LOOK,
    "ec2:DescribeSecurityGroups": _LOOK,
    "ec2:DescribeSubnets": _LOOK,
    "ec2:DescribeTags": _LOOK,
    "ec2:DescribeVolumes": _LOOK,
    "ec2:DescribeVpcAttribute": _LOOK,
    "ec2:DescribeVpcs": _LOOK,
    "ec2:GetManagedPrefixListEntries": _LOOK,
    "servicequotas:GetAWSDefaultServiceQuota": _LOOK,
    "servicequotas:GetServiceQuota": _LOOK,
    "ssm:CancelCommand": _LOOK,
    "ssm:DescribeInstanceInformation": _LOOK,
    "ssm:GetCommandInvocation": _LOOK,
    "ssm:ListCommands": _LOOK,
    "ssm:GetParameter": {"parameter": If.ALWAYS},
    "sts:DecodeAuthorizationMessage": _LOOK,
    "iam:SimulatePrincipalPolicy": {"principal": If.ALWAYS},
    # -- made, tagged by the call that makes it
    "ec2:AllocateAddress": {"elastic-ip": If.NEW},
    "ec2:CreateInternetGateway": {"internet-gateway": If.NEW},
    "ec2:CreateNetworkInterface": {
        "network-interface": If.NEW,
        "security-group": If.OURS,
        "subnet": If.OURS,
    },
    "ec2:CreateRouteTable": {"route-table": If.NEW, "vpc": If.OURS},
    "ec2:CreateSecurityGroup": {"security-group": If.NEW, "vpc": If.OURS},
    "ec2:CreateSubnet": {"subnet": If.NEW, "vpc": If.OURS},
    "ec2:CreateVpc": {"vpc": If.NEW},
    "ec2:RunInstances": {
        "image": If.ALWAYS,
        "instance": If.NEW,
        "network-interface": If.OURS,
        "security-group": If.OURS,
        "subnet": If.OURS,
        "volume": If.NEW,
    },
    # -- changed and removed
    "ec2:AssociateAddress": {"elastic-ip": If.OURS, "network-interface": If.OURS},
    "ec2:AssociateIamInstanceProfile": {"instance": If.OURS},
    "ec2:AssociateRouteTable": {"route-table": If.OURS, "subnet": If.OURS},
    "ec2:AttachInternetGateway": {"internet-gateway": If.OURS, "vpc": If.OURS},
    "ec2:AuthorizeSecurityGroupEgress": {"security-group": If.OURS, "security-group-rule": If.ALWAYS},
    "ec2:CreateRoute": {"route-table": If.OURS},
    "ec2:DeleteInternetGateway": {"internet-gateway": If.OURS},
    "ec2:DeleteNetworkInterface": {"network-interface": If.OURS},
    "ec2:DeleteRoute": {"route-table": If.OURS},
    "ec2:DeleteRouteTable": {"route-table": If.OURS},
    "ec2:DeleteSecurityGroup": {"security-group": If.OURS},
    "ec2:DeleteSubnet": {"subnet": If.OURS},
    "ec2:DeleteTags": {
        "elastic-ip": If.TAGS_OF_OURS,
        "instance": If.TAGS_OF_OURS,
        "internet-gateway": If.TAGS_OF_OURS,
        "network-interface": If.TAGS_OF_OURS,
        "route-table": If.TAGS_OF_OURS,
        "security-group": If.TAGS_OF_OURS,
        "subnet": If.TAGS_OF_OURS,
        "vpc": If.TAGS_OF_OURS,
    },
    "ec2:DeleteVpc": {"vpc": If.OURS},
    "ec2:DetachInternetGateway": {"internet-gateway": If.OURS, "vpc": If.OURS},
    "ec2:DisassociateAddress": {"elastic-ip": If.OURS, "network-interface": If.OURS},
    "ec2:DisassociateRouteTable": {"route-table": If.OURS, "subnet": If.OURS},
    "ec2:DisassociateSubnetCidrBlock": {"subnet": If.OURS},
    "ec2:ModifyInstanceMetadataOptions": {"instance": If.OURS},
    "ec2:ModifyNetworkInterfaceAttribute": {"network-interface": If.OURS, "security-group": If.OURS},
    "ec2:ModifySubnetAttribute": {"subnet": If.OURS},
    "ec2:ReleaseAddress": {"elastic-ip": If.OURS},
    "ec2:ReplaceIamInstanceProfileAssociation": {"instance": If.OURS},
    "ec2:ReplaceRoute": {"route-table": If.OURS},
    "ec2:ReplaceRouteTableAssociation": {"route-table": If.OURS, "subnet": If.OURS},
    "ec2:RevokeSecurityGroupEgress": {"security-group": If.OURS, "security-group-rule": If.ALWAYS},
    "ec2:RevokeSecurityGroupIngress": {"security-group": If.OURS, "security-group-rule": If.ALWAYS},
    "ec2:StartInstances": {"instance": If.OURS},
    "ec2:TerminateInstances": {"instance": If.OURS},
    "ec2:UnassignIpv6Addresses": {"network-interface": If.OURS},
    # -- the host's role: narrowed by name, as IAM has no other way that holds for all of these
    "iam:AddRoleToInstanceProfile": _PROFILE,
    "iam:CreateInstanceProfile": _PROFILE,
    "iam:CreateRole": _ROLE,
    "iam:DeleteInstanceProfile": _PROFILE,
    "iam:DeleteRole": _ROLE,
    "iam:DeleteRolePolicy": _ROLE,
    "iam:DetachRolePolicy": _ROLE,
    "iam:GetInstanceProfile": _PROFILE,
    "iam:GetRole": _ROLE,
    "iam:GetRolePolicy": _ROLE,
    "iam:ListAttachedRolePolicies": _ROLE,
    "iam:ListRolePolicies": _ROLE,
    "iam:PassRole": {"role": If.TO_EC2},
    "iam:PutRolePolicy": _ROLE,
    "iam:RemoveRoleFromInstanceProfile": _PROFILE,
    "iam:TagInstanceProfile": _PROFILE,
    "iam:TagRole": _ROLE,
    "iam:UntagInstanceProfile": _PROFILE,
    "iam:UntagRole": _ROLE,
    "iam:UpdateAssumeRolePolicy": _ROLE,
    # -- the secret, and the command that proves a key from the host
    "secretsmanager:CreateSecret": _SECRET,
    "secretsmanager:DeleteSecret": _SECRET,
    "secretsmanager:DescribeSecret": _SECRET,
    "secretsmanager:GetResourcePolicy": _SECRET,
    "secretsmanager:GetSecretValue": _SECRET,
    "secretsmanager:PutResourcePolicy": {"secret": If.NOT_PUBLIC},
    "secretsmanager:PutSecretValue": _SECRET,
    "secretsmanager:RestoreSecret": _SECRET,
    "secretsmanager:TagResource": _SECRET,
    "secretsmanager:UntagResource": _SECRET,
    "secretsmanager:UpdateSecret": _SECRET,
    "secretsmanager:UpdateSecretVersionStage": _SECRET,
    "ssm:SendCommand": {"document": If.ALWAYS, "instance": If.OUR_HOST},
}
CREATES = tuple(action for action, grants in ACTIONS.items() if If.NEW in grants.values())
ACTIONS["ec2:CreateTags"] = {
    **{kind: If.AT_CREATION for action in CREATES for kind, on in ACTIONS[action].items() if on is If.NEW},
}
EDITED_TAGS: dict[str, Grants] = {"ec2:CreateTags": ACTIONS["ec2:DeleteTags"]}
"""What an action may do beside its row in ACTIONS: it serves two ends, each with a condition of its own."""

RELEASE = frozenset({"ec2:ReleaseAddress"})
"""Left out of the policy unless asked for: gives an address up for ever."""

DISPENSABLE = frozenset(
    {
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeRegions",
        "iam:SimulatePrincipalPolicy",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:GetServiceQuota",
        "sts:DecodeAuthorizationMessage",
    }
)
"""A run does without them: it is told less, and preflight cannot ask."""

LAUNCHING = ("ec2:RunInstances", "ec2:CreateTags", "iam:PassRole")
MAKING: dict[str, tuple[str, ...]] = {
    "address": ("ec2:AllocateAddress", "ec2:AssociateAddress", "ec2:CreateTags"),
    "network": (
        "ec2:CreateVpc",
        "ec2:CreateSubnet",
        "ec2:CreateInternetGateway",
        "ec2:AttachInternetGateway",
        "ec2:CreateRouteTable",
        "ec2:CreateRoute",
        "ec2:AssociateRouteTable",
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
    ),
    "host": ("ec2:CreateNetworkInterface", *LAUNCHING),
    "machine": LAUNCHING,  # of a host whose interface is there
    "role": ("iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy"),
    "profile": ("iam:CreateInstanceProfile", "iam:TagInstanceProfile", "iam:AddRoleToInstanceProfile"),
    "secret": ("secretsmanager:CreateSecret", "secretsmanager:TagResource", "ssm:SendCommand"),
}
"""What a run must be allowed to make each part of a stack that is not there yet."""


def conditions(on: If, owner: str) -> dict[str, dict[str, object]]:
    """The condition in a policy's form; owner: a pattern for the owner tag's value, such as `cexio-bot/*`."""
    new = {"StringLike": {f"aws:RequestTag/{OWNER}": owner}}
    ours = {"StringLike": {f"aws:ResourceTag/{OWNER}": owner}}
    calls = sorted(action.partition(":")[2] for action in CREATES)
    table: dict[If, Mapping[str, Mapping[str, object]]] = {
        If.ALWAYS: {},
        If.NEW: new,
        If.OURS: ours,
        If.AT_CREATION: {**new, "StringEquals": {"ec2:CreateAction": calls}},
        If.TAGS_OF_OURS: {**ours, "ForAllValues:StringNotEquals": {"aws:TagKeys": [OWNER, BORROWED_BY]}},
        If.STAYS_OURS: {
            "StringLike": {f"aws:RequestTag/{OWNER}": owner, f"aws:ResourceTag/{OWNER}": owner},
            "ForAllValues:StringEquals": {"aws:TagKeys": [OWNER]},
        },
        If.TO_EC2: {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        If.NOT_PUBLIC: {"Bool": {"secretsmanager:BlockPublicPolicy": "true"}},
        If.OUR_HOST: {"StringLike": {f"ssm:resourceTag/{OWNER}": owner}},
    }
    return {operator: dict(keys) for operator, keys in table[on].items()}
