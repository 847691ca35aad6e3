"""The address list of a key, in the form the key page takes it: one text, split by spaces, `;` or `,`.

An empty list means any address. Whether the real page takes networks, and how many entries, is unknown:
both are switches. IPv6 is refused, because the stand-in listens on IPv4 alone.
"""

from __future__ import annotations

import ipaddress
import re

_SEPARATORS = re.compile(r"[\s;,]+")


def parse_whitelist(text: str, *, networks: bool, maximum: int | None) -> list[str]:
    """The addresses in `text`, in order, each once; ValueError names the entry that is none."""
    entries = [part for part in _SEPARATORS.split(text) if part]
    addresses = list(dict.fromkeys(_entry(part, networks=networks) for part in entries))
    if maximum is not None and len(addresses) > maximum:
        raise ValueError(f"whitelist has {len(addresses)} addresses: the key page takes {maximum}")
    return addresses


def _entry(part: str, *, networks: bool) -> str:
    try:
        if networks and "/" in part:
            return str(ipaddress.IPv4Network(part))
        return str(ipaddress.IPv4Address(part))
    except ValueError:
        hint = "an IPv4 address or network" if networks else "an IPv4 address"
        raise ValueError(f"whitelist entry {part[:60]!r} is not {hint}") from None


def allows(addresses: list[str], source: str) -> bool:
    """Whether a connection from `source` (the socket's peer) may use a key with this list."""
    if not addresses:
        return True
    peer = ipaddress.ip_address(source)
    return any(peer in ipaddress.ip_network(entry) for entry in addresses)
