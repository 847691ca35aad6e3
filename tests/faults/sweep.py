"""Takes an account back to what it was given with, whoever owns what is in it. For tests alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.faults.census import KINDS, Objects

Left = Callable[[str], list[str]]


def sweep(aws: Any, keep: Objects) -> None:
    """Remove all but what is to be kept; AssertionError if something would not go."""

    def left(kind: str) -> list[str]:
        return sorted({id_ for id_, _ in KINDS[kind](aws)} - keep[kind])

    _hosts(aws.client("ec2"), left)
    _network(aws.client("ec2"), left)
    _identities(aws.client("iam"), left)
    for id_ in left("secret"):
        with contextlib.suppress(ClientError):
            aws.client("secretsmanager").restore_secret(SecretId=id_)
        aws.client("secretsmanager").delete_secret(SecretId=id_, ForceDeleteWithoutRecovery=True)
    remains = {kind: left(kind) for kind in KINDS if left(kind)}
    assert not remains, f"the sweep left {remains}"


def _hosts(ec2: Any, left: Left) -> None:
    for id_ in left("instance"):
        ec2.terminate_instances(InstanceIds=[id_])
    for id_ in left("address"):
        (row,) = ec2.describe_addresses(AllocationIds=[id_])["Addresses"]
        if row.get("AssociationId"):
            ec2.disassociate_address(AssociationId=row["AssociationId"])
        ec2.release_address(AllocationId=id_)
    for id_ in left("network interface"):
        ec2.delete_network_interface(NetworkInterfaceId=id_)
    for id_ in left("volume"):
        ec2.delete_volume(VolumeId=id_)


def _network(ec2: Any, left: Left) -> None:
    for id_ in left("route table"):
        (row,) = ec2.describe_route_tables(RouteTableIds=[id_])["RouteTables"]
        if not any(one.get("Main") for one in row["Associations"]):
            for one in row["Associations"]:
                ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])
            ec2.delete_route_table(RouteTableId=id_)
    for id_ in left("internet gateway"):
        (row,) = ec2.describe_internet_gateways(InternetGatewayIds=[id_])["InternetGateways"]
        for one in row["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=one["VpcId"])
        ec2.delete_internet_gateway(InternetGatewayId=id_)
    for id_ in left("security group"):
        (row,) = ec2.describe_security_groups(GroupIds=[id_])["SecurityGroups"]
        if row["GroupName"] != "default":
            ec2.delete_security_group(GroupId=id_)
    for id_ in left("subnet"):
        ec2.delete_subnet(SubnetId=id_)
    for id_ in left("VPC"):
        ec2.delete_vpc(VpcId=id_)


def _identities(iam: Any, left: Left) -> None:
    for name in left("instance profile"):
        for role in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
        iam.delete_instance_profile(InstanceProfileName=name)
    for name in left("role"):
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)
