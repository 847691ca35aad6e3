"""Whose object it is: ours is finished and adopted, anybody else's is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.providers.aws.world import ANYBODY, OBJECTS, TRUST, World, document

PLACEHOLDER = '{"status":"awaiting key"}'


def owner_tags(world: World, resource: str, kind: str | None = None) -> list[dict[str, Any]]:
    tags = [{"Key": "cexio-bot:owner", "Value": world.owner(resource.lower())}]
    return tags if kind is None else [{"ResourceType": kind, "Tags": tags}]


def a_gateway(world: World) -> None:
    world.aws.client("ec2").create_internet_gateway(
        TagSpecifications=owner_tags(world, "InternetGateway", "internet-gateway")
    )


def a_route_table(world: World) -> None:
    world.aws.client("ec2").create_route_table(
        VpcId=world.made("Vpc").id, TagSpecifications=owner_tags(world, "RouteTable", "route-table")
    )


def a_group_with_open_doors(world: World) -> None:
    ec2 = world.aws.client("ec2")
    group = ec2.create_security_group(
        VpcId=world.made("Vpc").id,
        GroupName=world.name("firewall"),
        Description="nothing in",
        TagSpecifications=owner_tags(world, "SecurityGroup", "security-group"),
    )["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ANYBODY)


def a_role(world: World) -> None:
    iam, name = world.aws.client("iam"), world.name("role")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=owner_tags(world, "Role"))
    iam.put_role_policy(RoleName=name, PolicyName="old", PolicyDocument=document("*"))


def a_profile(world: World) -> None:
    world.aws.client("iam").create_instance_profile(
        InstanceProfileName=world.name("profile"), Tags=owner_tags(world, "InstanceProfile")
    )


HALF_MADE: dict[str, Callable[[World], None]] = {
    "InternetGateway": a_gateway,
    "RouteTable": a_route_table,
    "SecurityGroup": a_group_with_open_doors,
    "Role": a_role,
    "InstanceProfile": a_profile,
}


class TestHalfMade:
    """A create was killed between two calls, and the next run took the half for the whole."""

    @pytest.mark.parametrize("resource", HALF_MADE)
    def test_what_a_killed_create_left_is_adopted_and_finished(self, own_stack: World, resource: str) -> None:
        whole = own_stack.inputs(resource)
        HALF_MADE[resource](own_stack)
        made = own_stack.objects[resource] = own_stack.create(resource, whole)
        _, outs = own_stack.engine.read(made.id, made.outs)
        differing = {name for name, value in whole.items() if outs.get(name) != value}
        assert differing == set()


class TestNotOurs:
    """An object that happened to have the name was taken over, and later deleted."""

    def test_a_role_of_that_name_is_refused(self, own_stack: World) -> None:
        inputs, iam = own_stack.inputs("Role"), own_stack.aws.client("iam")
        iam.create_role(RoleName=inputs["name"], AssumeRolePolicyDocument=TRUST)
        said = own_stack.refusal(lambda: own_stack.create("Role", inputs))
        assert f"a role {inputs['name']} exists that is not of {own_stack.owner('role')}" in said
        iam.delete_role(RoleName=inputs["name"])

    def test_a_profile_of_that_name_is_refused(self, own_stack: World) -> None:
        inputs, iam = own_stack.inputs("InstanceProfile"), own_stack.aws.client("iam")
        iam.create_instance_profile(InstanceProfileName=inputs["name"])
        assert "exists that is not of" in own_stack.refusal(
            lambda: own_stack.create("InstanceProfile", inputs)
        )
        iam.delete_instance_profile(InstanceProfileName=inputs["name"])

    @pytest.mark.parametrize("doomed", [False, True])
    def test_a_secret_of_that_name_is_refused(self, own_stack: World, doomed: bool) -> None:
        inputs, secrets = own_stack.inputs("Secret"), own_stack.aws.client("secretsmanager")
        secrets.create_secret(Name=inputs["name"], SecretString="theirs")
        if doomed:
            secrets.delete_secret(SecretId=inputs["name"], RecoveryWindowInDays=7)
        said = own_stack.refusal(lambda: own_stack.create("Secret", inputs))
        assert "exists that is not of" in said
        assert ("scheduled for deletion" in said) == doomed

    def test_tags_of_others_are_left_alone_and_are_no_drift(self, own_stack: World) -> None:
        made, ec2 = own_stack.made("Vpc"), own_stack.aws.client("ec2")
        ec2.create_tags(Resources=[made.id], Tags=[{"Key": "auditor", "Value": "them"}])
        assert own_stack.engine.read(made.id, made.outs) == (made.id, made.outs)
        own_stack.objects["Vpc"] = own_stack.update(made, tags={})
        found = ec2.describe_vpcs(VpcIds=[made.id])["Vpcs"][0]["Tags"]
        assert {tag["Key"] for tag in found} == {"Name", "auditor", "cexio-bot:owner"}


class TestReplacement:
    """The new object was found to be the old one, and the delete of the old one deleted it."""

    @pytest.mark.parametrize(
        ("resource", "change"),
        [
            ("Vpc", {"cidr": "10.61.0.0/24"}),
            ("Subnet", {"cidr": "10.60.0.128/25", "availabilityZone": "us-east-1f"}),
        ],
    )
    def test_a_new_one_is_made_beside_the_old_one(
        self, own_stack: World, resource: str, change: dict[str, Any]
    ) -> None:
        old = own_stack.made(resource)
        new = own_stack.create(resource, {**old.inputs, **change})
        assert new.id != old.id
        own_stack.engine.delete(old.id, old.outs)
        own_stack.objects[resource] = new
        assert own_stack.engine.read(new.id, new.outs) == (new.id, new.outs)

    def test_a_changed_description_of_a_group_asks_for_a_new_name(self, stack: World) -> None:
        made = stack.made("SecurityGroup")
        provider = OBJECTS["SecurityGroup"].provider
        news = {**made.inputs, "description": "another"}
        _, failures = stack.engine.check(provider, news, made.inputs)
        assert [name for name, _ in failures] == ["description"]
        assert stack.engine.check(provider, {**news, "name": "another"}, made.inputs)[1] == []


class TestSecret:
    """The first version of a secret is current at once, whatever stages were asked for."""

    def test_the_creating_call_brings_a_version_that_is_no_key(self, stack: World) -> None:
        secrets = stack.aws.client("secretsmanager")
        current = secrets.get_secret_value(SecretId=stack.made("Secret").id, VersionStage="AWSCURRENT")
        assert json.loads(current["SecretString"]) == {"status": "awaiting key"}
        assert current["SecretString"] == PLACEHOLDER

    def test_one_of_ours_in_deletion_is_brought_back_with_its_versions(self, own_stack: World) -> None:
        made, secrets = own_stack.made("Secret"), own_stack.aws.client("secretsmanager")
        secrets.put_secret_value(SecretId=made.id, SecretString="a key")
        own_stack.engine.delete(made.id, made.outs)
        assert own_stack.engine.read(made.id, made.outs)[1]["scheduledForDeletion"] is True
        again = own_stack.create("Secret", made.inputs)
        assert again.id == made.id
        assert secrets.get_secret_value(SecretId=made.id)["SecretString"] == "a key"
