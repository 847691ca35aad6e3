"""providers/aws/ways_out.py: what a route table and a network ACL say, without asking anybody."""

from __future__ import annotations

from typing import Any

import pytest

from providers.aws.ways_out import EPHEMERAL, HTTPS, astray, default_route, passage, target, told


def route(destination: str, **to: str) -> dict[str, Any]:
    name = "DestinationPrefixListId" if destination.startswith("pl-") else "DestinationCidrBlock"
    return {name: destination, **to}


def rule(
    number: int, action: str, network: str = "0.0.0.0/0", ports: tuple[int, int] | None = None, **more: Any
) -> dict[str, Any]:
    given = (
        {"PortRange": {"From": ports[0], "To": ports[1]}, "Protocol": "6"} if ports else {"Protocol": "-1"}
    )
    return {
        "RuleNumber": number,
        "RuleAction": action,
        "CidrBlock": network,
        "Egress": True,
        **given,
        **more,
    }


class Lists:
    """EC2 with one prefix list, which holds a public range."""

    def get_paginator(self, _name: str) -> Lists:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "203.0.113.0/24"}]}]


class TestRoutes:
    """Half of the internet went through a NAT gateway while the default route looked right."""

    @pytest.mark.parametrize(
        "one",
        [
            route("0.0.0.0/1", NatGatewayId="nat-1"),
            route("104.16.0.0/13", TransitGatewayId="tgw-1"),
            route("10.0.0.0/7", GatewayId="vgw-1"),
            route("128.0.0.0/1", GatewayId="igw-other"),
            route("203.0.113.7/32", GatewayId="vpce-1"),
            route("203.0.113.7/32", NetworkInterfaceId="eni-1", InstanceOwnerId="123456789012"),
            route("pl-1", TransitGatewayId="tgw-1"),
            route("128.0.0.0/1"),
        ],
        ids=told,
    )
    def test_a_public_destination_past_the_gateway_is_found(self, one: dict[str, Any]) -> None:
        table = {"Routes": [route("0.0.0.0/0", GatewayId="igw-1"), one]}
        assert astray(table, "igw-1", Lists()) == [one]

    @pytest.mark.parametrize(
        "one",
        [
            route("10.0.0.0/16", GatewayId="local"),
            route("10.1.0.0/16", VpcPeeringConnectionId="pcx-1"),
            route("172.16.0.0/12", TransitGatewayId="tgw-1"),
            route("203.0.113.0/24", GatewayId="igw-1"),
            route("pl-1", GatewayId="vpce-1"),
            {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"},
        ],
        ids=str,
    )
    def test_private_networks_endpoints_and_the_gateway_itself_are_no_fault(
        self, one: dict[str, Any]
    ) -> None:
        assert astray({"Routes": [one]}, "igw-1", Lists()) == []

    def test_a_route_is_told_with_its_state(self) -> None:
        dead = route("0.0.0.0/0", NatGatewayId="nat-1", State="blackhole")
        assert default_route({"Routes": [route("10.0.0.0/8", GatewayId="local"), dead]}) is dead
        assert (target(dead), target(None)) == ("nat-1", "")
        assert told(dead) == "0.0.0.0/0 to nat-1 (blackhole)"


class TestPassage:
    """A network ACL that shut the host in showed as an exchange that does not answer."""

    @pytest.mark.parametrize(
        ("rules", "way"),
        [
            ([rule(100, "allow"), rule(32767, "deny")], "open"),
            ([rule(100, "allow", ports=(443, 443)), rule(32767, "deny")], "open"),
            ([rule(32767, "deny")], "shut"),
            ([], "shut"),
            ([rule(200, "allow"), rule(100, "deny", ports=(400, 500))], "shut"),
            ([rule(100, "deny", "10.0.0.0/8"), rule(200, "allow")], "open"),
            ([rule(100, "deny", "203.0.113.0/24"), rule(200, "allow")], "partly"),
            ([rule(100, "allow", "203.0.113.0/24"), rule(32767, "deny")], "partly"),
            ([rule(100, "allow", "203.0.113.0/24"), rule(200, "allow")], "open"),
            ([rule(100, "deny", ports=(443, 443), Protocol="17"), rule(200, "allow")], "open"),
            ([rule(100, "deny", Egress=False), rule(200, "allow")], "open"),
            ([rule(100, "deny", CidrBlock=None, Ipv6CidrBlock="::/0"), rule(200, "allow")], "open"),
        ],
    )
    def test_the_first_rule_that_fits_decides(self, rules: list[dict[str, Any]], way: str) -> None:
        assert passage(rules, egress=True, ports=HTTPS) == way

    def test_a_rule_for_some_of_the_ports_is_not_enough(self) -> None:
        some = [rule(100, "allow", ports=(1024, 40000)), rule(32767, "deny")]
        assert passage(some, egress=True, ports=EPHEMERAL) == "partly"
        whole = [rule(100, "allow", ports=(1024, 65535)), rule(32767, "deny")]
        assert passage(whole, egress=True, ports=EPHEMERAL) == "open"
