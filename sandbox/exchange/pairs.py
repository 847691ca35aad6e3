"""What several actions share: naming a pair, and writing a time."""

from __future__ import annotations

from datetime import datetime, timezone

from sandbox.exchange import parameters as take
from sandbox.exchange.errors import ParameterFault
from sandbox.exchange.market import PAIRS, Pair
from sandbox.exchange.parameters import Params


def iso(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def known_pair(name: str) -> Pair:
    """The pair of that name, in any case. Raises ParameterFault with the exchange's text."""
    pair = PAIRS.get(name.upper())
    if pair is None:
        raise ParameterFault(f"pair {name} is not supported")
    return pair


def read_pair(params: Params) -> Pair:
    return known_pair(take.mandatory_text(params, "pair"))
