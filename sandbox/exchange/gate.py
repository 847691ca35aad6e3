"""Who may come in: country, key, signature, clock, activation, address, then points, in that order.

Permission and parameters come after, in `dispatch.py`, because their order is a switch.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sandbox.exchange.accounts import Account, ApiKey
from sandbox.exchange.errors import RateLimited, Refused
from sandbox.exchange.exchange import Exchange
from sandbox.exchange.replies import AUTHORIZATION_FAILED
from sandbox.exchange.signature import matches, rest_signature, ws_signature
from sandbox.exchange.whitelist import allows

WS_WINDOW_SECONDS = 20


class AuthRefused(Exception):
    """A WebSocket `auth` is refused; the text is what `data.error` says."""


class AddressRefused(AuthRefused):
    """The same, because the address is not in the key's list."""


def let_in_rest(
    exchange: Exchange, *, key: str, timestamp: str, signature: str, action: str, body: bytes, source: str
) -> tuple[Account, ApiKey]:
    """The account and key of a signed REST request. Raises Refused."""
    if source in exchange.switches.country_refused_addresses:
        raise Refused(exchange.switches.reply("country_refused"))
    account, found = _known(exchange, key)
    if account is None or found is None:
        raise Refused(exchange.switches.reply("unknown_key"))
    if not matches(rest_signature(found.secret, action, timestamp, body), signature):
        raise Refused(AUTHORIZATION_FAILED)
    window = exchange.switches.rest_window_seconds
    sent = int(timestamp) if timestamp.isascii() and timestamp.isdigit() else None
    if window is not None and (sent is None or abs(exchange.now() - sent * 1000) > window * 1000):
        raise Refused(exchange.switches.reply("stale_timestamp"))
    if found.status != "active":
        raise Refused(exchange.switches.reply("deactivated_key"))
    if not allows(found.addresses, source):
        raise Refused(exchange.switches.reply("address_refused"))
    _mark_used(exchange, account, found)
    return account, found


def let_in_ws(
    exchange: Exchange, *, key: str, timestamp: str, signature: str, source: str
) -> tuple[Account, ApiKey]:
    """The account and key of a WebSocket `auth`. Raises AuthRefused with one of the exchange's texts."""
    if source in exchange.switches.country_refused_addresses:
        raise AuthRefused(exchange.switches.reply("country_refused").error)
    account, found = _known(exchange, key)
    if account is None or found is None:
        raise AuthRefused("Invalid API key")
    if not matches(ws_signature(found.secret, timestamp, key), signature):
        raise AuthRefused("Invalid signature")
    sent = _seconds(timestamp)
    if sent is None or abs(exchange.now() / 1000 - sent) > WS_WINDOW_SECONDS:
        raise AuthRefused("Timestamp is not in 20sec range")
    check_still_good(exchange, found, source)
    _mark_used(exchange, account, found)
    return account, found


def check_still_good(exchange: Exchange, key: ApiKey, source: str) -> None:
    """Activation and address, as both can change while a WebSocket is open."""
    if key.status != "active":
        raise AuthRefused("API key is not activated")
    if allows(key.addresses, source) or exchange.switches.ws_address_refused == "not-checked":
        return
    own = exchange.switches.reply("address_refused").error
    raise AddressRefused(own if exchange.switches.ws_address_refused == "own-text" else "Invalid API key")


def spend(exchange: Exchange, who: str, cost: int, limit: int) -> None:
    """Take points from a key or an address. Raises RateLimited."""
    if not exchange.points.spend(who, cost, limit, exchange.now()):
        raise RateLimited


def _known(exchange: Exchange, key: str) -> tuple[Account | None, ApiKey | None]:
    account = exchange.store.owner_of(key)
    return account, None if account is None else account.key(key)


def _mark_used(exchange: Exchange, account: Account, key: ApiKey) -> None:
    if not key.used:
        with exchange.store.change(account):
            key.used = True


def _seconds(text: str) -> float | None:
    try:
        value = float(Decimal(text))
    except (InvalidOperation, OverflowError):
        return None
    return value if abs(value) < 1e15 else None
