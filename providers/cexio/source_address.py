"""Which IPv4 addresses the exchange can see a call come from: public ones; in the sandbox, loopback too."""

from __future__ import annotations

from ipaddress import IPv4Address


def can_be_seen(address: IPv4Address, *, sandbox: bool) -> bool:
    """Whether a call can reach the exchange from this address."""
    return (address.is_global and not address.is_multicast) or (sandbox and address.is_loopback)
