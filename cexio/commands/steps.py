"""`steps`: the guide's six steps with your values in them. Asks nobody and keeps nothing."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from ipaddress import IPv4Address

from cexio.commands.outcome import Outcome, Status, Table, UsageError
from cexio.guide_steps import NO_LIMITS, Handover, address_text, guide_steps
from cexio.permissions import GUIDE_PERMISSIONS, both_vocabularies

HANDOVER = Handover(
    limits=" and write them down with the key's label.",
    account=", and name it to the check below.",
    offer=(
        "Check the key on the bot's host: `python -m cexio check --key-file key.json --account NAME`. "
        "Hand it to the bot, and delete every other copy."
    ),
)


def add_arguments(parser: ArgumentParser) -> None:
    """The command's own words."""
    parser.add_argument(
        "--address", action="append", required=True, help="the bot's public IPv4 address; once for each"
    )
    parser.add_argument("--label", default="Gunbot_Trading", help="of the key (Gunbot_Trading)")
    parser.add_argument("--account", metavar="NAME", help="sub-account that orders are placed from")
    parser.add_argument("--limits", default=NO_LIMITS, metavar="TEXT", help="trading limits to set")
    parser.add_argument("--review-days", type=int, default=90, metavar="DAYS", help="between reviews (90)")


def run(words: Namespace) -> Outcome:
    """Tells the steps. Raises UsageError for a value that cannot be meant."""
    addresses = list(dict.fromkeys(_public(each) for each in words.address))
    if not words.label.strip() or not words.label.isprintable():
        raise UsageError("--label: give a name that tells the bot, such as Gunbot_Trading")
    if words.review_days < 1:
        raise UsageError("--review-days: give at least 1")
    rows = both_vocabularies(GUIDE_PERMISSIONS)
    steps = guide_steps(
        label=words.label.strip(),
        guide=[row["guide"] for row in rows],
        spot=list(dict.fromkeys(row["spot"] for row in rows)),
        addresses=addresses,
        limits=words.limits,
        account_id=words.account,
        review_days=words.review_days,
        handover=HANDOVER,
    )
    table = Table(
        "The guide's steps",
        ("", "Step", "Do"),
        [
            (str(number) if first else "", step.title if first else "", action)
            for number, step in enumerate(steps, 1)
            for first, action in ((action is step.actions[0], action) for action in step.actions)
        ],
    )
    document = {
        "label": words.label.strip(),
        "permissions": rows,
        "addressText": address_text(addresses),
        "steps": [{"title": step.title, "actions": list(step.actions)} for step in steps],
    }
    return Outcome(Status.FINE, [table], document)


def _public(text: str) -> str:
    try:
        address = IPv4Address(text.strip())
    except ValueError:
        raise UsageError("--address: give one IPv4 address, such as the bot's Elastic IP") from None
    if not address.is_global or address.is_multicast:
        raise UsageError(f"--address: {address} is not public, so the exchange can never see it")
    return str(address)
