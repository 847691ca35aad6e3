from __future__ import annotations

import ipaddress
import socket

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.world import World, refused


class TestAddressesCanReallyBeSentFrom:
    """The exchange's whitelist is tried with real connections, so the sandbox's address must be one."""

    def test_an_address_can_be_bound_and_is_no_well_known_loopback(self, aws: World) -> None:
        for _ in range(5):
            given = aws.address()["PublicIp"]
            with socket.socket() as probe:
                probe.bind((given, 0))
            assert given != "127.255.255.255"
            assert ipaddress.ip_address(given) not in ipaddress.ip_network("127.0.0.0/15")


class TestAnAddressIsHeldByItsInterface:
    """An address that works here before the gateway is attached fails on AWS at the first `up`.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
    """

    def test_without_an_attached_gateway_it_is_refused(self, aws: World) -> None:
        interface = aws.network(gateway=False)["interface"]
        with refused("Gateway.NotAttached"):
            aws.address(interface)

    def test_omitting_reassociation_moves_it_and_frees_the_former_interface(self, aws: World) -> None:
        network = aws.network()
        other = aws.interface(network["subnet"])
        address = aws.address(network["interface"])
        aws.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=other)
        (seen,) = aws.ec2.describe_addresses()["Addresses"]
        assert seen["NetworkInterfaceId"] == other
        (former,) = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[network["interface"]])[
            "NetworkInterfaces"
        ]
        assert "Association" not in former

    def test_reassociation_forbidden_leaves_it_where_it_is(self, aws: World) -> None:
        network = aws.network()
        address = aws.address(network["interface"])
        wanted = {"AllocationId": address["AllocationId"], "AllowReassociation": False}
        with refused("Resource.AlreadyAssociated"):
            aws.ec2.associate_address(NetworkInterfaceId=aws.interface(network["subnet"]), **wanted)
        aws.ec2.associate_address(NetworkInterfaceId=network["interface"], **wanted)

    def test_a_second_address_replaces_the_first_which_stays_allocated(self, aws: World) -> None:
        interface = aws.network()["interface"]
        first, second = aws.address(interface), aws.address(interface)
        by_ip = {seen["PublicIp"]: seen for seen in aws.ec2.describe_addresses()["Addresses"]}
        assert "AssociationId" not in by_ip[first["PublicIp"]]
        assert by_ip[second["PublicIp"]]["NetworkInterfaceId"] == interface

    def test_it_shows_the_instance_behind_the_interface_as_long_as_there_is_one(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.address(interface)
        instance = aws.launch(interface)
        assert aws.ec2.describe_addresses()["Addresses"][0]["InstanceId"] == instance
        aws.ec2.terminate_instances(InstanceIds=[instance])
        assert not aws.ec2.describe_addresses()["Addresses"][0].get("InstanceId")

    def test_a_pending_instance_cannot_be_given_one(self, still: World) -> None:
        interface = still.network()["interface"]
        still.launch(interface)
        with refused("IncorrectInstanceState"):
            still.address(interface)

    def test_deleting_the_interface_frees_it(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.address(interface)
        aws.ec2.delete_network_interface(NetworkInterfaceId=interface)
        assert "AssociationId" not in aws.ec2.describe_addresses()["Addresses"][0]


class TestAnAddressInUseIsNotReleased:
    """A released address is gone for good, and with it the whitelist of a live key.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html
    """

    def test_release_while_associated_is_refused(self, aws: World) -> None:
        address = aws.address(aws.network()["interface"])
        with refused("InvalidIPAddress.InUse"):
            aws.ec2.release_address(AllocationId=address["AllocationId"])
        association = aws.ec2.describe_addresses()["Addresses"][0]["AssociationId"]
        aws.ec2.disassociate_address(AssociationId=association)
        aws.ec2.release_address(AllocationId=address["AllocationId"])
        with refused("InvalidAllocationID.NotFound"):
            aws.ec2.release_address(AllocationId=address["AllocationId"])

    def test_a_released_address_can_be_recovered_by_who_had_it_and_no_other_can(self, aws: World) -> None:
        address = aws.address()
        aws.ec2.release_address(AllocationId=address["AllocationId"])
        assert aws.ec2.allocate_address(Address=address["PublicIp"])["PublicIp"] == address["PublicIp"]
        with pytest.raises(ClientError):
            aws.ec2.allocate_address(Address="127.77.1.2")
