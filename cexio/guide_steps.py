"""What only a person can do at the exchange: the guide's six steps, with everything to type in them.

In the words of the Spot key page and of the guide. A change of an existing key's whitelist or permissions
takes the key out of work until it is activated again, so the steps say that too. How a key is handed over,
and where limits and sub-account are written down, is the caller's to say (`Handover`).

Does not check the values and asks nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

SEPARATOR = ","  # the key page takes spaces, semicolons or commas between addresses
KEY_PAGE = "https://trade.cex.io/terminal/settings/keys"
NO_LIMITS = "not offered"

TWO_FACTOR = (
    "Two-factor login: see that it is on, and that the account meets the exchange's API requirements."
)
OPEN_PAGE = (
    f"Open API Management at {KEY_PAGE} (the Spot page; keys of the legacy page are of the wrong kind)."
)
WITHDRAWAL = "Withdrawal: see that it is off, and Funds Internal and Funds Wallet with it."
COPY = (
    "Copy key and secret when they are shown (once) into a file of mode 0600 as "
    '{"key": "...", "secret": "..."}; into no chat, mail, repository or Pulumi config.'
)
ACTIVATE = (
    "Activate the key with the link or code that comes by e-mail; it does nothing before. "
    "Every later edit of permissions or whitelist switches it off until it is activated again."
)
LOOK_AGAIN = "Look again: withdrawal off, whitelist as above, status active."
LIMITS = "Trading limits: none are recorded, as the page is not known to offer any. If it does, set them"
SUB_ACCOUNT = "Sub-account: make one, as orders need it"


class Handover(NamedTuple):
    """Ends of two sentences, on how limits and a sub-account are recorded; and how the key is offered."""

    limits: str
    account: str
    offer: str


class Step(NamedTuple):
    """One of the guide's six: what it is about, and what to do, a sentence or two each."""

    title: str
    actions: tuple[str, ...]


def address_text(addresses: Sequence[str]) -> str:
    """The addresses as the key page's field takes them."""
    return SEPARATOR.join(addresses)


def guide_steps(
    *,
    label: str,
    guide: Sequence[str],
    spot: Sequence[str],
    addresses: Sequence[str],
    limits: str,
    account_id: str | None,
    review_days: int,
    handover: Handover,
) -> tuple[Step, ...]:
    """The six steps in their order. guide, spot: the permissions in both vocabularies."""
    only = "this one address" if len(addresses) == 1 else f"these {len(addresses)} addresses"
    account = (
        f"{SUB_ACCOUNT}{handover.account}"
        if account_id is None
        else f"Sub-account: see that `{account_id}` exists and holds what the bot may trade with."
    )
    set_limits = (
        f"{LIMITS}{handover.limits}"
        if limits == NO_LIMITS
        else f"Trading limits: set them as recorded: {limits}."
    )
    granted = f"on for {', '.join(spot)} and nothing else; in the guide's words {', '.join(guide)}."
    return (
        Step("Account", (TWO_FACTOR, account)),
        Step("API Management", (OPEN_PAGE,)),
        Step("New key", (f"Create a key with the label `{label}`.",)),
        Step("Permissions", (f"Permissions: {granted}", WITHDRAWAL)),
        Step(
            "Whitelist and activation",
            (
                f"IP whitelist: enter {only} exactly so: {address_text(addresses)}",
                COPY,
                ACTIVATE,
                LOOK_AGAIN,
                set_limits,
            ),
        ),
        Step(
            "Handing over and review",
            (
                handover.offer,
                f"Review permissions and whitelist every {review_days} days, and never share the key.",
            ),
        ),
    )
