"""`aws:Vpc`: the network of a host. IPv4 only; nothing in it is made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from providers.aws.networks import Cidr
from providers.aws.ownership import VPC, Row
from providers.aws.resource import Ec2Provider, OwnedInputs
from providers.aws.waiting import CLEARING, removed
from providers.contract import Resource


class VpcInputs(OwnedInputs):
    """cidr: an IPv4 network of length 16 to 28."""

    cidr: Cidr


class VpcProvider(Ec2Provider[VpcInputs]):
    """Another address range is another network: the new one is made before the old one goes."""

    inputs = VpcInputs
    kind = VPC
    replaced_by = ("cidr",)

    def fits(self, row: Row, wanted: VpcInputs) -> bool:
        return bool(row["CidrBlock"] == wanted.cidr)

    def request(self, ec2: Any, wanted: VpcInputs, tags: list[Any]) -> Any:
        return ec2.create_vpc(CidrBlock=wanted.cidr, TagSpecifications=tags)["Vpc"]

    def align(self, id_: str, wanted: VpcInputs, before: Mapping[str, Any]) -> None:
        self.align_tags(id_, wanted, before)

    def shown(self, row: Row, _recorded: Mapping[str, Any]) -> dict[str, Any]:
        return {"vpcId": row["VpcId"], "cidr": row["CidrBlock"]}

    def remove(self, id_: str, _recorded: Mapping[str, Any]) -> None:
        removed(lambda: self.ec2.delete_vpc(VpcId=id_), CLEARING)


class Vpc(Resource, module="aws", name="Vpc"):
    """A VPC. EC2 API: CreateVpc."""

    vpc_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        cidr: pulumi.Input[str],
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {"owner": owner, "cidr": cidr, "tags": tags, "vpcId": None}
        super().__init__(VpcProvider(), resource_name, properties, opts)
