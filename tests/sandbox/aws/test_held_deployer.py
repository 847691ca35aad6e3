from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.aws.world import World, client, refused

OWNER = "cexio-bot:owner"
OURS, THEIRS = "cexio-bot/live/x", "another/live/x"
EC2 = "arn:aws:ec2:us-east-1:123456789012:"


def held(aws: World, service: str) -> Any:
    """A client with the access key that the providers use in a sandbox."""
    return client(service, aws.url, aws_access_key_id="sandbox")


def bind(aws: World, *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    aws.iam.create_user(UserName="deployer")
    aws.iam.put_user_policy(UserName="deployer", PolicyName="p", PolicyDocument=document)


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    made = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def tags(kind: str, owner: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": OWNER, "Value": owner}]}]


NEW = {"StringLike": {f"aws:RequestTag/{OWNER}": "cexio-bot/*"}}
OWN = {"StringLike": {f"aws:ResourceTag/{OWNER}": "cexio-bot/*"}}
AT_CREATION = {"StringEquals": {"ec2:CreateAction": ["CreateVpc", "AllocateAddress"]}}


class TestTheDeployerIsHeldToHisPolicies:
    """A deployer's policy that lacks an action, or allows another stack's things, would be found out on AWS
    alone, in the middle of a run.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """

    def test_without_a_user_of_that_name_everything_is_allowed(self, aws: World) -> None:
        held(aws, "ec2").create_vpc(CidrBlock="10.0.0.0/24")

    def test_what_no_policy_allows_is_refused_to_him_and_to_nobody_else(self, aws: World) -> None:
        bind(aws, allow("ec2:DescribeVpcs"))
        held(aws, "ec2").describe_vpcs()
        with refused("UnauthorizedOperation"):
            held(aws, "ec2").create_internet_gateway()
        with refused("AccessDenied"):
            held(aws, "iam").get_role(RoleName="x")
        aws.ec2.create_internet_gateway()

    def test_a_new_object_needs_the_tag_and_the_right_to_write_it(self, aws: World) -> None:
        bind(
            aws,
            allow("ec2:CreateVpc", f"{EC2}vpc/*", **NEW),
            allow("ec2:CreateTags", f"{EC2}*/*", **AT_CREATION),
        )
        ec2 = held(aws, "ec2")
        made = ec2.create_vpc(CidrBlock="10.0.0.0/24", TagSpecifications=tags("vpc", OURS))["Vpc"]["VpcId"]
        for given in ({}, {"TagSpecifications": tags("vpc", THEIRS)}):
            with refused("UnauthorizedOperation"):
                ec2.create_vpc(CidrBlock="10.0.0.0/24", **given)
        with refused("UnauthorizedOperation"):  # not in a creating call
            ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "b"}])

    def test_each_object_that_a_call_names_is_asked_about(self, aws: World) -> None:
        bind(aws, allow("ec2:AssociateAddress", "*", **OWN), allow("ec2:DisassociateAddress", "*", **OWN))
        interface = aws.network()["interface"]
        address = aws.ec2.allocate_address(TagSpecifications=tags("elastic-ip", OURS))["AllocationId"]
        ec2 = held(aws, "ec2")
        with refused("UnauthorizedOperation") as said:
            ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)
        assert interface in said[0]
        aws.ec2.create_tags(Resources=[interface], Tags=[{"Key": OWNER, "Value": OURS}])
        made = ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)
        aws.ec2.create_tags(Resources=[address], Tags=[{"Key": OWNER, "Value": THEIRS}])
        with refused("UnauthorizedOperation"):  # an association stands for what it joins
            ec2.disassociate_address(AssociationId=made["AssociationId"])

    def test_a_tag_may_be_kept_from_edits(self, aws: World) -> None:
        others = {"ForAllValues:StringNotEquals": {"aws:TagKeys": [OWNER]}}
        bind(aws, allow(["ec2:CreateTags", "ec2:DeleteTags"], "*", **OWN, **others))
        vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/24", TagSpecifications=tags("vpc", OURS))["Vpc"]["VpcId"]
        ec2 = held(aws, "ec2")
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "team", "Value": "a"}])
        for call in (ec2.create_tags, ec2.delete_tags):
            with refused("UnauthorizedOperation"):
                call(Resources=[vpc], Tags=[{"Key": "team", "Value": "a"}, {"Key": OWNER, "Value": OURS}])

    @pytest.mark.parametrize("passes", [True, False])
    def test_a_role_has_to_be_handed_over(self, aws: World, passes: bool) -> None:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
        to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
        handed = [allow("iam:PassRole", **to_ec2)] if passes else []
        aws.iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        aws.iam.create_instance_profile(InstanceProfileName="p")
        bind(aws, allow("iam:AddRoleToInstanceProfile"), *handed)
        iam = held(aws, "iam")
        if passes:
            iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
        else:
            with refused("AccessDenied"):
                iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")

    def test_the_simulator_judges_him_by_the_same_policies(self, aws: World) -> None:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"""
        bind(aws, allow("ec2:CreateVpc", f"{EC2}vpc/*", **NEW))
        arn = aws.sts.get_caller_identity()["Arn"]

        def decision(owner: str) -> str:
            context = {"ContextKeyName": f"aws:RequestTag/{OWNER}", "ContextKeyValues": [owner]}
            answer = aws.iam.simulate_principal_policy(
                PolicySourceArn=arn,
                ActionNames=["ec2:CreateVpc"],
                ResourceArns=[f"{EC2}vpc/vpc-1"],
                ContextEntries=[{**context, "ContextKeyType": "string"}],
            )
            return str(answer["EvaluationResults"][0]["EvalDecision"])

        assert (decision(OURS), decision(THEIRS)) == ("allowed", "implicitDeny")
