"""`aws:RouteTable`: the subnet's way out, straight to the internet gateway.

A route through anything else would make the host's packets leave from another address than the one on the
whitelist, so one that takes public destinations elsewhere is taken out. Other routes of others, to private
networks and endpoints, are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws.failures import code_of
from providers.aws.ownership import ROUTE_TABLE, Row
from providers.aws.resource import Ec2Provider, OwnedInputs
from providers.aws.waiting import CLEARING, FRESH, fresh, persistently, removed
from providers.aws.ways_out import EVERYWHERE, astray, default_route, target, told
from providers.contract import Resource


class RouteTableInputs(OwnedInputs):
    """The subnet that uses the table, and the gateway that its default route leads to."""

    vpc_id: str = Field(pattern=r"^vpc-")
    subnet_id: str = Field(pattern=r"^subnet-")
    internet_gateway_id: str = Field(pattern=r"^igw-")


class RouteTableProvider(Ec2Provider[RouteTableInputs]):
    """Table, default route and association as one; only the network is fixed."""

    inputs = RouteTableInputs
    kind = ROUTE_TABLE
    replaced_by = ("vpcId",)

    def fits(self, row: Row, wanted: RouteTableInputs) -> bool:
        return bool(row["VpcId"] == wanted.vpc_id)

    def request(self, ec2: Any, wanted: RouteTableInputs, tags: list[Any]) -> Any:
        return ec2.create_route_table(VpcId=wanted.vpc_id, TagSpecifications=tags)["RouteTable"]

    def align(self, id_: str, wanted: RouteTableInputs, before: Mapping[str, Any]) -> None:
        row = self.row(id_)
        self._align_route(id_, wanted.internet_gateway_id, default_route(row))
        for route in astray(row, wanted.internet_gateway_id, self.ec2):
            names = ("DestinationCidrBlock", "DestinationPrefixListId")
            destination: Any = {name: route[name] for name in names if route.get(name)}
            removed(partial(self.ec2.delete_route, RouteTableId=id_, **destination), CLEARING)
        self._align_association(id_, wanted.subnet_id)
        for other in _associations(row):
            if other["SubnetId"] != wanted.subnet_id:
                self._disassociate(other)
        self.align_tags(id_, wanted, before)

    def _align_route(self, id_: str, gateway: str, route: Mapping[str, Any] | None) -> None:
        target: Any = {"RouteTableId": id_, "DestinationCidrBlock": EVERYWHERE, "GatewayId": gateway}
        if route is not None and route.get("GatewayId") == gateway:
            return
        try:
            change = self.ec2.create_route if route is None else self.ec2.replace_route
            persistently(lambda: change(**target), fresh, FRESH)
        except ClientError as error:
            if code_of(error) != "RouteAlreadyExists":
                raise
            self.ec2.replace_route(**target)

    def _align_association(self, id_: str, subnet_id: str) -> None:
        of_subnet: list[Any] = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        users: list[Any] = list(self.ec2.describe_route_tables(Filters=of_subnet)["RouteTables"])
        for table in users:
            for association in _associations(table):
                if association["SubnetId"] == subnet_id:
                    if table["RouteTableId"] != id_:
                        self.ec2.replace_route_table_association(
                            AssociationId=association["RouteTableAssociationId"], RouteTableId=id_
                        )
                    return
        persistently(
            lambda: self.ec2.associate_route_table(RouteTableId=id_, SubnetId=subnet_id), fresh, FRESH
        )

    def _disassociate(self, association: Row) -> None:
        id_ = association["RouteTableAssociationId"]
        removed(lambda: self.ec2.disassociate_route_table(AssociationId=id_), CLEARING)

    def shown(self, row: Row, recorded: Mapping[str, Any]) -> dict[str, Any]:
        subnets = [association["SubnetId"] for association in _associations(row)]
        recorded_subnet = recorded.get("subnetId")
        recorded_gateway = str(recorded.get("internetGatewayId") or "")
        return {
            "routeTableId": row["RouteTableId"],
            "vpcId": row["VpcId"],
            "subnetId": recorded_subnet if recorded_subnet in subnets else next(iter(subnets), ""),
            "internetGatewayId": target(default_route(row)),
            "astray": [told(route) for route in astray(row, recorded_gateway, self.ec2)],
        }

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        return bool(olds.get("astray"))

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        if self.look(id_, recorded) is None:
            return
        for one in _associations(self.row(id_)):
            self._disassociate(one)
        removed(lambda: self.ec2.delete_route_table(RouteTableId=id_), CLEARING)


def _associations(row: Row) -> list[Row]:
    return [one for one in row.get("Associations") or () if one.get("SubnetId")]


class RouteTable(Resource, module="aws", name="RouteTable"):
    """A route table with a default route and its subnet. EC2 API: CreateRouteTable, CreateRoute."""

    route_table_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        vpc_id: pulumi.Input[str],
        subnet_id: pulumi.Input[str],
        internet_gateway_id: pulumi.Input[str],
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "vpcId": vpc_id,
            "subnetId": subnet_id,
            "internetGatewayId": internet_gateway_id,
            "tags": tags,
            "routeTableId": None,
        }
        super().__init__(RouteTableProvider(), resource_name, properties, opts)
