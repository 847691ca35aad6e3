"""What a person can do on the exchange's API Management page, and in the mailbox.

No action of the product API does any of this; the control surface and the pages call it. A key
does nothing until it is activated with a mailed code, and an edit takes the activation away again.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from decimal import Decimal

from sandbox.exchange.accounts import (
    ACCOUNTS_PER_CLIENT,
    KEYS_PER_ACCOUNT,
    Account,
    Activation,
    ApiKey,
    Balance,
    Mail,
)
from sandbox.exchange.errors import PersonFault
from sandbox.exchange.permissions import Permission, permission_named, with_read
from sandbox.exchange.switches import Switches
from sandbox.exchange.whitelist import parse_whitelist

CODE_LIFE_MS = 5 * 60_000
_MAX_LABEL = 100
_ALPHABET = string.ascii_letters + string.digits
_WALLET = {"USD": "1000", "EUR": "500", "BTC": "0.02"}
_MAIN = {"USD": "500"}
_SUB_ACCOUNT = {"USD": "500", "USDT": "500", "BTC": "0.01", "ETH": "0.2"}


def open_account(account: Account, sub_account: str) -> None:
    """Give a new account its modest balances and one sub-account, which orders need."""
    account.wallet = {currency: Decimal(amount) for currency, amount in _WALLET.items()}
    for name, balances in (("", _MAIN), (sub_account, _SUB_ACCOUNT)):
        account.spot[name] = {
            currency: Balance(total=Decimal(amount)) for currency, amount in balances.items()
        }


def create_key(
    account: Account,
    *,
    label: str,
    permissions: Sequence[str],
    whitelist: str,
    replace_unused: bool,
    switches: Switches,
    now: int,
) -> ApiKey:
    """A new key, not yet active, and the mail with its activation code.

    `replace_unused` first deletes keys of the same label that no request was ever let in with. Raises
    PersonFault for a sixth key, an empty label, or words that are no permission or address.
    """
    wanted = _label(label)
    chosen, addresses = _choices(permissions, whitelist, switches)
    if replace_unused:
        account.keys = [key for key in account.keys if key.used or key.label != wanted]
    if len(account.keys) >= KEYS_PER_ACCOUNT:
        raise PersonFault(
            f"account {account.name} has {KEYS_PER_ACCOUNT} keys, which is all it may have: delete one first"
        )
    key = ApiKey(
        key=_random(26),
        secret=_random(44),
        label=wanted,
        permissions=chosen,
        addresses=addresses,
        created_at=now,
        updated_at=now,
    )
    account.keys.append(key)
    mail_code(account, key, now)
    return key


def edit_key(
    account: Account,
    key: ApiKey,
    *,
    label: str | None,
    permissions: Sequence[str] | None,
    whitelist: str | None,
    switches: Switches,
    now: int,
) -> None:
    """Change what is given. Permissions or whitelist changed: the key must be activated again."""
    if label is not None:
        key.label = _label(label)
    if permissions is not None or whitelist is not None:
        chosen, addresses = _choices(permissions or [], whitelist or "", switches)
        key.permissions = key.permissions if permissions is None else chosen
        key.addresses = key.addresses if whitelist is None else addresses
        if switches.edit_deactivates and key.status == "active":
            key.status = "deactivated"
            mail_code(account, key, now)
    key.updated_at = now


def mail_code(account: Account, key: ApiKey, now: int) -> None:
    """Send a fresh activation code; the one before is void."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    key.activation = Activation(code=code, expires_at=now + CODE_LIFE_MS)
    account.mailbox.append(
        Mail(
            at=now,
            subject=f"Activate your API key {key.label}",
            text=f"Activation code for the API key {key.label} ({key.key}): {code}. Valid for 5 minutes.",
            key=key.key,
            code=code,
        )
    )


def activate(key: ApiKey, code: str, now: int) -> None:
    """Switch the key on with the mailed code; PersonFault for a wrong or stale one."""
    if key.activation is None or not secrets.compare_digest(key.activation.code.encode(), code.encode()):
        raise PersonFault("the activation code is wrong: take the one of the latest mail", "code")
    if now > key.activation.expires_at:
        raise PersonFault("the activation code is older than 5 minutes: ask for a new one", "code")
    key.status, key.activation, key.updated_at = "active", None, now


def deactivate(key: ApiKey, now: int) -> None:
    key.status, key.activation, key.updated_at = "deactivated", None, now


def delete_key(account: Account, key: ApiKey) -> None:
    account.keys.remove(key)


def form_faults(
    label: str, permissions: Sequence[str], whitelist: str, switches: Switches
) -> list[PersonFault]:
    """All that is wrong with a filled-in form, each with its field; nothing is made or changed."""
    faults = []
    for check in (
        lambda: _label(label),
        lambda: _permissions(permissions),
        lambda: _addresses(whitelist, switches),
    ):
        try:
            check()
        except PersonFault as fault:
            faults.append(fault)
    return faults


def described(key: ApiKey) -> dict[str, object]:
    """A row of the key page: everything but the secret."""
    return {
        "key": key.key,
        "label": key.label,
        "status": key.status,
        "permissions": [permission.value for permission in key.permissions],
        "addresses": key.addresses,
        "createdAt": key.created_at,
        "updatedAt": key.updated_at,
        "used": key.used,
    }


def add_sub_account(account: Account, name: str) -> bool:
    """Make an empty sub-account; False when it is there already. Raises PersonFault when there are five."""
    if name in account.spot:
        return False
    if len(account.spot) >= ACCOUNTS_PER_CLIENT:
        raise PersonFault(f"account {account.name} has {ACCOUNTS_PER_CLIENT} accounts, the main one included")
    account.spot[name] = {}
    return True


def _label(label: str) -> str:
    wanted = label.strip()
    if not 1 <= len(wanted) <= _MAX_LABEL or not wanted.isprintable():
        raise PersonFault(f"label: 1 to {_MAX_LABEL} printable characters", "label")
    return wanted


def _choices(
    permissions: Sequence[str], whitelist: str, switches: Switches
) -> tuple[list[Permission], list[str]]:
    return _permissions(permissions), _addresses(whitelist, switches)


def _permissions(words: Sequence[str]) -> list[Permission]:
    try:
        return with_read([permission_named(word) for word in words])
    except ValueError as fault:
        raise PersonFault(str(fault), "permissions") from None


def _addresses(text: str, switches: Switches) -> list[str]:
    try:
        return parse_whitelist(
            text, networks=switches.whitelist_takes_networks, maximum=switches.whitelist_max
        )
    except ValueError as fault:
        raise PersonFault(str(fault), "whitelist") from None


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
