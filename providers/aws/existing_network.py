"""`aws:ExistingNetwork`: a subnet that the user brings, looked at and never touched.

A host in it has to leave from its own address and from no other. Create and update refuse a subnet where that
is not so, with everything that is wrong in one line; read tells the same as `faults`, so that a route that
somebody moved shows in a refresh and the next `up` refuses. What could not be told goes into `undetermined`.

Nothing there is made, changed or tagged, and delete does nothing. Routers outside the network (a firewall
appliance behind the gateway's own route table, for one) are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pydantic import Field

from providers.aws import session
from providers.aws.ownership import GATEWAY, OWNER, SUBNET, Row, described
from providers.aws.resource import AwsProvider
from providers.aws.ways_out import (
    EPHEMERAL,
    HTTPS,
    astray,
    default_route,
    ipv6_blocks,
    passage,
    target,
    told,
)
from providers.contract import Inputs, Resource
from providers.errors import NetworkUnfit, NotFound
from providers.notices import notice


class ExistingNetworkInputs(Inputs):
    """A subnet and the network that it must lie in."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$")
    subnet_id: str = Field(pattern=r"^subnet-[0-9a-f]+$")


@dataclass
class Found:
    """What was seen of a subnet: its way out, what is wrong with it, and what nobody can tell from here."""

    subnet: Row
    route_table_id: str = ""
    gateway_id: str = ""
    faults: list[str] = field(default_factory=list)
    undetermined: list[str] = field(default_factory=list)


class ExistingProvider(AwsProvider[ExistingNetworkInputs]):
    """Looks, and refuses; its id is the subnet's."""

    inputs = ExistingNetworkInputs
    replaced_by = ("vpcId", "subnetId")

    @property
    def ec2(self) -> Any:
        return session.client("ec2", self.endpoints)

    def find(self, wanted: ExistingNetworkInputs) -> str | None:
        return wanted.subnet_id

    def align(self, id_: str, wanted: ExistingNetworkInputs, before: Mapping[str, Any]) -> None:
        found = self._found(id_, wanted.vpc_id)
        if found is None:
            raise NotFound(
                f"{id_}: there is no such subnet in {self.endpoints.region} of this account: see "
                "cexio-bot:subnetId and cexio-bot:region"
            )
        faults = [*found.faults, *(() if before else self._full(found.subnet))]
        if faults:
            raise NetworkUnfit(f"the host cannot be put into {id_}: {'; '.join(faults)}")
        for text in found.undetermined:
            notice(f"{id_}: undetermined: {text}")

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        found = self._found(id_, str(recorded.get("vpcId") or ""))
        if found is None:
            return None
        return {
            "subnetId": id_,
            "vpcId": found.subnet["VpcId"],
            "availabilityZone": found.subnet["AvailabilityZone"],
            "routeTableId": found.route_table_id,
            "internetGatewayId": found.gateway_id,
            "faults": found.faults,
            "undetermined": found.undetermined,
        }

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        return bool(olds.get("faults"))

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        """It is the user's."""

    def _found(self, id_: str, vpc_id: str) -> Found | None:
        subnet = described(self.ec2, SUBNET, id_)
        if subnet is None:
            return None
        found = Found(subnet)
        found.faults.extend(self._of_subnet(subnet, vpc_id))
        self._look_at_routes(found)
        self._look_at_acl(found)
        if not self._resolves(subnet["VpcId"]):
            found.faults.append(
                f"{subnet['VpcId']} has name resolution off (enableDnsSupport), so the host finds nobody: "
                "turn it on"
            )
        return found

    def _of_subnet(self, subnet: Row, vpc_id: str) -> Iterator[str]:
        id_, region, zone = subnet["SubnetId"], self.endpoints.region, str(subnet["AvailabilityZone"])
        if subnet["VpcId"] != vpc_id:
            yield (
                f"{id_} is in {subnet['VpcId']}, not in {vpc_id}: set cexio-bot:vpcId and "
                "cexio-bot:subnetId to a pair that belongs together"
            )
        if subnet.get("State", "available") != "available":
            yield f"{id_} is {subnet['State']}: wait until it is available"
        if not re.fullmatch(f"{region}[a-z]", zone) or subnet.get("OutpostArn"):
            yield (
                f"{id_} is in {zone}, which is no plain zone of {region}, so an address of {region} cannot "
                "be used there: choose a subnet in one of its zones"
            )
        if subnet.get("MapPublicIpOnLaunch"):
            yield (
                f"{id_} gives public addresses at launch, so the host would leave from one of them whenever "
                "its own is off: turn auto-assign public IPv4 off, or choose another subnet"
            )
        used = [str(block["Ipv6CidrBlock"]) for block in ipv6_blocks(subnet)]
        if used or subnet.get("AssignIpv6AddressOnCreation"):
            yield (
                f"{id_} has IPv6 ({', '.join(used) or 'addresses given at creation'}), from which the "
                "exchange would see another address: choose a subnet with IPv4 alone"
            )

    def _full(self, subnet: Row) -> Iterator[str]:
        """Whether no address is left for the host's interface, unless it is there already."""
        if subnet.get("AvailableIpAddressCount", 1) > 0:
            return
        ours: list[Any] = [
            {"Name": "subnet-id", "Values": [subnet["SubnetId"]]},
            {"Name": "tag-key", "Values": [OWNER]},
        ]
        if not self.ec2.describe_network_interfaces(Filters=ours)["NetworkInterfaces"]:
            yield (
                f"{subnet['SubnetId']} has no free address: free one by deleting an interface that nobody "
                "uses, or choose a larger subnet"
            )

    def _look_at_routes(self, found: Found) -> None:
        subnet_id, vpc_id = found.subnet["SubnetId"], found.subnet["VpcId"]
        table = self._effective_table(subnet_id, vpc_id)
        if table is None:
            found.faults.append(
                f"no route table of {subnet_id} is to be seen, as where another account shares its network: "
                "nothing tells where packets leave, so choose a subnet of this account"
            )
            return
        table_id = found.route_table_id = str(table["RouteTableId"])
        route = default_route(table)
        gateway = target(route)
        if route is None:
            found.faults.append(
                f"{subnet_id} has no way to the internet: {table_id} has no route 0.0.0.0/0: add one to "
                f"the internet gateway of {vpc_id}"
            )
        elif not gateway.startswith("igw-"):
            found.faults.append(
                f"{table_id} sends {told(route)}, so the exchange would see another address: choose a "
                "subnet whose 0.0.0.0/0 leads to an internet gateway"
            )
        else:
            found.gateway_id = gateway
            if route.get("State") == "blackhole" or not self._attached(gateway, vpc_id):
                found.faults.append(
                    f"{table_id} sends {told(route)}, but {gateway} is not attached to {vpc_id}: attach it"
                )
        for other in astray(table, gateway, self.ec2):
            found.faults.append(
                f"{table_id} sends {told(other)}, past the internet gateway, so some of the exchange could "
                "see another address: take that route out, or choose another subnet"
            )

    def _effective_table(self, subnet_id: str, vpc_id: str) -> Row | None:
        """The table that the subnet is associated with, else the main one of its network."""
        explicit: list[Any] = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        main: list[Any] = [
            {"Name": "vpc-id", "Values": [vpc_id]},
            {"Name": "association.main", "Values": ["true"]},
        ]
        for filters in (explicit, main):
            tables = self.ec2.describe_route_tables(Filters=filters)["RouteTables"]
            if tables:
                return dict(tables[0])
        return None

    def _attached(self, gateway_id: str, vpc_id: str) -> bool:
        gateway = described(self.ec2, GATEWAY, gateway_id) or {}
        return any(
            one.get("VpcId") == vpc_id and one.get("State") in ("available", "attached")
            for one in gateway.get("Attachments") or ()
        )

    def _look_at_acl(self, found: Found) -> None:
        subnet_id = found.subnet["SubnetId"]
        of_subnet: list[Any] = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        acls = self.ec2.describe_network_acls(Filters=of_subnet)["NetworkAcls"]
        if not acls:
            found.undetermined.append("no network ACL is to be seen, so it may shut the host in")
            return
        acl_id, entries = acls[0]["NetworkAclId"], acls[0]["Entries"]
        for egress, ports, what in (
            (True, HTTPS, "TCP 443 out"),
            (False, EPHEMERAL, "answers in on TCP {}-{}".format(*EPHEMERAL)),
        ):
            way = passage(entries, egress=egress, ports=ports)
            if way == "shut":
                found.faults.append(f"network ACL {acl_id} of {subnet_id} shuts {what}: allow it")
            elif way == "partly":
                found.undetermined.append(
                    f"network ACL {acl_id} allows {what} for some networks or ports only: see that the "
                    "exchange and AWS are among them"
                )

    def _resolves(self, vpc_id: str) -> bool:
        answer = self.ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
        return bool(answer["EnableDnsSupport"]["Value"])


class ExistingNetwork(Resource, module="aws", name="ExistingNetwork"):
    """A subnet of the user's, found fit for a host. EC2 API: DescribeSubnets, DescribeRouteTables."""

    vpc_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    availability_zone: pulumi.Output[str]
    route_table_id: pulumi.Output[str]
    internet_gateway_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        vpc_id: pulumi.Input[str],
        subnet_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "vpcId": vpc_id,
            "subnetId": subnet_id,
            "availabilityZone": None,
            "routeTableId": None,
            "internetGatewayId": None,
            "faults": None,
            "undetermined": None,
        }
        super().__init__(ExistingProvider(), resource_name, properties, opts)
