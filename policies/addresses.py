"""What counts as an address that a key may be tied to. Knows nothing of resources or policies."""

from ipaddress import AddressValueError, IPv4Address


def ipv4(value: object) -> IPv4Address | None:
    """One IPv4 address in its plain form, or None: no network, no range, no name, no IPv6."""
    if not isinstance(value, str):
        return None
    try:
        return IPv4Address(value)
    except AddressValueError:
        return None


def is_reachable_from_the_exchange(address: IPv4Address, *, sandbox: bool) -> bool:
    """Whether packets of this source can reach the exchange: public, or loopback in a sandbox.

    `is_global` alone would let multicast pass.
    """
    if sandbox and address.is_loopback:
        return True
    return address.is_global and not address.is_multicast
