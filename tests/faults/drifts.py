"""What a hand at the console, or another tool, can do to a stack: the table of drifts.

Each row does one thing to one object and says how the next `up` has to end it: repaired, or told in one line
that it is not done by itself and which command does it (`mended` is then what the line asks for), or shown by
a refresh and left as it is, since it is nobody's fault and an operator's own doing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.providers.aws.world import OBJECTS, document

Row = dict[str, Any]
OWNER = "cexio-bot:owner"
TEAM = {"team": "trading"}
USERS_TAG = next(iter(TEAM))
EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Scene:
    """A stack's objects, by the name of their resource."""

    aws: Any
    ids: Mapping[str, str]

    @property
    def ec2(self) -> Any:
        return self.aws.client("ec2")

    @property
    def iam(self) -> Any:
        return self.aws.client("iam")

    @property
    def secrets(self) -> Any:
        return self.aws.client("secretsmanager")

    @property
    def address(self) -> Row:
        return dict(self.ec2.describe_addresses(AllocationIds=[self.ids["ElasticIp"]])["Addresses"][0])

    @property
    def interface(self) -> Row:
        found = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[self.ids["NetworkInterface"]])
        return dict(found["NetworkInterfaces"][0])

    @property
    def table(self) -> Row:
        found = self.ec2.describe_route_tables(RouteTableIds=[self.ids["RouteTable"]])
        return dict(found["RouteTables"][0])

    def tidy(self) -> None:
        """Take away what hands left lying beside the stack's objects, so that the network can go."""
        ec2, subnet, vpc = self.ec2, self.ids["Subnet"], self.ids["Vpc"]
        for nat in ec2.describe_nat_gateways(Filters=_where("subnet-id", subnet))["NatGateways"]:
            if nat["State"] != "deleted":
                ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
        for row in ec2.describe_network_interfaces(Filters=_where("subnet-id", subnet))["NetworkInterfaces"]:
            if row["NetworkInterfaceId"] != self.ids["NetworkInterface"]:
                ec2.delete_network_interface(NetworkInterfaceId=row["NetworkInterfaceId"])
        for table in ec2.describe_route_tables(Filters=_where("vpc-id", vpc))["RouteTables"]:
            used = any(one.get("Main") or one.get("SubnetId") for one in table["Associations"])
            if not used and table["RouteTableId"] != self.ids["RouteTable"]:
                ec2.delete_route_table(RouteTableId=table["RouteTableId"])

    def stop(self) -> None:
        self.ec2.stop_instances(InstanceIds=[self.ids["Instance"]])
        self.ec2.get_waiter("instance_stopped").wait(
            InstanceIds=[self.ids["Instance"]], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )

    def start(self) -> None:
        self.ec2.start_instances(InstanceIds=[self.ids["Instance"]])

    def instance(self, **attribute: Any) -> None:
        self.ec2.modify_instance_attribute(InstanceId=self.ids["Instance"], **attribute)

    def detail(self, **attribute: Any) -> None:
        self.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=self.ids["NetworkInterface"], **attribute
        )


def _where(name: str, value: str) -> list[Row]:
    return [{"Name": name, "Values": [value]}]


Hand = Callable[[Scene], object]


@dataclass(frozen=True)
class Drift:
    """kind: the resource that must show it. says: what the line holds, where `up` does not repair it.

    What is left as it is, is no change for an engine: there the line is one of the refresh.
    """

    name: str
    kind: str
    hand: Hand
    ends: Literal["repaired", "told", "left"] = "repaired"
    says: str = ""
    mended: Hand | None = None
    alone: bool = False  # not together with others in one run

    @property
    def apart(self) -> bool:
        return self.alone or self.ends != "repaired"


# ---- Address -------------------------------------------------------------------------------------------


def _disassociate(scene: Scene) -> None:
    scene.ec2.disassociate_address(AssociationId=scene.address["AssociationId"])


def _release(scene: Scene) -> None:
    _disassociate(scene)
    scene.ec2.release_address(AllocationId=scene.ids["ElasticIp"])


def _to_foreign_interface(scene: Scene) -> None:
    foreign = scene.ec2.create_network_interface(SubnetId=scene.ids["Subnet"])["NetworkInterface"]
    scene.ec2.associate_address(
        AllocationId=scene.ids["ElasticIp"],
        NetworkInterfaceId=foreign["NetworkInterfaceId"],
        AllowReassociation=True,
    )


def _from_foreign_interface(scene: Scene) -> None:
    holder = scene.address["NetworkInterfaceId"]
    _disassociate(scene)
    scene.ec2.delete_network_interface(NetworkInterfaceId=holder)


ADDRESS = [
    Drift("address disassociated", "ElasticIpAssociation", _disassociate),
    Drift("address released", "ElasticIp", _release, alone=True),
    Drift(
        "address moved to a foreign interface",
        "ElasticIpAssociation",
        _to_foreign_interface,
        ends="told",
        says="disassociate it there first",
        mended=_from_foreign_interface,
    ),
]


# ---- Tags ----------------------------------------------------------------------------------------------


def _untagged(kind: str, key: str) -> Hand:
    def hand(scene: Scene) -> None:
        id_ = scene.ids[kind]
        if kind == "Role":
            scene.iam.untag_role(RoleName=id_, TagKeys=[key])
        elif kind == "InstanceProfile":
            scene.iam.untag_instance_profile(InstanceProfileName=id_, TagKeys=[key])
        elif kind == "Secret":
            scene.secrets.untag_resource(SecretId=id_, TagKeys=[key])
        else:
            scene.ec2.delete_tags(Resources=[id_], Tags=[{"Key": key}])

    return hand


TAGGED = [kind for kind in OBJECTS if kind not in ("Tags", "ElasticIpAssociation", "ExistingNetwork")]
TAGS = [
    *(Drift(f"owner tag removed from {kind}", kind, _untagged(kind, OWNER)) for kind in TAGGED),
    *(
        Drift(f"user's tag removed from {kind}", kind, _untagged(kind, USERS_TAG))
        for kind in TAGGED
        if kind != "ElasticIp"
    ),
    Drift("user's tag removed from ElasticIp", "Tags", _untagged("ElasticIp", USERS_TAG)),
]


# ---- Firewall ------------------------------------------------------------------------------------------


def _rule(way: str, change: str = "authorize", **rule: Any) -> Hand:
    def hand(scene: Scene) -> None:
        group = scene.ids["SecurityGroup"]
        given = {name: value(scene) if callable(value) else value for name, value in rule.items()}
        permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **given}
        call = getattr(scene.ec2, f"{change}_security_group_{way}")
        call(GroupId=group, IpPermissions=[permission])

    return hand


ANY4: Row = {"IpRanges": [{"CidrIp": EVERYWHERE}]}
ALL: Row = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1}
FIREWALL = [
    Drift("ingress opened, IPv4", "SecurityGroup", _rule("ingress", **ANY4)),
    Drift("ingress opened, IPv6", "SecurityGroup", _rule("ingress", Ipv6Ranges=[{"CidrIpv6": "::/0"}])),
    Drift(
        "ingress opened to a group",
        "SecurityGroup",
        _rule("ingress", UserIdGroupPairs=lambda scene: [{"GroupId": scene.ids["SecurityGroup"]}]),
    ),
    Drift("ingress opened, range of ports", "SecurityGroup", _rule("ingress", **ANY4, ToPort=9000)),
    Drift("ingress opened, all traffic", "SecurityGroup", _rule("ingress", **ANY4, **ALL)),
    Drift("egress widened to all traffic", "SecurityGroup", _rule("egress", **ANY4, **ALL)),
    Drift("egress removed", "SecurityGroup", _rule("egress", "revoke", **ANY4, FromPort=443, ToPort=443)),
]


# ---- Interface -----------------------------------------------------------------------------------------


def _default_group(scene: Scene) -> str:
    of_network = [
        {"Name": "vpc-id", "Values": [scene.ids["Vpc"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    return str(scene.ec2.describe_security_groups(Filters=of_network)["SecurityGroups"][0]["GroupId"])


INTERFACE = [
    Drift(
        "interface's groups changed",
        "NetworkInterface",
        lambda scene: scene.detail(Groups=[_default_group(scene)]),
    ),
    Drift(
        "source/destination check off",
        "NetworkInterface",
        lambda scene: scene.detail(SourceDestCheck={"Value": False}),
    ),
    Drift(
        "IPv6 address on the interface",
        "NetworkInterface",
        lambda scene: scene.ec2.assign_ipv6_addresses(
            NetworkInterfaceId=scene.ids["NetworkInterface"], Ipv6Addresses=["2001:db8:1234:1a00::7"]
        ),
    ),
    Drift(
        "interface to be deleted with its host",
        "NetworkInterface",
        lambda scene: scene.detail(
            Attachment={
                "AttachmentId": scene.interface["Attachment"]["AttachmentId"],
                "DeleteOnTermination": True,
            }
        ),
    ),
]


# ---- Network -------------------------------------------------------------------------------------------


def _nat(scene: Scene) -> str:
    """A NAT gateway in another subnet of the network, which it is made with."""
    made = scene.ec2.create_nat_gateway(SubnetId=scene.ids["Subnet"], ConnectivityType="private")
    return str(made["NatGateway"]["NatGatewayId"])


def _default_to_nat(scene: Scene) -> None:
    scene.ec2.replace_route(
        RouteTableId=scene.ids["RouteTable"], DestinationCidrBlock=EVERYWHERE, NatGatewayId=_nat(scene)
    )


def _half_to_nat(scene: Scene) -> None:
    scene.ec2.create_route(
        RouteTableId=scene.ids["RouteTable"], DestinationCidrBlock="0.0.0.0/1", NatGatewayId=_nat(scene)
    )


def _default_to_nothing(scene: Scene) -> None:
    """A route that leads to what is deleted afterwards is a blackhole."""
    _default_to_nat(scene)
    nat = next(route for route in scene.table["Routes"] if route.get("NatGatewayId"))["NatGatewayId"]
    scene.ec2.delete_nat_gateway(NatGatewayId=nat)


def _table_left(scene: Scene) -> None:
    for one in scene.table["Associations"]:
        scene.ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])


def _another_table(scene: Scene) -> None:
    other = scene.ec2.create_route_table(VpcId=scene.ids["Vpc"])["RouteTable"]["RouteTableId"]
    for one in scene.table["Associations"]:
        scene.ec2.replace_route_table_association(
            AssociationId=one["RouteTableAssociationId"], RouteTableId=other
        )


def _gateway_off(scene: Scene) -> None:
    """AWS lets go of a gateway only when no address of the network is in use."""
    _disassociate(scene)
    scene.ec2.detach_internet_gateway(InternetGatewayId=scene.ids["InternetGateway"], VpcId=scene.ids["Vpc"])


def _table_gone(scene: Scene) -> None:
    _table_left(scene)
    scene.ec2.delete_route_table(RouteTableId=scene.ids["RouteTable"])


NETWORK = [
    Drift(
        "default route removed",
        "RouteTable",
        lambda scene: scene.ec2.delete_route(
            RouteTableId=scene.ids["RouteTable"], DestinationCidrBlock=EVERYWHERE
        ),
    ),
    Drift("default route to a NAT gateway", "RouteTable", _default_to_nat),
    Drift("default route to nothing (blackhole)", "RouteTable", _default_to_nothing),
    Drift("half of the internet to a NAT gateway", "RouteTable", _half_to_nat),
    Drift("route table taken off the subnet", "RouteTable", _table_left),
    Drift("subnet put on another route table", "RouteTable", _another_table),
    Drift("route table deleted", "RouteTable", _table_gone),
    Drift("internet gateway detached", "InternetGateway", _gateway_off, alone=True),
    Drift(
        "subnet gives public addresses",
        "Subnet",
        lambda scene: scene.ec2.modify_subnet_attribute(
            SubnetId=scene.ids["Subnet"], MapPublicIpOnLaunch={"Value": True}
        ),
    ),
    Drift(
        "subnet gives IPv6 addresses",
        "Subnet",
        lambda scene: scene.ec2.modify_subnet_attribute(
            SubnetId=scene.ids["Subnet"], AssignIpv6AddressOnCreation={"Value": True}
        ),
    ),
    Drift(
        "IPv6 range added to the subnet",
        "Subnet",
        lambda scene: scene.ec2.associate_subnet_cidr_block(
            SubnetId=scene.ids["Subnet"], Ipv6CidrBlock="2001:db8:1234:1a00::/64"
        ),
    ),
]


# ---- Role and profile ----------------------------------------------------------------------------------

ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def _policy(scene: Scene, name: str, *actions: str) -> None:
    scene.iam.put_role_policy(RoleName=scene.ids["Role"], PolicyName=name, PolicyDocument=document(*actions))


def _managed(scene: Scene) -> None:
    made = scene.iam.create_policy(PolicyName="by-hand", PolicyDocument=document("s3:*"))
    scene.iam.attach_role_policy(RoleName=scene.ids["Role"], PolicyArn=made["Policy"]["Arn"])


def _other_role(scene: Scene) -> None:
    scene.iam.create_role(RoleName="by-hand", AssumeRolePolicyDocument=json.dumps(ANYBODY))
    names = {"InstanceProfileName": scene.ids["InstanceProfile"]}
    scene.iam.remove_role_from_instance_profile(**names, RoleName=scene.ids["Role"])
    scene.iam.add_role_to_instance_profile(**names, RoleName="by-hand")


ROLE = [
    Drift("role: inline policy added", "Role", lambda scene: _policy(scene, "by-hand", "s3:*")),
    Drift("role: inline policy changed", "Role", lambda scene: _policy(scene, "read-key", "*")),
    Drift(
        "role: inline policy removed",
        "Role",
        lambda scene: scene.iam.delete_role_policy(RoleName=scene.ids["Role"], PolicyName="read-key"),
    ),
    Drift("role: managed policy attached", "Role", _managed),
    Drift(
        "role: trust policy opened",
        "Role",
        lambda scene: scene.iam.update_assume_role_policy(
            RoleName=scene.ids["Role"], PolicyDocument=json.dumps(ANYBODY)
        ),
    ),
    Drift("profile: role exchanged", "InstanceProfile", _other_role),
    Drift(
        "profile: role taken out",
        "InstanceProfile",
        lambda scene: scene.iam.remove_role_from_instance_profile(
            InstanceProfileName=scene.ids["InstanceProfile"], RoleName=scene.ids["Role"]
        ),
    ),
]


# ---- Secret --------------------------------------------------------------------------------------------


def _opened(scene: Scene) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    scene.secrets.put_resource_policy(
        SecretId=scene.ids["Secret"],
        ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


SECRET = [
    Drift("secret: policy opened", "Secret", _opened),
    Drift(
        "secret: policy removed",
        "Secret",
        lambda scene: scene.secrets.delete_resource_policy(SecretId=scene.ids["Secret"]),
    ),
    Drift(
        "secret scheduled for deletion",
        "Secret",
        lambda scene: scene.secrets.delete_secret(SecretId=scene.ids["Secret"], RecoveryWindowInDays=7),
    ),
    Drift(
        "secret deleted for good",
        "Secret",
        lambda scene: scene.secrets.delete_secret(
            SecretId=scene.ids["Secret"], ForceDeleteWithoutRecovery=True
        ),
        alone=True,
    ),
]


# ---- Instance ------------------------------------------------------------------------------------------


def _metadata(**options: Any) -> Hand:
    return lambda scene: scene.ec2.modify_instance_metadata_options(
        InstanceId=scene.ids["Instance"], **options
    )


def _terminated(scene: Scene) -> None:
    scene.ec2.terminate_instances(InstanceIds=[scene.ids["Instance"]])
    scene.ec2.get_waiter("instance_terminated").wait(
        InstanceIds=[scene.ids["Instance"]], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def _typed(size: str) -> Hand:
    def hand(scene: Scene) -> None:
        scene.stop()
        scene.instance(InstanceType={"Value": size})
        scene.start()

    return hand


def _fed(text: str) -> Hand:
    def hand(scene: Scene) -> None:
        scene.stop()
        scene.instance(UserData={"Value": text.encode()})
        scene.start()

    return hand


def _other_profile(scene: Scene) -> None:
    """A profile with more rights, put on the running machine."""
    scene.iam.create_role(RoleName="wide", AssumeRolePolicyDocument=json.dumps(ANYBODY))
    scene.iam.create_instance_profile(InstanceProfileName="wide")
    scene.iam.add_role_to_instance_profile(InstanceProfileName="wide", RoleName="wide")
    of_machine = [{"Name": "instance-id", "Values": [scene.ids["Instance"]]}]
    found = scene.ec2.describe_iam_instance_profile_associations(Filters=of_machine)
    scene.ec2.replace_iam_instance_profile_association(
        AssociationId=found["IamInstanceProfileAssociations"][0]["AssociationId"],
        IamInstanceProfile={"Name": "wide"},
    )


INSTANCE = [
    Drift("IMDSv1 allowed", "Instance", _metadata(HttpTokens="optional")),
    Drift("metadata hop limit raised", "Instance", _metadata(HttpPutResponseHopLimit=3)),
    Drift("metadata switched off", "Instance", _metadata(HttpEndpoint="disabled")),
    Drift("instance stopped", "Instance", lambda scene: scene.stop()),
    Drift("instance terminated", "Instance", _terminated, alone=True),
    Drift(
        "termination protection on",
        "Instance",
        lambda scene: scene.instance(DisableApiTermination={"Value": True}),
        ends="left",
        says="has termination protection",
        mended=lambda scene: scene.instance(DisableApiTermination={"Value": False}),
    ),
    Drift("another instance profile", "Instance", _other_profile),
    Drift(
        "instance's type changed",
        "Instance",
        _typed("t4g.large"),
        ends="told",
        says="t4g.large",
        mended=_typed("t4g.micro"),
    ),
    Drift(
        "user data changed",
        "Instance",
        _fed("#cloud-config\n# by hand\n"),
        ends="told",
        says="user data",
        mended=_terminated,
    ),
]

DRIFTS = [*ADDRESS, *TAGS, *FIREWALL, *INTERFACE, *NETWORK, *ROLE, *SECRET, *INSTANCE]


def rounds(drifts: list[Drift]) -> list[list[Drift]]:
    """The drifts in as few runs as can be: those of one round are of different resources."""
    apart = [[drift] for drift in drifts if drift.apart]
    shared: list[list[Drift]] = []
    for drift in drifts:
        if not drift.apart:
            room = [one for one in shared if drift.kind not in {other.kind for other in one}]
            if room:
                room[0].append(drift)
            else:
                shared.append([drift])
    return [*shared, *apart]
