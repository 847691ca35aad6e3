"""`aws:Subnet`: where a host's interface lies. Gives no public addresses of its own accord, and has no IPv6.

An address given out automatically would be the sender of the first packets, before ours is associated; one of
IPv6 would be the sender of others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws.failures import REFUSED, code_of, is_unknown_call
from providers.aws.networks import Cidr
from providers.aws.ownership import SUBNET, Row
from providers.aws.resource import Ec2Provider, OwnedInputs
from providers.aws.waiting import CLEARING, removed
from providers.aws.ways_out import ipv6_blocks
from providers.contract import Resource, known

ZONE = r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$"


class SubnetInputs(OwnedInputs):
    """availabilityZone: left out, one that has `instanceType`, else AWS's choice; it then stays."""

    vpc_id: str = Field(pattern=r"^vpc-")
    cidr: Cidr
    availability_zone: str | None = Field(default=None, pattern=ZONE)
    instance_type: str | None = None


class SubnetProvider(Ec2Provider[SubnetInputs]):
    """Network, range and zone are fixed; a new subnet is made before the old one goes.

    The range belongs to the zone: where network and zone stay, the range that the subnet once got stays too,
    so that naming the zone it already lies in moves nothing.
    """

    inputs = SubnetInputs
    kind = SUBNET
    could_double = False
    replaced_by = ("vpcId", "cidr", "availabilityZone")
    pinned = ("availabilityZone",)

    def fits(self, row: Row, wanted: SubnetInputs) -> bool:
        return bool(
            row["VpcId"] == wanted.vpc_id and wanted.availability_zone in (None, row["AvailabilityZone"])
        )

    def _differs(self, name: str, olds: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        if name == "instanceType":
            return False  # it chose the zone once; a host that moves for it is asked for by a zone
        differs = super()._differs(name, olds, wanted)
        if name != "cidr" or not differs or not known(wanted.get("cidr")):
            return differs
        return self._differs("vpcId", olds, wanted) or self._differs("availabilityZone", olds, wanted)

    def request(self, ec2: Any, wanted: SubnetInputs, tags: list[Any]) -> Any:
        chosen = wanted.availability_zone or self._zone_with(wanted.instance_type)
        zone = {"AvailabilityZone": chosen} if chosen else {}
        return ec2.create_subnet(VpcId=wanted.vpc_id, CidrBlock=wanted.cidr, TagSpecifications=tags, **zone)[
            "Subnet"
        ]

    def _zone_with(self, instance_type: str | None) -> str | None:
        """The first zone that has the machine: AWS's own choice may be one that has not."""
        if instance_type is None:
            return None
        of_type: list[Any] = [{"Name": "instance-type", "Values": [instance_type]}]
        try:
            offered = self.ec2.describe_instance_type_offerings(
                LocationType="availability-zone", Filters=of_type
            )["InstanceTypeOfferings"]
        except ClientError as error:
            if is_unknown_call(error) or code_of(error) in REFUSED:
                return None  # an emulator has no types to run out of; and who may not ask takes AWS's choice
            raise
        return min((str(one["Location"]) for one in offered if _plain(one["Location"])), default=None)

    def align(self, id_: str, wanted: SubnetInputs, before: Mapping[str, Any]) -> None:
        row, ec2 = self.row(id_), self.ec2
        if row.get("MapPublicIpOnLaunch"):
            ec2.modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch={"Value": False})
        if row.get("AssignIpv6AddressOnCreation"):
            ec2.modify_subnet_attribute(SubnetId=id_, AssignIpv6AddressOnCreation={"Value": False})
        for block in ipv6_blocks(row):
            association = block["AssociationId"]
            removed(partial(ec2.disassociate_subnet_cidr_block, AssociationId=association), CLEARING)
        self.align_tags(id_, wanted, before)

    def shown(self, row: Row, _recorded: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "subnetId": row["SubnetId"],
            "vpcId": row["VpcId"],
            "cidr": row["CidrBlock"],
            "availabilityZone": row["AvailabilityZone"],
            "givesPublicAddresses": bool(row.get("MapPublicIpOnLaunch")),
            "givesIpv6Addresses": bool(row.get("AssignIpv6AddressOnCreation")),
            "ipv6Ranges": [str(block["Ipv6CidrBlock"]) for block in ipv6_blocks(row)],
        }

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        names = ("givesPublicAddresses", "givesIpv6Addresses", "ipv6Ranges")
        return any(olds.get(name) for name in names)

    def remove(self, id_: str, _recorded: Mapping[str, Any]) -> None:
        removed(lambda: self.ec2.delete_subnet(SubnetId=id_), CLEARING)


def _plain(zone: str) -> bool:
    """Whether it is a zone of the region, not a local one."""
    return re.fullmatch(ZONE, zone) is not None


class Subnet(Resource, module="aws", name="Subnet"):
    """A subnet. EC2 API: CreateSubnet."""

    subnet_id: pulumi.Output[str]
    availability_zone: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        vpc_id: pulumi.Input[str],
        cidr: pulumi.Input[str],
        availability_zone: pulumi.Input[str] | None = None,
        instance_type: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "vpcId": vpc_id,
            "cidr": cidr,
            "availabilityZone": availability_zone,
            "instanceType": instance_type,
            "tags": tags,
            "subnetId": None,
        }
        super().__init__(SubnetProvider(), resource_name, properties, opts)
