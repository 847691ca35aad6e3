"""The guide's steps as the whitelist record shows them: one numbered list, handed over by Pulumi's means.

What is to be done at the exchange stands in `cexio.guide_steps`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cexio.guide_steps import Handover, guide_steps

HANDOVER = Handover(
    limits=" and record them: `pulumi config set cexio-bot:tradingLimits TEXT`.",
    account=", and name it: `pulumi config set cexio-bot:accountId NAME`.",
    offer=(
        "Offer the key: `CEXIO_KEY_FILE=key.json pulumi up`. It is proven from the host and from here before "
        "the bot may read it; then delete the file."
    ),
)


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
    found = guide_steps(
        label=label,
        guide=guide,
        spot=spot,
        addresses=addresses,
        limits=limits,
        account_id=account_id,
        review_days=review_days,
        handover=HANDOVER,
    )
    told = [action for step in found for action in step.actions]
    return [f"{number}. {text}" for number, text in enumerate(told, 1)]
