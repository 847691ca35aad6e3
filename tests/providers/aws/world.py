"""A stack's objects, made one by one through the real provider process against the sandbox's AWS.

`OBJECTS` has a row for each resource: how it is asked for, what can change in place and what cannot, and what
a hand at the console could do to it. A `World` makes an object with all it stands on, once, and takes it
down.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2

from providers.aws.elastic_ip import ElasticIpProvider
from providers.aws.elastic_ip_association import AssocProvider
from providers.aws.existing_network import ExistingProvider
from providers.aws.instance import InstanceProvider
from providers.aws.instance_profile import ProfileProvider
from providers.aws.internet_gateway import GatewayProvider
from providers.aws.network_interface import InterfaceProvider
from providers.aws.role import RoleProvider
from providers.aws.route_table import RouteTableProvider
from providers.aws.secret import SecretProvider
from providers.aws.security_group import SecurityGroupProvider
from providers.aws.subnet import SubnetProvider
from providers.aws.tags import TagsProvider
from providers.aws.vpc import VpcProvider
from tests.providers.dynamic_server import CallFailed, DynamicServer, _dict, _struct

Props = dict[str, Any]


class Engine(DynamicServer):
    """The engine's end, with all that read and diff answer."""

    def read_whole(self, id_: str, props: Mapping[str, Any]) -> tuple[str, Props, Props]:
        """The id, the outputs and the inputs as they are now."""
        answer = self._call(self._stub.Read, provider_pb2.ReadRequest(id=id_, properties=_struct(props)))
        return answer.id, _dict(answer.properties), _dict(answer.inputs)

    def deletes_first(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        """Whether a replacement takes the old object down before it makes the new one."""
        request = provider_pb2.DiffRequest(id=id_, olds=_struct(olds), news=_struct(news))
        return bool(self._call(self._stub.Diff, request).deleteBeforeReplace)


@dataclass
class Made:
    """An object as the engine would have it in its state."""

    id: str
    inputs: Props
    outs: Props


@dataclass
class World:
    """One stack. `made` gives an object by the name of its resource."""

    engine: Engine
    aws: Any  # a server of tests/providers/sandbox_processes.py
    stack: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    objects: dict[str, Made] = field(default_factory=dict)

    def owner(self, role: str) -> str:
        return f"cexio-bot/{self.stack}/{role}"

    def name(self, role: str) -> str:
        return f"cexio-bot-{self.stack}-{role}"

    def made(self, resource: str) -> Made:
        if resource not in self.objects:
            self.objects[resource] = self.create(resource, self.inputs(resource))
        return self.objects[resource]

    def out(self, resource: str, name: str) -> Any:
        return self.made(resource).outs[name]

    def inputs(self, resource: str, **others: Any) -> Props:
        """The checked inputs of a resource, what it stands on being there."""
        row = OBJECTS[resource]
        wanted = {"owner": self.owner(resource.lower())} if row.owned else {}
        news = {**wanted, **row.inputs(self), **others}
        inputs, failures = self.engine.check(row.provider, news)
        assert not failures, failures
        return inputs

    def create(self, resource: str, inputs: Props) -> Made:
        id_, outs = self.engine.create(inputs)
        return Made(id_, inputs, outs)

    def update(self, made: Made, **changes: Any) -> Made:
        """The object after an update of some inputs."""
        inputs = {**made.inputs, **changes}
        return Made(made.id, inputs, self.engine.update(made.id, made.outs, inputs))

    def refusal(self, call: Callable[[], object]) -> str:
        """The text of a call that must fail, which must be one line."""
        with pytest.raises(CallFailed) as failed:
            call()
        text = str(failed.value).strip()
        assert "\n" not in text
        return text

    def take_down(self) -> None:
        for resource in reversed(OBJECTS):
            made = self.objects.pop(resource, None)
            if made is None:
                continue
            if resource == "Instance":  # nothing is to take its place, whatever was checked of its owner
                self.engine.diff(made.id, made.outs, made.inputs)
                made.outs["owner"] = ""
            if resource == "ElasticIp":
                made.outs["release"] = made.outs["publicIp"]
            self.engine.delete(made.id, made.outs)


@dataclass(frozen=True)
class Object:
    """A resource under test. drift changes `drifts` behind the stack's back."""

    provider: ResourceProvider
    inputs: Callable[[World], Props]
    outputs: tuple[str, ...]
    change: Props
    replaced_by: Props
    drift: Callable[[Any, Made], object] | None = None
    drifts: str = ""
    owned: bool = True


def document(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ANYBODY = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def _untag(aws: Any, made: Made) -> object:
    return aws.client("ec2").delete_tags(Resources=[made.id], Tags=[{"Key": "cexio-bot:owner"}])


OBJECTS: dict[str, Object] = {
    "Vpc": Object(
        VpcProvider(),
        lambda _: {"cidr": "10.60.0.0/24", "tags": {"team": "a"}},
        ("vpcId",),
        change={"tags": {"team": "b", "cost": "1"}},
        replaced_by={"cidr": "10.61.0.0/24"},
        drift=_untag,
        drifts="owner",
    ),
    "Subnet": Object(
        SubnetProvider(),
        # named, so that AWS does not choose a zone that has no such machines
        lambda world: {
            "vpcId": world.out("Vpc", "vpcId"),
            "cidr": "10.60.0.0/25",
            "availabilityZone": "us-east-1a",
        },
        ("subnetId", "availabilityZone"),
        change={"tags": {"team": "b"}},
        replaced_by={"vpcId": "vpc-2", "availabilityZone": "us-east-1g"},
        drift=lambda aws, made: aws.client("ec2").modify_subnet_attribute(
            SubnetId=made.id, MapPublicIpOnLaunch={"Value": True}
        ),
        drifts="givesPublicAddresses",
    ),
    "InternetGateway": Object(
        GatewayProvider(),
        lambda world: {"vpcId": world.out("Vpc", "vpcId")},
        ("internetGatewayId",),
        change={"tags": {"team": "b"}},
        replaced_by={"vpcId": "vpc-2"},
        drift=_untag,
        drifts="owner",
    ),
    "RouteTable": Object(
        RouteTableProvider(),
        lambda world: {
            "vpcId": world.out("Vpc", "vpcId"),
            "subnetId": world.out("Subnet", "subnetId"),
            "internetGatewayId": world.out("InternetGateway", "internetGatewayId"),
        },
        ("routeTableId",),
        change={"tags": {"team": "b"}},
        replaced_by={"vpcId": "vpc-2"},
        drift=lambda aws, made: aws.client("ec2").delete_route(
            RouteTableId=made.id, DestinationCidrBlock="0.0.0.0/0"
        ),
        drifts="internetGatewayId",
    ),
    "ExistingNetwork": Object(
        ExistingProvider(),
        # the route is the subnet's, which makes it one to bring
        lambda world: {
            "vpcId": world.out("RouteTable", "vpcId"),
            "subnetId": world.out("Subnet", "subnetId"),
        },
        ("vpcId", "subnetId", "availabilityZone", "routeTableId", "internetGatewayId"),
        change={},
        replaced_by={"vpcId": "vpc-2", "subnetId": "subnet-2"},
        owned=False,
    ),
    "SecurityGroup": Object(
        SecurityGroupProvider(),
        lambda world: {
            "vpcId": world.out("Vpc", "vpcId"),
            "name": world.name("firewall"),
            "description": "nothing in",
        },
        ("securityGroupId",),
        change={"egress": [{"protocol": "tcp", "port": 8443, "cidr": "198.51.100.0/24"}]},
        replaced_by={"vpcId": "vpc-2", "name": "another"},
        drift=lambda aws, made: aws.client("ec2").authorize_security_group_ingress(
            GroupId=made.id, IpPermissions=ANYBODY
        ),
        drifts="ingress",
    ),
    "ElasticIp": Object(
        ElasticIpProvider(),
        lambda _: {"retain": True},
        ("allocationId", "publicIp"),
        change={"retain": False},
        replaced_by={},
        drift=_untag,
        drifts="owner",
    ),
    "Tags": Object(
        TagsProvider(),
        lambda world: {
            "resourceId": world.out("ElasticIp", "allocationId"),
            "tags": {"team": "a", "my_tag": "x"},
        },
        (),
        change={"tags": {"team": "b"}},
        replaced_by={"resourceId": "eipalloc-2"},
        drift=lambda aws, made: aws.client("ec2").delete_tags(Resources=[made.id], Tags=[{"Key": "team"}]),
        drifts="tags",
    ),
    "NetworkInterface": Object(
        InterfaceProvider(),
        lambda world: {
            "subnetId": world.out("Subnet", "subnetId"),
            "securityGroupIds": [world.out("SecurityGroup", "securityGroupId")],
            "description": "a host's",
        },
        ("networkInterfaceId", "privateIp"),
        change={"description": "another host's"},
        replaced_by={"subnetId": "subnet-2"},
        drift=lambda aws, made: aws.client("ec2").modify_network_interface_attribute(
            NetworkInterfaceId=made.id, Description={"Value": "by hand"}
        ),
        drifts="description",
    ),
    "ElasticIpAssociation": Object(
        AssocProvider(),
        lambda world: {
            "allocationId": world.out("ElasticIp", "allocationId"),
            "publicIp": world.out("ElasticIp", "publicIp"),
            # the route stands for the attached gateway
            "networkInterfaceId": world.made("RouteTable") and world.made("NetworkInterface").id,
        },
        ("associationId",),
        change={},
        replaced_by={"allocationId": "eipalloc-2"},
    ),
    "Secret": Object(
        SecretProvider(),
        lambda world: {
            "name": world.name("key"),
            "description": "a key",
            "recoveryWindowDays": 7,
            "hostRoleName": world.name("role"),
        },
        ("arn", "name", "policy"),
        change={
            "description": "the key",
            "recoveryWindowDays": 30,
            "tags": {"team": "b"},
            "hostRoleName": "another-role",
            "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/0f8fad5b-d9cb-469f-a165-70867728950e",
        },
        replaced_by={"name": "another"},
        drift=lambda aws, made: aws.client("secretsmanager").delete_secret(
            SecretId=made.id, RecoveryWindowInDays=7
        ),
        drifts="scheduledForDeletion",
    ),
    "Role": Object(
        RoleProvider(),
        lambda world: {
            "name": world.name("role"),
            "secretArn": world.out("Secret", "arn"),
            "assumeRolePolicy": TRUST,
            "inlinePolicies": {"read-key": document("secretsmanager:GetSecretValue")},
        },
        ("arn", "roleName"),
        change={"inlinePolicies": {"read": document("secretsmanager:DescribeSecret")}, "tags": {"team": "b"}},
        replaced_by={"name": "another"},
        drift=lambda aws, made: aws.client("iam").put_role_policy(
            RoleName=made.id, PolicyName="by-hand", PolicyDocument=document("*")
        ),
        drifts="inlinePolicies",
    ),
    "InstanceProfile": Object(
        ProfileProvider(),
        lambda world: {"name": world.name("profile"), "roleName": world.out("Role", "roleName")},
        ("arn", "profileName"),
        change={"tags": {"team": "b"}},
        replaced_by={"name": "another"},
        drift=lambda aws, made: aws.client("iam").remove_role_from_instance_profile(
            InstanceProfileName=made.id, RoleName=made.outs["roleName"]
        ),
        drifts="roleName",
    ),
    "Instance": Object(
        InstanceProvider(),
        lambda world: {
            "name": world.name("host"),
            "networkInterfaceId": world.made("ElasticIpAssociation").outs["networkInterfaceId"],
            "instanceProfileName": world.out("InstanceProfile", "profileName"),
            "instanceType": "t4g.micro",
            "architecture": "arm64",
            "userData": "#cloud-config\n",
            "tags": {"team": "a"},
        },
        ("instanceId", "imageId", "availabilityZone"),
        change={"tags": {"team": "b"}, "name": "renamed"},
        replaced_by={
            "networkInterfaceId": "eni-2",
            "instanceProfileName": "another",
            "instanceType": "t3.micro",
            "architecture": "x86_64",
            "userData": "#cloud-config\nruncmd: []\n",
            "imageId": "ami-2",
            "rootVolume": {"encrypted": True, "type": "gp3", "size": 20},
        },
        drift=lambda aws, made: aws.client("ec2").modify_instance_metadata_options(
            InstanceId=made.id, HttpTokens="optional"
        ),
        drifts="metadata",
    ),
}


def provider_of(resource: str) -> str:
    """The provider as it lies in the state."""
    return str(serialize_provider(OBJECTS[resource].provider))
