"""What the verifier will say of a key, foretold from its row on the key page, before anybody offers it.

The row is turned into the answers that such a key gets, and `cexio.verdicts` judges them, so that verdict and
words are the verifier's own. Activation, address and each permission are judged one by one, the rest taken as
mended, so that all faults are told at once. Two things that no verifier can see are told in words of our own:
the label, and addresses beyond the record.

Nothing is sent anywhere, and no secret is needed. That the real verdicts are the same is a test's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from cexio.judgement import Expectation, Verdict
from cexio.measurement import Answer, Measurement
from cexio.permissions import FUNDS_INTERNAL, FUNDS_PERMISSIONS, FUNDS_WALLET, READ, TRADE
from cexio.probes import (
    BALANCE,
    CANCEL,
    FUNDS_INTERNAL_PROBE,
    FUNDS_WALLET_PROBE,
    KEY_CHECK,
    ORDERS,
    PLACE,
    Probe,
    elsewhere_plan,
    probe_plan,
    recheck_plan,
)
from cexio.verdicts import judge
from sandbox.exchange.whitelist import allows

ELSEWHERE = "127.0.0.1"  # where the verifier's own calls come from in the sandbox
_PAIR = "BTC-USD"
_LEVEL = {FUNDS_WALLET_PROBE: FUNDS_WALLET, FUNDS_INTERNAL_PROBE: FUNDS_INTERNAL, PLACE: TRADE, CANCEL: TRADE}
_OPEN: dict[str, Any] = {
    KEY_CHECK: {"tradingFee": {}},
    BALANCE: {"balancesPerAccounts": {}},
    ORDERS: [],
    PLACE: {"status": "REJECTED", "orderId": "NONE", "rejectCode": 414, "rejectReason": "check failed"},
}


class Row(BaseModel):
    """A key as the key page lists it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    key: str
    label: str
    status: str
    permissions: tuple[str, ...]
    addresses: tuple[str, ...]

    def mended(self, wanted: Wanted, **kept: object) -> Row:
        """This key as recorded, but for what is kept as it is."""
        whole = {"status": "active", "permissions": wanted.levels, "addresses": wanted.addresses}
        return self.model_copy(update={**whole, **kept})


class Wanted(BaseModel):
    """What the whitelist record wants of the key; the host's address is the first."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    label: str
    levels: tuple[str, ...]
    addresses: tuple[str, ...]

    @classmethod
    def of(cls, whitelist: dict[str, Any]) -> Wanted:
        """From the stack's output of that name."""
        return cls(
            label=whitelist["label"],
            levels=tuple(dict.fromkeys(row["spot"] for row in whitelist["permissions"])),
            addresses=tuple(row["address"] for row in whitelist["addresses"]),
        )


class Remark(NamedTuple):
    """A verdict with its line, or what only a look at the page can find (`proof` is then False)."""

    what: str
    line: str
    proof: bool = True


def remarks(row: Row, wanted: Wanted) -> list[Remark]:
    """All that is wrong with the key; with no `proof` among it, the key will be verified."""
    apart = [row.mended(wanted, status=row.status), row.mended(wanted, addresses=row.addresses)]
    apart += [
        row.mended(wanted, permissions=tuple(each for each in wanted.levels if each != level))
        for level in wanted.levels
        if level not in row.permissions
    ]
    apart += [
        row.mended(wanted, permissions=(*wanted.levels, level))
        for level in row.permissions
        if level not in wanted.levels
    ]
    judged = [_judged(each, wanted) for each in apart]
    return [*(remark for remark in judged if remark is not None), *_seen_on_the_page(row, wanted)]


def _seen_on_the_page(row: Row, wanted: Wanted) -> Iterator[Remark]:
    if row.label != wanted.label:
        line = f"the record says {wanted.label}, this key says {row.label}: give it the recorded label"
        yield Remark("label", line, proof=False)
    beyond = [address for address in row.addresses if address not in wanted.addresses]
    if beyond and row.addresses:
        yield Remark("whitelist", f"the record does not list {', '.join(beyond)}: remove it", proof=False)
    unlisted = [each for each in wanted.addresses[1:] if not allows(list(row.addresses), each)]
    if unlisted:
        yield Remark("whitelist", f"the record lists {', '.join(unlisted)} too: add it", proof=False)


def _judged(row: Row, wanted: Wanted) -> Remark | None:
    expected = Expectation(addresses=wanted.addresses, account_id="bot")
    host = wanted.addresses[0]
    before = _measured(row, probe_plan("bot", _PAIR, 0, "foretold"), "host", host)
    here = _measured(row, elsewhere_plan(_PAIR), "here", ELSEWHERE)
    after = _measured(row, recheck_plan(_PAIR), "host", host)
    judgement = judge(before, here, after, expected)
    if judgement.verdict is Verdict.VERIFIED:
        return None
    return Remark(judgement.verdict.value, judgement.line)


def _measured(row: Row, plan: list[Probe], vantage: str, source: str) -> Measurement:
    answers = []
    for probe in plan:
        status, said = _answer(row, probe, source)
        answers.append(
            Answer(
                probe=probe.name,
                vantage=vantage,
                address=source,
                action=probe.action,
                status=status,
                text=json.dumps(said),
                at="",
            )
        )
    return Measurement(vantage=vantage, address=source, ready=True, clock_skew_s=0, answers=answers)


def _answer(row: Row, probe: Probe, source: str) -> tuple[int, dict[str, Any]]:
    """What the exchange says to a probe with this key; a refusal of its own wording is worded as a guess."""
    if probe.channel == "public":
        return 200, {"ok": "ok", "data": {}}
    login, refused = probe.channel == "websocket", 401
    if row.status != "active":
        told = "API key is not activated" if login else "Authorization Failed"
    elif not allows(list(row.addresses), source):
        told = "IP address is not allowed"
    elif not login and _LEVEL.get(probe.name, READ) not in row.permissions:
        told, refused = "Permission denied", 403
    elif login:
        return 101, {"e": "auth", "ok": "ok", "data": {"ok": "ok"}}
    elif _LEVEL.get(probe.name) in FUNDS_PERMISSIONS:
        return 422, {"error": "Unsupported currency XXX"}  # past the gate, as the request cannot be valid
    else:
        return 200, {"ok": "ok", "data": _OPEN.get(probe.name, {})}
    return (101, {"e": "auth", "data": {"error": told}}) if login else (refused, {"error": told})
