"""What only a person can do at the exchange, as numbered steps with everything to type in them.

The guide's steps 1 to 6, in the words of the Spot key page and of the guide. A change of an existing key's
whitelist or permissions takes the key out of work until it is activated again, so the steps say that too.
"""

from __future__ import annotations

from collections.abc import Sequence

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
LIMITS = (
    "Trading limits: none are recorded, as the page is not known to offer any. If it does, set them and "
    "record them: `pulumi config set cexio-bot:tradingLimits TEXT`."
)
SUB_ACCOUNT = (
    "Sub-account: make one, as orders need it, and name it: `pulumi config set cexio-bot:accountId NAME`."
)
OFFER = (
    "Offer the key: `CEXIO_KEY_FILE=key.json pulumi up`. It is proven from the host and from here before the "
    "bot may read it; then delete the file."
)


def address_text(addresses: Sequence[str]) -> str:
    """The addresses as the key page's field takes them."""
    return SEPARATOR.join(addresses)


def steps(
    *,
    label: str,
    guide: Sequence[str],
    spot: Sequence[str],
    addresses: Sequence[str],
    limits: str,
    account_id: str | None,
    review_days: int,
) -> list[str]:
    """The steps in their order, a line each, numbered from 1."""
    only = "this one address" if len(addresses) == 1 else f"these {len(addresses)} addresses"
    told = [
        TWO_FACTOR,
        SUB_ACCOUNT
        if account_id is None
        else f"Sub-account: see that `{account_id}` exists and holds what the bot may trade with.",
        OPEN_PAGE,
        f"Create a key with the label `{label}`.",
        f"Permissions: on for {', '.join(spot)} and nothing else; in the guide's words {', '.join(guide)}.",
        WITHDRAWAL,
        f"IP whitelist: enter {only} exactly so: {address_text(addresses)}",
        COPY,
        ACTIVATE,
        LOOK_AGAIN,
        LIMITS if limits == NO_LIMITS else f"Trading limits: set them as recorded: {limits}.",
        OFFER,
        f"Review permissions and whitelist every {review_days} days, and never share the key.",
    ]
    return [f"{number}. {text}" for number, text in enumerate(told, 1)]
