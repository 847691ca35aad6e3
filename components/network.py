"""The network of one stack: a VPC with one public subnet, and a security group that lets nothing in.

With a subnet that the user brings, only the security group is made, in the user's network; the subnet is
looked at, and refused if packets could leave it from another address than the host's.

Each availability zone has a range of its own, so that a move to another zone makes the new subnet beside the
old one.

Egress is TCP 443 over IPv4: the exchange and AWS's own endpoints. Name resolution, time and instance
metadata are not filtered by security groups. No IPv6, no NAT gateway, no public address given out at launch:
the host's only address is its Elastic IP.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import islice

import pulumi
from pydantic import BaseModel, ConfigDict

from providers.aws.existing_network import ExistingNetwork
from providers.aws.internet_gateway import InternetGateway
from providers.aws.route_table import RouteTable
from providers.aws.security_group import SecurityGroup
from providers.aws.subnet import Subnet
from providers.aws.vpc import Vpc
from providers.names import Names

PARTS = 8
ZONES = "abcdefg"  # no region has more
EGRESS = [{"protocol": "tcp", "port": 443, "cidr": "0.0.0.0/0"}]


class NetworkArgs(BaseModel):
    """A network of our own by `cidr`, or the user's, by `vpc_id` and `subnet_id`.

    availability_zone: None for one that has the instance type.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    names: Names
    cidr: str
    availability_zone: str | None
    instance_type: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    tags: dict[str, str]


class Network(pulumi.ComponentResource):
    """A subnet with its way out, and a security group. `way_out` is what an address there has to wait for."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cexio-bot:components:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.names

        if args.vpc_id is not None and args.subnet_id is not None:
            existing = ExistingNetwork(
                f"{name}-existing", vpc_id=args.vpc_id, subnet_id=args.subnet_id, opts=child
            )
            vpc_id: pulumi.Output[str] = existing.vpc_id
            self.subnet_id: pulumi.Output[str] = existing.subnet_id
            self.way_out: list[pulumi.Resource] = [existing]
        else:
            vpc_id = self._make(name, args, child)
        self.security_group = SecurityGroup(
            f"{name}-firewall",
            owner=names.owner("firewall"),
            vpc_id=vpc_id,
            name=names.name("firewall", limit=255),
            description="CEX.IO bot host: nothing in, TCP 443 out",
            egress=EGRESS,
            ingress=[],
            tags=args.tags,
            opts=child,
        )
        self.security_group_id: pulumi.Output[str] = self.security_group.security_group_id
        self.register_outputs({"subnetId": self.subnet_id, "securityGroupId": self.security_group_id})

    def _make(self, name: str, args: NetworkArgs, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
        """A network of our own; its VPC's id."""
        names = args.names
        vpc = Vpc(f"{name}-vpc", owner=names.owner("vpc"), cidr=args.cidr, tags=args.tags, opts=child)
        subnet = Subnet(
            f"{name}-subnet",
            owner=names.owner("subnet"),
            vpc_id=vpc.vpc_id,
            cidr=part_of(args.cidr, args.availability_zone),
            availability_zone=args.availability_zone,
            instance_type=args.instance_type,
            tags=args.tags,
            opts=child,
        )
        gateway = InternetGateway(
            f"{name}-gateway",
            owner=names.owner("gateway"),
            vpc_id=vpc.vpc_id,
            tags=args.tags,
            opts=child,
        )
        route_table = RouteTable(
            f"{name}-routes",
            owner=names.owner("routes"),
            vpc_id=vpc.vpc_id,
            subnet_id=subnet.subnet_id,
            internet_gateway_id=gateway.internet_gateway_id,
            tags=args.tags,
            opts=child,
        )
        self.subnet_id = subnet.subnet_id
        self.way_out = [gateway, route_table]
        return vpc.vpc_id


def part_of(cidr: str, zone: str | None) -> str:
    """The zone's own eighth of a network (of its first eight /24 at most); the first is for "any zone"."""
    whole = IPv4Network(cidr)
    parts = list(islice(whole.subnets(new_prefix=max(24, whole.prefixlen + 3)), PARTS))
    return str(parts[0 if zone is None else ZONES.index(zone[-1]) + 1])
