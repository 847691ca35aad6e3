"""What nobody outside the exchange knows, as settings of the stand-in; the first of each is its default."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from sandbox.exchange.replies import PRESETS
from sandbox.exchange.switches import Switches

_FURTHER = {
    "address_refused": [
        "400 E17",
        "401 E17",
        "403 Access denied",
        "418 E17",
        "401 ip address is not allowed",
    ],
    "permission_missing": ["400 Operation not permitted", "401 E17", "403 E17", "418 E17"],
    "deactivated_key": ["403 E17", "400 Bad Request"],
    "stale_timestamp": ["403 E17"],
    "unknown_key": ["403 E17", "400 Bad Request"],
}
SETTINGS: dict[str, list[Any]] = {
    **{name: [*PRESETS[name], *further] for name, further in _FURTHER.items()},
    "country_refused": list(PRESETS["country_refused"]),
    "unknown_account": list(PRESETS["unknown_account"]),
    "account_check": ["after-permission", "before-permission"],
    "cancel_check": ["after-permission", "before-permission"],
    "permission_check": ["before-validation", "after-validation"],
    "unknown_sub_account": ["refused", "ignored"],
    "cancel_of_unknown_order": ["acknowledged", "refused"],
    "status_code_in_body": [False, True],
    "ws_address_refused": ["own-text", "like-wrong-key", "close", "not-checked"],
    "ws_failed_auth_closes": [False, True],
    "rest_window_seconds": [20, None],
}
Setting = dict[str, Any]


def one_at_a_time() -> list[Setting]:
    """The defaults, and every other value of every unknown alone."""
    return [{}, *({name: value} for name, values in SETTINGS.items() for value in values[1:])]


def pairs() -> list[Setting]:
    """Every two values of two unknowns that are both not the default."""
    return [
        {one: first, other: second}
        for one, other in itertools.combinations(SETTINGS, 2)
        for first in SETTINGS[one][1:]
        for second in SETTINGS[other][1:]
    ]


def at_random(draw: random.Random) -> Setting:
    return {name: draw.choice(values) for name, values in SETTINGS.items()}


class Watched(Switches):
    """Switches that note which unknowns were looked at."""

    def __getattribute__(self, name: str) -> Any:
        if name in SETTINGS:
            _seen[name] = None
        return super().__getattribute__(name)


_seen: dict[str, None] = {}


def looked_at() -> list[str]:
    """The unknowns that mattered since the last call, in the order in which they came up."""
    found = list(_seen)
    _seen.clear()
    return found


def compatible(one: Setting, other: Setting) -> bool:
    return all(other.get(name, value) == value for name, value in one.items())


def leaves(run: Any) -> Iterator[tuple[Setting, Any]]:
    """Every combination of the unknowns that matter to `run`, found by watching what it looks at.

    `run` takes a setting and answers (outcome, names looked at). What it never looks at cannot change its
    outcome, so a leaf stands for all values of the rest.
    """
    waiting: list[Setting] = [{}]
    while waiting:
        setting = waiting.pop()
        outcome, names = run(setting)
        for name in names:
            if name not in setting:
                waiting += [{**setting, name: value} for value in SETTINGS[name][1:]]
                setting = {**setting, name: SETTINGS[name][0]}
        yield setting, outcome
