"""What can be wrong, and the verdict it should have: the rows of the matrix.

A situation strikes one side at a time: the host, or the place elsewhere that the whitelist is proven from.
What is a state of the key strikes both; there, `elsewhere` means that the whole pass is asked from the other
place alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cexio.judgement import Verdict

HOST, HERE, OTHER = "127.0.0.7", "127.0.0.9", "127.0.0.8"
Place = Literal["host", "elsewhere"]
_ANY = frozenset(Verdict)
FOUR = ("Read", "Trade")


@dataclass(frozen=True)
class Key:
    """How the key is at the exchange, and how it was copied."""

    permissions: tuple[str, ...] = FOUR
    addresses: tuple[str, ...] = (HOST,)
    state: Literal["active", "created", "edited"] = "active"


@dataclass(frozen=True)
class Side:
    """What strikes one place."""

    copied: Literal["right", "wrong key", "wrong secret"] = "right"
    skew: float = 0.0
    switches: tuple[tuple[str, Any], ...] = ()
    timeout: float = 2.0


@dataclass(frozen=True)
class Situation:
    """One row, or one of the variations that make it up.

    expected: the verdict from the host; `undetermined` is always allowed beside it. passes: it may be
    promoted. alarms: it has to be one. by_place: it strikes host and elsewhere separately.
    """

    name: str
    expected: frozenset[Verdict]
    key: Key = Key()
    side: Side = Side()
    by_place: bool = True
    passes: bool = False
    alarms: bool = False
    place: Place = "host"
    elsewhere: frozenset[Verdict] = field(default_factory=frozenset)


def every() -> Iterator[Situation]:
    """All variations, from host and from elsewhere, in the order of the table."""
    for situation in (*_keys(), *_clocks(), *_limits(), *_faults(), *_orders()):
        yield situation
        struck = dict(situation.side.switches).get("fault_actions", ())
        if not struck or set(struck) <= _ASKED_ELSEWHERE:
            yield replace(situation, place="elsewhere")


def _row(name: str, *expected: Verdict, **more: Any) -> Situation:
    return Situation(name, frozenset(expected), **more)


def _key(name: str, *expected: Verdict, elsewhere: tuple[Verdict, ...] = (), **key: Any) -> Situation:
    named = frozenset({*expected, *elsewhere, Verdict.ADDRESS_REFUSED})
    return _row(name, *expected, key=Key(**key), by_place=False, elsewhere=named)


def _keys() -> Iterator[Situation]:
    yield replace(_key("good", Verdict.VERIFIED), passes=True, elsewhere=frozenset({Verdict.ADDRESS_REFUSED}))
    for copied in ("wrong key", "wrong secret"):
        yield _row(copied, Verdict.WRONG_KEY, side=Side(copied=copied))
    yield _key("not activated", Verdict.NOT_ACTIVATED, state="created")
    yield _key("deactivated by edit", Verdict.NOT_ACTIVATED, state="edited")
    open_ = _key("whitelist empty", Verdict.WHITELIST_NOT_ENFORCED, addresses=())
    yield replace(open_, elsewhere=frozenset())
    away = Side(switches=(("country_refused_addresses", (HERE,)),))
    turned_away = replace(open_, name="whitelist empty, country refused", expected=frozenset(), side=away)
    yield replace(turned_away, elsewhere=frozenset())
    yield _key("whitelist other address", Verdict.ADDRESS_REFUSED, addresses=(OTHER,))
    here = _key("whitelist other address", Verdict.ADDRESS_REFUSED, addresses=(HERE,))
    yield replace(here, elsewhere=frozenset())
    missing = Verdict.PERMISSION_MISSING
    yield _key("place and cancel missing (Trade)", missing, permissions=("Read",))
    yield _key("balance and orders missing (Read)", missing, permissions=("Trade",))
    for extra in (("Funds Internal",), ("Funds Wallet",), ("Funds Internal", "Funds Wallet")):
        name = extra[0] if len(extra) == 1 else "both Funds levels"
        yield _key(f"extra: {name}", Verdict.TOO_MANY_PERMISSIONS, permissions=(*FOUR, *extra))


def _clocks() -> Iterator[Situation]:
    for size in (19, 21, 300):
        for skew in (size, -size):
            expected = Verdict.CLOCK_SKEW if size > 20 else Verdict.VERIFIED
            yield _row(f"clock off by {size} s", expected, side=Side(skew=skew), passes=size < 20)


def _limits() -> Iterator[Situation]:
    for points in (0, 3, 12, 18):
        spent = Side(switches=(("key_points_per_minute", points),))
        yield _row(
            "rate exhausted", Verdict.RATE_LIMITED, side=spent, by_place=False, elsewhere=frozenset(Verdict)
        )


_OUT = (Verdict.UNREACHABLE,)
_FAULTS: Mapping[str, tuple[tuple[str, ...], tuple[Verdict, ...]]] = {
    "429": (("rate-limit", "rate-page"), (Verdict.RATE_LIMITED, Verdict.UNREACHABLE)),
    "500": (("error-500",), _OUT),
    "time-out": (("slow",), _OUT),
    "cut connection": (("cut", "truncated", "lost-reply", "short-body"), _OUT),
    "garbage": (("garbage", "bad-chunks", "noise", "huge", "drip"), _OUT),
    "HTML from a proxy": (("html-502", "page-401", "page-404", "portal", "maintenance-page"), _OUT),
    "redirect": (("redirect", "redirect-308"), _OUT),
    "Cloudflare challenge": (("challenge", "challenge-503"), _OUT),
    "nothing in it": (("empty", "no-content", "null", "array", "half-json"), _OUT),
    "JSON of another shape": (
        *(("no-data", "null-data", "ok-true", "ok-upper", "other-product", "proxy-json", "twice"),),
        _OUT,
    ),
    "an error without words": (("error-number", "error-empty", "error-object"), ()),
    "packed (gzip)": (("gzip",), _OUT),
}
_UNHARMED = ("bom", "lower-case", "spaced")
_ACTIONS: tuple[tuple[str, ...], ...] = (
    (),
    ("get_my_current_fee",),
    ("get_my_account_status_v3",),
    ("get_my_orders",),
    ("do_my_new_order",),
    ("do_cancel_my_order",),
    ("do_withdrawal_funds_to_wallet",),
    ("do_my_internal_transfer",),
    ("auth",),
    ("get_server_time",),
)
_ASKED_ELSEWHERE = {"get_my_current_fee", "get_my_orders", "auth", "get_server_time"}
_WAITS = ("slow", "drip")


def _faults() -> Iterator[Situation]:
    for name, (faults, expected) in _FAULTS.items():
        for fault in faults:
            for actions in _ACTIONS[1:5] if fault in _WAITS else _ACTIONS:
                yield _struck(name, fault, actions, expected)
    for actions in _ACTIONS:
        for what in ("order_placement", "order_cancellation", "order_status"):
            if not actions:
                on = Side(switches=(("maintenance", (what,)),))
                yield _row("maintenance text", *_OUT, side=on, by_place=False, elsewhere=_ANY)
        for fault in _UNHARMED:
            yield replace(
                _struck("unharmed (BOM, case, blanks)", fault, actions, (Verdict.VERIFIED,)), passes=True
            )


def _struck(name: str, fault: str, actions: tuple[str, ...], expected: tuple[Verdict, ...]) -> Situation:
    switches = (("fault", fault), ("fault_actions", actions), ("fault_seconds", 0.2))
    # Some single answers may be lost without harm: the second clock, the login of a key that is accepted.
    spared = actions in (("auth",), ("get_server_time",))
    side = Side(switches=switches, timeout=0.1 if fault in _WAITS else 2.0)
    wanted = (*expected, Verdict.VERIFIED) if spared else expected
    return _row(name, *wanted, side=side, passes=spared)


def _orders() -> Iterator[Situation]:
    taken = Side(switches=(("orders_taken", "any"),))
    yield _row(
        "order accepted",
        Verdict.UNDETERMINED,
        side=taken,
        by_place=False,
        alarms=True,
        elsewhere=frozenset(Verdict),
    )
