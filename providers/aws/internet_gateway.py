"""`aws:InternetGateway`: the gateway, attached to its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws.failures import code_of
from providers.aws.ownership import GATEWAY, Row, described
from providers.aws.resource import Ec2Provider, OwnedInputs
from providers.aws.waiting import CLEARING, FRESH, fresh, persistently, removed
from providers.contract import Resource


class GatewayInputs(OwnedInputs):
    """vpcId: the network it is attached to."""

    vpc_id: str = Field(pattern=r"^vpc-")


class GatewayProvider(Ec2Provider[GatewayInputs]):
    """Made and attached as one. A gateway of another network of ours is not taken away from it."""

    inputs = GatewayInputs
    kind = GATEWAY
    replaced_by = ("vpcId",)

    def fits(self, row: Row, wanted: GatewayInputs) -> bool:
        return _network(row) in ("", wanted.vpc_id)

    def request(self, ec2: Any, _wanted: GatewayInputs, tags: list[Any]) -> Any:
        return ec2.create_internet_gateway(TagSpecifications=tags)["InternetGateway"]

    def align(self, id_: str, wanted: GatewayInputs, before: Mapping[str, Any]) -> None:
        if _network(self.row(id_)) != wanted.vpc_id:
            self._attach(id_, wanted.vpc_id)
        self.align_tags(id_, wanted, before)

    def _attach(self, id_: str, vpc_id: str) -> None:
        try:
            persistently(
                lambda: self.ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=vpc_id), fresh, FRESH
            )
        except ClientError as error:
            # a call repeated by botocore after a lost answer meets its own work
            if code_of(error) != "Resource.AlreadyAssociated" or _network(self.row(id_)) != vpc_id:
                raise

    def shown(self, row: Row, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """One that was detached is still of its network: it is attached again and not replaced."""
        network = _network(row)
        return {
            "internetGatewayId": row["InternetGatewayId"],
            "vpcId": network or recorded.get("vpcId") or "",
            "attached": bool(network),
        }

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        return olds.get("attached") is False

    def remove(self, id_: str, _recorded: Mapping[str, Any]) -> None:
        row = described(self.ec2, GATEWAY, id_)
        if row is None:
            return
        network = _network(row)
        if network:
            removed(
                lambda: self.ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=network),
                CLEARING,
                done=("Gateway.NotAttached",),
            )
        removed(lambda: self.ec2.delete_internet_gateway(InternetGatewayId=id_), CLEARING)


def _network(row: Row) -> str:
    return next((str(attachment["VpcId"]) for attachment in row.get("Attachments") or ()), "")


class InternetGateway(Resource, module="aws", name="InternetGateway"):
    """An internet gateway on a VPC. EC2 API: CreateInternetGateway, AttachInternetGateway."""

    internet_gateway_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        vpc_id: pulumi.Input[str],
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {"owner": owner, "vpcId": vpc_id, "tags": tags, "internetGatewayId": None}
        super().__init__(GatewayProvider(), resource_name, properties, opts)
