"""The network of one stack: a VPC with one public subnet, and a security group that lets nothing in.

Egress is TCP 443 over IPv4: the exchange and AWS's own endpoints. Name resolution, time and instance
metadata are not filtered by security groups. No IPv6, no NAT gateway, no public address given out at launch:
the host's only address is its Elastic IP.
"""

from __future__ import annotations

from ipaddress import IPv4Network

import pulumi
from pydantic import BaseModel, ConfigDict

from providers.aws.internet_gateway import InternetGateway
from providers.aws.route_table import RouteTable
from providers.aws.security_group import SecurityGroup
from providers.aws.subnet import Subnet
from providers.aws.vpc import Vpc
from providers.names import Names

EGRESS = [{"protocol": "tcp", "port": 443, "cidr": "0.0.0.0/0"}]


class NetworkArgs(BaseModel):
    """cidr: of the VPC; the subnet takes its first /24, or all of it. availability_zone: None for any."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    names: Names
    cidr: str
    availability_zone: str | None
    tags: dict[str, str]


class Network(pulumi.ComponentResource):
    """VPC, subnet, gateway, route and security group."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cexio-bot:components:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        whole = IPv4Network(args.cidr)
        part = whole if whole.prefixlen >= 24 else next(whole.subnets(new_prefix=24))
        names = args.names

        self.vpc = Vpc(f"{name}-vpc", owner=names.owner("vpc"), cidr=args.cidr, tags=args.tags, opts=child)
        self.subnet = Subnet(
            f"{name}-subnet",
            owner=names.owner("subnet"),
            vpc_id=self.vpc.vpc_id,
            cidr=str(part),
            availability_zone=args.availability_zone,
            tags=args.tags,
            opts=child,
        )
        self.gateway = InternetGateway(
            f"{name}-gateway",
            owner=names.owner("gateway"),
            vpc_id=self.vpc.vpc_id,
            tags=args.tags,
            opts=child,
        )
        self.route_table = RouteTable(
            f"{name}-routes",
            owner=names.owner("routes"),
            vpc_id=self.vpc.vpc_id,
            subnet_id=self.subnet.subnet_id,
            internet_gateway_id=self.gateway.internet_gateway_id,
            tags=args.tags,
            opts=child,
        )
        self.security_group = SecurityGroup(
            f"{name}-firewall",
            owner=names.owner("firewall"),
            vpc_id=self.vpc.vpc_id,
            name=names.name("firewall", limit=255),
            description="CEX.IO bot host: nothing in, TCP 443 out",
            egress=EGRESS,
            ingress=[],
            tags=args.tags,
            opts=child,
        )

        self.subnet_id: pulumi.Output[str] = self.subnet.subnet_id
        self.security_group_id: pulumi.Output[str] = self.security_group.security_group_id
        self.register_outputs({"subnetId": self.subnet_id, "securityGroupId": self.security_group_id})
