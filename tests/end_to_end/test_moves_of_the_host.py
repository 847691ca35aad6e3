"""The host moves to another zone and to a network of the user's, and its address goes along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.stack import Stack

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("moves")) as made:
        ran = made.up()
        assert ran.status == 0, ran.output
        yield made


def host(stack: Stack) -> dict[str, Any]:
    """The one host that is alive, with the address that it leaves from."""
    [host] = [
        row
        for reservation in stack.aws.client("ec2").describe_instances()["Reservations"]
        for row in reservation["Instances"]
        if row["State"]["Name"] == "running"
    ]
    [address] = stack.aws.client("ec2").describe_addresses()["Addresses"]
    [interface] = host["NetworkInterfaces"]
    assert address["NetworkInterfaceId"] == interface["NetworkInterfaceId"]
    [subnet] = stack.aws.client("ec2").describe_subnets(SubnetIds=[interface["SubnetId"]])["Subnets"]
    return {
        "id": host["InstanceId"],
        "zone": subnet["AvailabilityZone"],
        "subnet": subnet["SubnetId"],
        "address": address["PublicIp"],
        "allocation": address["AllocationId"],
    }


def unchanged(stack: Stack) -> None:
    ran = stack.pulumi("preview", "--expect-no-changes", "--stack", "sandbox")
    assert ran.status == 0, ran.output


class TestAnotherZone:
    """The new subnet had the old one's range, so AWS refused it, and the host stayed where it was."""

    def test_the_zone_that_it_lies_in_moves_nothing(self, stack: Stack) -> None:
        before = host(stack)
        ran = stack.up(availabilityZone=before["zone"])
        assert ran.status == 0, ran.output
        assert host(stack) == before

    def test_another_zone_moves_all_but_the_address(self, stack: Stack) -> None:
        before, objects = host(stack), stack.objects()
        zone = next(f"us-east-1{letter}" for letter in "bc" if f"us-east-1{letter}" != before["zone"])
        ran = stack.up(availabilityZone=zone)
        assert ran.status == 0, ran.output
        after = host(stack)
        assert after["zone"] == zone
        assert after["id"] != before["id"]
        assert (after["address"], after["allocation"]) == (before["address"], before["allocation"])
        now = stack.objects()
        assert before["subnet"] not in now["subnet"]
        assert {kind: len(ids) for kind, ids in now.items()} == {
            kind: len(ids) for kind, ids in objects.items()
        }
        unchanged(stack)


class TestANetworkOfTheUsers:
    """A network that a company had made had to be made again, or the host could not be there."""

    def test_the_host_goes_there_and_comes_back_with_its_address(self, stack: Stack) -> None:
        ec2, before, objects = stack.aws.client("ec2"), host(stack), stack.objects()
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/28", AvailabilityZone="us-east-1c")[
            "Subnet"
        ]["SubnetId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ran = stack.up(vpcId=vpc, subnetId=subnet)
        assert ran.status != 0
        assert "no route 0.0.0.0/0" in ran.error
        assert host(stack) == before

        [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        ec2.create_route(
            RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
        )
        theirs = {"VPC": vpc, "subnet": subnet, "internet gateway": gateway}
        ran = stack.up(vpcId=vpc, subnetId=subnet)
        assert ran.status == 0, ran.output
        there = host(stack)
        assert (there["subnet"], there["address"]) == (subnet, before["address"])
        assert {kind: stack.objects()[kind] for kind in theirs} == {k: {id_} for k, id_ in theirs.items()}
        unchanged(stack)

        ran = stack.up()
        assert ran.status == 0, ran.output
        assert host(stack)["address"] == before["address"]
        now = stack.objects()
        assert len(now["subnet"]) == len(objects["subnet"]) + 1
        assert {vpc, subnet, gateway} <= {id_ for ids in now.values() for id_ in ids}
        unchanged(stack)
