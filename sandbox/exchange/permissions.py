"""The four permission levels of a Spot key, and the words people use for them.

Spot has Read (always on), Trade, Funds Internal and Funds Wallet. The setup guide still speaks the older
page's words, so both are taken, in any case.
"""

from __future__ import annotations

from enum import Enum


class Permission(str, Enum):
    READ = "Read"
    TRADE = "Trade"
    FUNDS_INTERNAL = "Funds Internal"
    FUNDS_WALLET = "Funds Wallet"


GUIDE_WORDS: dict[Permission, tuple[str, ...]] = {
    Permission.READ: ("Account balance", "Open orders"),
    Permission.TRADE: ("Place order", "Cancel order"),
    # The older page has one tick for money that leaves. Asked for by that word, it is the level that comes
    # nearest, which is named last.
    Permission.FUNDS_INTERNAL: ("Withdrawal",),
    Permission.FUNDS_WALLET: ("Withdrawal",),
}
_WORDS = {word.lower(): permission for permission, words in GUIDE_WORDS.items() for word in words}
_WORDS |= {permission.value.lower(): permission for permission in Permission}


def permission_named(word: str) -> Permission:
    """The permission that `word` names, in Spot's or the guide's words; ValueError when there is none."""
    found = _WORDS.get(" ".join(word.lower().replace("_", " ").replace("-", " ").split()))
    if found is None:
        raise ValueError(
            f"permission {word!r} is unknown: use Read, Trade, Funds Internal, Funds Wallet, or the guide's"
            " Account balance, Open orders, Place order, Cancel order, Withdrawal"
        )
    return found


def with_read(permissions: list[Permission]) -> list[Permission]:
    """`permissions` in the page's order, each once, with Read: that tick cannot be taken off."""
    chosen = {Permission.READ, *permissions}
    return [permission for permission in Permission if permission in chosen]
