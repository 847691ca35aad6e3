"""Which IPv4 addresses the exchange can see a call come from: public ones; in the sandbox, loopback too.

Says of every other one what it is and what to give instead, as a text that completes "the address ..." and
shows no value. Does not ask whose an address is.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address

_BEHIND_A_ROUTER = (
    "is private, so the exchange sees another in its place: give the static public address that this machine "
    "goes out by"
)
_CARRIER = (
    "is of a carrier's NAT, which many customers share: give a static public address, which the provider or "
    "a cloud rents out"
)
_LOOPBACK = (
    "is loopback and not public, of use in the sandbox alone: give the static public address of the machine"
)
_EXAMPLE = "stands in documentation as an example and is nobody's: give your own"
_RESERVED = "is reserved and no machine's: give the static public address of the machine"

_NOT_SEEN = tuple(
    (IPv4Network(network), text)
    for network, text in (
        ("10.0.0.0/8", _BEHIND_A_ROUTER),
        ("172.16.0.0/12", _BEHIND_A_ROUTER),
        ("192.168.0.0/16", _BEHIND_A_ROUTER),
        ("100.64.0.0/10", _CARRIER),
        ("127.0.0.0/8", _LOOPBACK),
        (
            "169.254.0.0/16",
            "is link-local, of one network cable: give the static public address of the machine",
        ),
        ("224.0.0.0/4", "is multicast, from which nothing is sent: give the address of one machine"),
        ("192.0.2.0/24", _EXAMPLE),
        ("198.51.100.0/24", _EXAMPLE),
        ("203.0.113.0/24", _EXAMPLE),
        ("0.0.0.0/8", _RESERVED),
        ("192.0.0.0/24", _RESERVED),
        ("192.88.99.0/24", _RESERVED),
        ("198.18.0.0/15", _RESERVED),
        ("240.0.0.0/4", _RESERVED),
    )
)


def unseen(address: IPv4Address, *, sandbox: bool) -> str | None:
    """Why the exchange can never see this address, and what to give instead; None where it can."""
    if address.is_loopback and sandbox:
        return None
    told = next((text for network, text in _NOT_SEEN if address in network), None)
    return told or (None if address.is_global else _RESERVED)


def one_address(text: object) -> IPv4Address:
    """The one IPv4 address that a text is; ValueError with what it is instead, and what to give."""
    if isinstance(text, IPv4Address):
        return text
    if not isinstance(text, str):
        raise ValueError("is no IPv4 address: give it as a text of four numbers")  # noqa: TRY004 - pydantic's
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise ValueError(_instead(text)) from None


def _instead(text: str) -> str:
    if len(text.replace(";", " ").replace(",", " ").split()) > 1:
        return "is more than one: give each address a row of its own, with its reason"
    address, slash, _ = text.partition("/")
    if slash and (_is(IPv4Address, address) or _is(IPv6Address, address)):
        return "is a range, from all of which a stolen key could be used: list the single addresses"
    if _is(IPv6Address, text):
        return "is IPv6, and the exchange is called over IPv4 alone: give the machine's static IPv4 address"
    return "is no IPv4 address: give the four numbers, with no port, name or space"


def _is(form: Callable[[str], object], text: str) -> bool:
    try:
        form(text)
    except ValueError:
        return False
    return True
