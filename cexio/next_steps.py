"""What each cause of `causes` means, and what to do next. Knows no single text."""

from __future__ import annotations

from typing import NamedTuple

from cexio.causes import Cause
from cexio.guide_steps import KEY_PAGE


class NextStep(NamedTuple):
    """A sentence on what the cause is, and one on what to do."""

    means: str
    do: str


PAGE = NextStep(
    "a web page instead of the API: an outage, a proxy on the way, or a challenge before the exchange",
    "try again later; if it stays so, look what is on the way; nothing is said about the key",
)
"""For an answer that is no answer of the API."""

_ACTIVATE = "the edit deactivates the key, so activate it again by the e-mailed code"
NEXT_STEPS: dict[Cause, NextStep] = {
    "gate-passed": NextStep(
        "the order was understood and rejected by a rule: the key may place orders",
        "mend the order: its amount, time, price or funds are not as the rule asks",
    ),
    "credentials": NextStep(
        "key or signature is wrong; REST perhaps says the same for clock, activation and address",
        "run `python -m cexio check`, whose WebSocket login has a text of its own for each of them",
    ),
    "key": NextStep(
        "the exchange does not know the key",
        f"copy it again, whole; legacy keys are of the wrong kind, Spot keys are made at {KEY_PAGE}",
    ),
    "signature": NextStep(
        "the key is known, the secret is another key's or was not copied whole",
        "copy the secret again, or make a new key: a secret is shown once",
    ),
    "clock": NextStep(
        "the time of the signature is too far from the exchange's (20 s are allowed)",
        "set this machine's clock by NTP and keep it so",
    ),
    "activation": NextStep(
        "the key is not activated, or an edit of its permissions or whitelist deactivated it",
        "activate it on the key page, by the code or link that is e-mailed (valid 5 minutes)",
    ),
    "address": NextStep(
        "the request came from an address that is not on the key's whitelist",
        f"put the bot's address on the whitelist; {_ACTIVATE}",
    ),
    "country": NextStep(
        "the exchange turns away the country that the request came from, whatever the key may do",
        "see whether it serves that country; else ask from another, such as another region of the cloud",
    ),
    "permission": NextStep(
        "the key lacks the level that the action needs (Read, Trade, Funds Internal, Funds Wallet)",
        f"grant it on the key page if the bot should have it; {_ACTIVATE}",
    ),
    "legacy": NextStep(
        "the legacy API answered: another system, with other keys",
        f"use {KEY_PAGE} and the Spot API's address",
    ),
    "rate": NextStep(
        "the points of this minute are spent: 200 for a key, 100 for an address in public calls",
        "wait for the next minute; see whether something else uses the same key",
    ),
    "maintenance": NextStep("a part of the exchange is on maintenance", "try again later"),
    "fault": NextStep(
        "a fault on the exchange's side",
        "look whether a request that writes was carried out, then try again later",
    ),
    "request": NextStep(
        "the action is not known, or its body is not as it must be",
        "compare the action's name and the body with the reference",
    ),
    "validation": NextStep(
        "a parameter is missing, of the wrong type, or not known", "mend the parameter that the text names"
    ),
    "business": NextStep(
        "a rule was broken: funds, a minimum, a number of orders", "mend what the text names"
    ),
    "unclear": NextStep(
        "no source explains this text",
        "run `python -m cexio check`, which finds out by elimination; keep the text as it is",
    ),
}
