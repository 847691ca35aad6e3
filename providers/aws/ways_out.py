"""Where a subnet's packets go: its route table and its network ACL, judged.

A host is known to the exchange by one address. It leaves from that address only if everything public goes to
the network's own internet gateway, so any route that takes a public destination elsewhere is a fault, however
small its range; routes to private networks are nobody's business here.

Security groups are not looked at: the one that counts is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, Literal

EVERYWHERE = "0.0.0.0/0"
HTTPS = (443, 443)
EPHEMERAL = (32768, 60999)  # what Linux sends from, so what answers come back to
TARGETS = (
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "EgressOnlyInternetGatewayId",
    "CoreNetworkArn",
    "NetworkInterfaceId",
    "InstanceId",
    "GatewayId",
)
_PRIVATE = tuple(
    IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
)

Row = Mapping[str, Any]
Passage = Literal["open", "shut", "partly"]


def default_route(table: Row) -> Row | None:
    """The table's route to everywhere over IPv4."""
    routes = table.get("Routes") or ()
    return next((route for route in routes if route.get("DestinationCidrBlock") == EVERYWHERE), None)


def target(route: Row | None) -> str:
    """What a route leads to; empty for none."""
    return next((str(route[name]) for name in TARGETS if route.get(name)), "") if route else ""


def astray(table: Row, gateway: str, ec2: Any) -> list[Row]:
    """The routes beside the default one that may take a public destination past the gateway.

    Of a route by prefix list EC2 is asked what it holds, unless it leads to an endpoint of AWS's.
    """
    return [
        route
        for route in table.get("Routes") or ()
        if target(route) not in ("local", gateway) and _is_public(route, ec2)
    ]


def _is_public(route: Row, ec2: Any) -> bool:
    list_id, network = route.get("DestinationPrefixListId"), route.get("DestinationCidrBlock")
    if list_id and not target(route).startswith("vpce-"):
        pages = ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=list_id)
        held = [str(entry["Cidr"]) for page in pages for entry in page["Entries"]]
        return takes_public(one for one in held if ":" not in one)
    return network not in (None, EVERYWHERE) and takes_public([str(network)])


def takes_public(networks: Iterable[str]) -> bool:
    """Whether any of these IPv4 networks has an address that is not of a private network."""
    return any(
        not any(network.subnet_of(private) for private in _PRIVATE)
        for network in (IPv4Network(text, strict=False) for text in networks)
    )


def told(route: Row) -> str:
    """A route as a text: `0.0.0.0/1 to nat-1 (blackhole)`."""
    destination = route.get("DestinationCidrBlock") or route.get("DestinationPrefixListId")
    state = " (blackhole)" if route.get("State") == "blackhole" else ""
    return f"{destination} to {target(route) or 'nothing'}{state}"


def ipv6_blocks(subnet: Row) -> list[Row]:
    """The associations of a subnet with IPv6 ranges, also those on their way in."""
    return [
        block
        for block in subnet.get("Ipv6CidrBlockAssociationSet") or ()
        if (block.get("Ipv6CidrBlockState") or {}).get("State")
        not in ("disassociating", "disassociated", "failed")
    ]


def passage(entries: Sequence[Row], *, egress: bool, ports: tuple[int, int]) -> Passage:
    """Whether a network ACL lets TCP of these ports through to or from public addresses, first rule first.

    "partly" where the rules differ by port or network, so that only the exchange's own range could tell.
    """
    rules = [entry for entry in entries if bool(entry.get("Egress")) is egress and _concerns(entry, ports)]
    seen: set[str] = set()
    for rule in sorted(rules, key=lambda entry: int(entry["RuleNumber"])):
        seen.add(str(rule["RuleAction"]))
        if _covers(rule, ports):
            break
    else:
        seen.add("deny")  # the rule that ends every list
    if len(seen) > 1:
        return "partly"
    return "open" if seen == {"allow"} else "shut"


def _concerns(entry: Row, ports: tuple[int, int]) -> bool:
    network, (first, last) = entry.get("CidrBlock"), _ports(entry)
    in_ports = first <= ports[1] and ports[0] <= last
    return (
        network is not None
        and str(entry.get("Protocol")) in ("-1", "6")
        and in_ports
        and takes_public([network])
    )


def _covers(entry: Row, ports: tuple[int, int]) -> bool:
    first, last = _ports(entry)
    return entry["CidrBlock"] == EVERYWHERE and first <= ports[0] and ports[1] <= last


def _ports(entry: Row) -> tuple[int, int]:
    ports = entry.get("PortRange") or {}
    if str(entry.get("Protocol")) == "-1" or not ports:
        return 0, 65535
    return int(ports["From"]), int(ports["To"])
