"""IPv4 networks as AWS takes them. IPv6 is refused: the exchange would see another address."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator


def _network(text: str) -> str:
    try:
        network = IPv4Network(text)
    except ValueError:
        raise ValueError("is not an IPv4 network, written as address/length without host bits") from None
    if not 16 <= network.prefixlen <= 28:
        raise ValueError("must be an IPv4 network of length 16 to 28, as AWS takes no other")
    return str(network)


def _any_network(text: str) -> str:
    try:
        return str(IPv4Network(text))
    except ValueError:
        raise ValueError("is not an IPv4 network, written as address/length without host bits") from None


Cidr = Annotated[str, AfterValidator(_network)]  # of a VPC or subnet
RuleCidr = Annotated[
    str, AfterValidator(_any_network)
]  # of a rule, 0.0.0.0/0 and single addresses among them
