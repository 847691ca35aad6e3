"""The two vocabularies of permissions: the guide's (legacy key page) and the Spot key page's.

The guide names four things a bot may do; the Spot page offers four levels. Reading is one level
there and trading is one, so two names of the guide share each. Does not decide whether a key has
a permission: that is `verdicts`.
"""

from __future__ import annotations

from collections.abc import Iterable

from cexio.errors import UnknownPermissionError

GUIDE_PERMISSIONS = ("Account balance", "Open orders", "Place order", "Cancel order")
WITHDRAWAL = "Withdrawal"

READ = "Read"
TRADE = "Trade"
FUNDS_INTERNAL = "Funds Internal"
FUNDS_WALLET = "Funds Wallet"
SPOT_PERMISSIONS = (READ, TRADE, FUNDS_INTERNAL, FUNDS_WALLET)
FUNDS_PERMISSIONS = (FUNDS_WALLET, FUNDS_INTERNAL)

_SPOT_OF_GUIDE: dict[str, tuple[str, ...]] = {
    "Account balance": (READ,),
    "Open orders": (READ,),
    "Place order": (TRADE,),
    "Cancel order": (TRADE,),
    WITHDRAWAL: (FUNDS_INTERNAL, FUNDS_WALLET),
}
_CANONICAL = {name.lower(): name for name in (*_SPOT_OF_GUIDE, *SPOT_PERMISSIONS)}


def canonical(name: str) -> str:
    """The name as the pages write it; case and spacing are forgiven. Raises UnknownPermissionError."""
    found = _CANONICAL.get(" ".join(name.replace("_", " ").split()).lower())
    if found is None:
        known = ", ".join((*_SPOT_OF_GUIDE, *SPOT_PERMISSIONS))
        raise UnknownPermissionError(f"permission {name[:40]!r} is not known: use one of {known}")
    return found


def spot_for(names: Iterable[str]) -> tuple[str, ...]:
    """The Spot levels that these names (of either vocabulary) ask for, in the page's order."""
    wanted: set[str] = set()
    for name in map(canonical, names):
        wanted.update(_SPOT_OF_GUIDE.get(name, (name,)))
    return tuple(level for level in SPOT_PERMISSIONS if level in wanted)


def guide_for(names: Iterable[str]) -> tuple[str, ...]:
    """The guide's names that these levels (or names) allow, in the guide's order."""
    levels = set(spot_for(names))
    return tuple(name for name, needs in _SPOT_OF_GUIDE.items() if levels.intersection(needs))


def spot_level(name: str) -> str:
    """The one Spot level behind a guide's permission. Raises UnknownPermissionError for `Withdrawal` too."""
    levels = spot_for([name])
    if len(levels) != 1:
        raise UnknownPermissionError(f"permission {name!r} stands for {len(levels)} Spot levels, not one")
    return levels[0]


def both_vocabularies(names: Iterable[str]) -> list[dict[str, str]]:
    """Rows `{"guide": …, "spot": …}` for a record or a table, one per guide permission."""
    return [{"guide": guide, "spot": " + ".join(_SPOT_OF_GUIDE[guide])} for guide in guide_for(names)]


def moves_funds(names: Iterable[str]) -> tuple[str, ...]:
    """The levels among these names that can move money. Empty for a bot's key."""
    return tuple(level for level in spot_for(names) if level in FUNDS_PERMISSIONS)
