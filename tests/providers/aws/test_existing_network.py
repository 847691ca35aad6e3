"""`aws:ExistingNetwork`: which subnets are refused, in whose words, and that nothing there is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from providers.aws.existing_network import ExistingProvider
from tests.providers.aws.world import Engine
from tests.providers.dynamic_server import CallFailed
from tests.providers.sandbox_processes import Aws

RULE = 50


@dataclass
class Brought:
    """A network as a user has it: a VPC, its gateway, a subnet with a table of its own."""

    ec2: Any
    vpc: str
    subnet: str
    gateway: str
    table: str

    def route(self, **route: str) -> None:
        self.ec2.create_route(RouteTableId=self.table, **route)

    @property
    def acl(self) -> str:
        found = self.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        return str(found["NetworkAcls"][0]["NetworkAclId"])

    def take_down(self) -> None:
        in_subnet = [{"Name": "subnet-id", "Values": [self.subnet]}]
        for nat in self.ec2.describe_nat_gateways(Filters=in_subnet)["NatGateways"]:
            self.ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
        for interface in self.ec2.describe_network_interfaces(Filters=in_subnet)["NetworkInterfaces"]:
            self.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        for entry in self.ec2.describe_network_acls(NetworkAclIds=[self.acl])["NetworkAcls"][0]["Entries"]:
            if entry["RuleNumber"] == RULE:
                self.ec2.delete_network_acl_entry(
                    NetworkAclId=self.acl, RuleNumber=RULE, Egress=entry["Egress"]
                )
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsSupport={"Value": True})
        table = self.ec2.describe_route_tables(RouteTableIds=[self.table])["RouteTables"][0]
        for one in table["Associations"]:
            self.ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])
        self.ec2.delete_route_table(RouteTableId=self.table)
        self.ec2.delete_subnet(SubnetId=self.subnet)
        gateway = self.ec2.describe_internet_gateways(InternetGatewayIds=[self.gateway])["InternetGateways"][
            0
        ]
        if not gateway["Attachments"]:
            self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)

    def shut(self, *, egress: bool, network: str = "0.0.0.0/0") -> None:
        self.ec2.create_network_acl_entry(
            NetworkAclId=self.acl, RuleNumber=RULE, Protocol="-1", RuleAction="deny", Egress=egress,
            CidrBlock=network,
        )  # fmt: skip


@pytest.fixture(scope="module")
def network(aws: Aws) -> Iterator[tuple[str, str]]:
    """A VPC with its gateway, as the account's quota lets nobody make one for each test."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    yield vpc, gateway
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)


@pytest.fixture
def brought(aws: Aws, network: tuple[str, str]) -> Iterator[Brought]:
    ec2, (vpc, gateway) = aws.client("ec2"), network
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/28", AvailabilityZone="us-east-1b")["Subnet"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    made = Brought(ec2, vpc, subnet["SubnetId"], gateway, table)
    yield made
    made.take_down()


def inputs(engine: Engine, vpc: str, subnet: str) -> dict[str, Any]:
    checked, failures = engine.check(ExistingProvider(), {"vpcId": vpc, "subnetId": subnet})
    assert not failures
    return checked


def refusal(engine: Engine, vpc: str, subnet: str) -> str:
    with pytest.raises(CallFailed) as failed:
        engine.create(inputs(engine, vpc, subnet))
    text = str(failed.value).strip()
    assert "\n" not in text
    return text


def _nat(net: Brought) -> str:
    made = net.ec2.create_nat_gateway(SubnetId=net.subnet, ConnectivityType="private")
    return str(made["NatGateway"]["NatGatewayId"])


def _transit(net: Brought) -> str:
    return str(net.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"])


def _default_to_nat(net: Brought) -> None:
    net.ec2.replace_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=_nat(net))


def _to_main_table(net: Brought) -> None:
    table = net.ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"][0]
    net.ec2.disassociate_route_table(AssociationId=table["Associations"][0]["RouteTableAssociationId"])


def _prefix_list(net: Brought, network: str) -> None:
    made = net.ec2.create_managed_prefix_list(
        PrefixListName="office", AddressFamily="IPv4", MaxEntries=5, Entries=[{"Cidr": network}]
    )
    list_id = made["PrefixList"]["PrefixListId"]
    net.ec2.create_route(
        RouteTableId=net.table, DestinationPrefixListId=list_id, TransitGatewayId=_transit(net)
    )


def _ipv6(net: Brought) -> None:
    net.ec2.associate_subnet_cidr_block(SubnetId=net.subnet, Ipv6CidrBlock="2001:db8:1234:1a00::/64")


def _full(net: Brought) -> None:
    for _ in range(11):
        net.ec2.create_network_interface(SubnetId=net.subnet)


def _attribute(**attribute: Any) -> Callable[[Brought], object]:
    return lambda net: net.ec2.modify_subnet_attribute(SubnetId=net.subnet, **attribute)


UNFIT: dict[str, tuple[Callable[[Brought], object], list[str]]] = {
    "no default route": (
        lambda net: net.ec2.delete_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0"),
        ["no route 0.0.0.0/0", "{table}", "add one to the internet gateway of {vpc}"],
    ),
    "the default route leads to a NAT gateway": (
        _default_to_nat,
        ["{table} sends 0.0.0.0/0 to nat-", "choose a subnet"],
    ),
    "half of the internet goes elsewhere": (
        lambda net: net.route(DestinationCidrBlock="0.0.0.0/1", NatGatewayId=_nat(net)),
        ["{table} sends 0.0.0.0/1 to nat-", "take that route out"],
    ),
    "a public range goes to a transit gateway": (
        lambda net: net.route(DestinationCidrBlock="104.16.0.0/13", TransitGatewayId=_transit(net)),
        ["104.16.0.0/13 to tgw-"],
    ),
    "a prefix list with a public range goes elsewhere": (
        lambda net: _prefix_list(net, "203.0.113.0/24"),
        ["pl-", "tgw-"],
    ),
    "the gateway is not attached": (
        lambda net: net.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc),
        ["{gateway} is not attached to {vpc}: attach it"],
    ),
    "the main table counts where the subnet has none of its own": (_to_main_table, ["no route 0.0.0.0/0"]),
    "the subnet gives public addresses": (
        _attribute(MapPublicIpOnLaunch={"Value": True}),
        ["{subnet} gives public addresses at launch", "turn auto-assign public IPv4 off"],
    ),
    "the subnet gives IPv6 addresses": (
        _attribute(AssignIpv6AddressOnCreation={"Value": True}),
        ["{subnet} has IPv6"],
    ),
    "the subnet has an IPv6 range": (_ipv6, ["{subnet} has IPv6 (2001:db8:1234:1a00::/64)"]),
    "nothing gets out": (lambda net: net.shut(egress=True), ["shuts TCP 443 out: allow it", "acl-"]),
    "no answer gets in": (lambda net: net.shut(egress=False), ["shuts answers in on TCP 32768-60999"]),
    "no names are resolved": (
        lambda net: net.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsSupport={"Value": False}),
        ["{vpc} has name resolution off"],
    ),
    "no address is free": (_full, ["{subnet} has no free address"]),
}


class TestUnfit:
    """A host went into the company's private subnet, and the exchange saw the NAT gateway's address."""

    @pytest.mark.parametrize("what", UNFIT)
    def test_it_is_refused_in_one_line_that_names_it(
        self, engine: Engine, brought: Brought, what: str
    ) -> None:
        spoil, says = UNFIT[what]
        spoil(brought)
        told = refusal(engine, brought.vpc, brought.subnet)
        for text in says:
            assert text.format(**vars(brought)) in told

    def test_everything_wrong_is_told_at_once(self, engine: Engine, brought: Brought) -> None:
        _default_to_nat(brought)
        brought.shut(egress=True)
        told = refusal(engine, brought.vpc, brought.subnet)
        assert "to nat-" in told
        assert "shuts TCP 443 out" in told

    def test_a_pair_that_does_not_belong_together(self, engine: Engine, brought: Brought) -> None:
        told = refusal(engine, "vpc-0123456789abcdef0", brought.subnet)
        assert f"{brought.subnet} is in {brought.vpc}, not in vpc-0123456789abcdef0" in told

    def test_a_subnet_that_is_not_there(self, engine: Engine, brought: Brought) -> None:
        told = refusal(engine, brought.vpc, "subnet-0123456789abcdef0")
        assert "there is no such subnet in us-east-1" in told
        assert "cexio-bot:subnetId" in told


class TestFit:
    """A harmless route to the office was taken for a leak, and nobody could use their network."""

    def test_what_is_seen_is_told(self, engine: Engine, brought: Brought) -> None:
        id_, outs = engine.create(inputs(engine, brought.vpc, brought.subnet))
        assert id_ == brought.subnet
        assert {name: value for name, value in outs.items() if name != "__provider"} == {
            "vpcId": brought.vpc,
            "subnetId": brought.subnet,
            "availabilityZone": "us-east-1b",
            "routeTableId": brought.table,
            "internetGatewayId": brought.gateway,
            "faults": [],
            "undetermined": [],
            "region": "us-east-1",
            "account": "123456789012",
        }

    def test_routes_to_private_networks_are_allowed(self, engine: Engine, brought: Brought) -> None:
        brought.route(DestinationCidrBlock="172.16.0.0/12", TransitGatewayId=_transit(brought))
        _prefix_list(brought, "192.168.7.0/24")
        assert engine.create(inputs(engine, brought.vpc, brought.subnet))[1]["faults"] == []

    def test_an_acl_that_differs_by_network_is_undetermined_and_no_refusal(
        self, engine: Engine, brought: Brought
    ) -> None:
        brought.shut(egress=True, network="203.0.113.0/24")
        [text] = engine.create(inputs(engine, brought.vpc, brought.subnet))[1]["undetermined"]
        assert "allows TCP 443 out for some networks or ports only" in text


class TestDriftThere:
    """Somebody else moved a route of their own network, and the host left from another address."""

    def test_a_refresh_shows_it_and_the_next_up_refuses(self, engine: Engine, brought: Brought) -> None:
        wanted = inputs(engine, brought.vpc, brought.subnet)
        id_, outs = engine.create(wanted)
        _default_to_nat(brought)
        _, seen = engine.read(id_, outs)
        assert seen["internetGatewayId"] == ""
        assert "to nat-" in seen["faults"][0]
        assert engine.diff(id_, seen, wanted) == (True, [])
        with pytest.raises(CallFailed, match="the exchange would see another address"):
            engine.update(id_, seen, wanted)

    def test_what_was_mended_there_is_taken_as_it_is(self, engine: Engine, brought: Brought) -> None:
        wanted = inputs(engine, brought.vpc, brought.subnet)
        id_, outs = engine.create(wanted)
        seen = engine.update(id_, {**outs, "faults": ["mended since"]}, wanted)
        assert seen["faults"] == []
        assert engine.diff(id_, seen, wanted) == (False, [])


class TestUntouched:
    """A destroy took a network along that other hosts lived in."""

    def test_its_life_with_us_changes_nothing_there(self, engine: Engine, brought: Brought) -> None:
        before = _everything(brought)
        wanted = inputs(engine, brought.vpc, brought.subnet)
        id_, outs = engine.create(wanted)
        outs = engine.update(id_, outs, wanted)
        engine.delete(id_, outs)
        assert _everything(brought) == before


def _everything(net: Brought) -> list[Any]:
    vpc = [{"Name": "vpc-id", "Values": [net.vpc]}]
    tags = [{"Name": "resource-id", "Values": [net.vpc, net.subnet, net.table, net.gateway]}]
    return [
        net.ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"],
        net.ec2.describe_subnets(Filters=vpc)["Subnets"],
        net.ec2.describe_route_tables(Filters=vpc)["RouteTables"],
        net.ec2.describe_internet_gateways(InternetGatewayIds=[net.gateway])["InternetGateways"],
        net.ec2.describe_network_acls(Filters=vpc)["NetworkAcls"],
        net.ec2.describe_security_groups(Filters=vpc)["SecurityGroups"],
        net.ec2.describe_tags(Filters=tags)["Tags"],
    ]
