"""Answers and measurements for tests: those of a good key, to be spoiled one at a time."""

from __future__ import annotations

import json
from typing import Any

from cexio.judgement import Expectation
from cexio.measurement import Answer, Measurement
from cexio.probes import Probe, aftermath_plan, elsewhere_plan, probe_plan, recheck_plan

HOST, HERE = "203.0.113.7", "198.51.100.9"
FINGERPRINT = "ab" * 32
EXPECTED = Expectation(addresses=(HOST,), account_id="bot", fingerprint=FINGERPRINT)
AT = "2026-01-02T03:04:05.678+00:00"

TIME = {"ok": "ok", "data": {"timestamp": 1_700_000_000_000}}
FEE = {"ok": "ok", "data": {"tradingFee": {"BTC-USD": {"percent": "0.25"}}}}
BALANCES = {
    "ok": "ok",
    "data": {"convertedCurrency": "USD", "balancesPerAccounts": {"bot": {"USD": {"balance": "731.55"}}}},
}
LOGGED_IN = {"e": "auth", "ok": "ok", "data": {"ok": "ok"}}


def rejected(code: Any, reason: str, order_id: Any = "NONE", status: str = "REJECTED") -> dict[str, Any]:
    data = {"status": status, "rejectCode": code, "rejectReason": reason, "orderId": order_id}
    return {"ok": "ok", "data": data}


TOO_SMALL = rejected(
    414, "minOrderAmountCcy1 check failed. amountCcy1 0.1 is less than minOrderAmountCcy1 0.2"
)
GOOD: dict[str, tuple[int, Any]] = {
    "clock": (200, TIME),
    "key-check": (200, FEE),
    "balance": (200, BALANCES),
    "orders": (200, {"ok": "ok", "data": []}),
    "place": (200, TOO_SMALL),
    "cancel": (200, {"ok": "ok", "data": {}}),
    "funds-wallet": (403, {"error": "Permission denied"}),
    "funds-internal": (403, {"error": "Permission denied"}),
    "websocket": (101, LOGGED_IN),
    "public": (200, TIME),
    "cancel-again": (200, {"ok": "ok", "data": {}}),
    "resting": (200, {"ok": "ok", "data": []}),
    "archived": (200, {"ok": "ok", "data": []}),
}
NOT_ASKED = {"wrong-signature": None}
AWAY = (401, {"error": "IP address is not allowed"})
FROM_ELSEWHERE = {
    "key-check": AWAY,
    "orders": AWAY,
    "websocket": (101, {"e": "auth", "data": {"error": "IP address is not allowed"}}),
}


def answer(probe: Probe, reply: Any, vantage: str, address: str | None) -> Answer:
    """reply: (status, JSON value or text), or the word of a fault."""
    base = {"probe": probe.name, "action": probe.action, "vantage": vantage, "address": address, "at": AT}
    if isinstance(reply, str):
        return Answer.model_validate({**base, "fault": reply})
    status, body = reply
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer.model_validate({**base, "status": status, "text": text[:600]})


def measured(plan: list[Probe], vantage: str, address: str | None, replies: dict[str, Any]) -> Measurement:
    """None as a reply leaves that answer out."""
    told = {**GOOD, **NOT_ASKED, **replies}
    answers = [
        answer(probe, told[probe.name], vantage, address) for probe in plan if told[probe.name] is not None
    ]
    return Measurement(vantage=vantage, address=address, ready=True, clock_skew_s=0.1, answers=answers)


def host(account: str | None = "bot", **replies: Any) -> Measurement:
    plan = probe_plan(account, "BTC-USD", 1_700_000_000_000, "n1")
    return measured(plan, "host", HOST, {name.replace("_", "-"): each for name, each in replies.items()})


def here(address: str | None = HERE, **replies: Any) -> Measurement:
    spoiled = {name.replace("_", "-"): each for name, each in replies.items()}
    return measured(elsewhere_plan("BTC-USD"), "here", address, {**FROM_ELSEWHERE, **spoiled})


def again(**replies: Any) -> Measurement:
    spoiled = {name.replace("_", "-"): each for name, each in replies.items()}
    return measured(recheck_plan("BTC-USD"), "host", HOST, spoiled)


def aftermath(**replies: Any) -> Measurement:
    plan = aftermath_plan(probe_plan("bot", "BTC-USD", 1_700_000_000_000, "n1"), 1_700_000_000_000)
    return measured(plan, "host", HOST, {name.replace("_", "-"): each for name, each in replies.items()})
