"""The exchange's base URL, and what is named instead of it or as a proxy: checked before a key goes there.

Opens no connection and resolves no name. Raises UrlError, whose text begins with what named the URL.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from cexio.errors import UrlError

DEFAULT_BASE_URL = "https://trade.cex.io"


def exchange_url(text: str, where: str) -> str:
    """A base URL without its trailing slash: https, or http on loopback. where: what named it."""
    parts = _parts(text)
    if parts is None or "@" in parts.netloc or "?" in text or "#" in text:
        raise UrlError(f"{where}: give a base URL such as {DEFAULT_BASE_URL}")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise UrlError(f"{where}: plain http would show the API key to everybody on the way: use https")
    return text.rstrip("/")


def proxy_url(text: str, where: str) -> str:
    """The URL of an HTTP proxy, which may hold a password and is never shown."""
    if _parts(text) is None:
        raise UrlError(f"{where}: give the URL of an HTTP proxy such as http://127.0.0.1:3128")
    return text


def _parts(text: str) -> SplitResult | None:
    """The parts of an http or https URL; None for any other text."""
    # urlsplit drops line ends and tabs, so that it would judge another URL than the one that is asked.
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port  # one that is no number, or too large, is a ValueError
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
