"""`judge`: three measurements in, one verdict out. Pure: no clock, no network, no state.

What promotes: the host's key check before and after the one from elsewhere, all four permissions
granted from the host, no funds level granted, the whitelist seen to refuse from elsewhere. A funds
level or a whitelist that behaviour could not prove is promoted only with the operator's dated
confirmation for this very key, no older than the review period. A whitelist that was seen open is
never promoted, confirmed or not, and neither is a pass from the host that a rate limit or an outage
left incomplete, nor anything after an order probe that may have made an order.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from cexio import findings, order_alarm
from cexio.causes import Reading
from cexio.diagnosis import clock_refusal, diagnose, edge_refusal, not_ready_refusal, transient_refusal
from cexio.judgement import (
    Confirmation,
    Expectation,
    Finding,
    Judgement,
    PermissionVerdict,
    Verdict,
)
from cexio.measurement import Measurement
from cexio.permissions import GUIDE_PERMISSIONS
from cexio.probes import ARCHIVED, BALANCE, ORDERS, RESTING, WEBSOCKET
from cexio.refusal import Refusal
from cexio.sub_account import seen_in

_MONEY = re.compile(r'("\w*(?:balance|amount|price|fee)\w*"\s*:\s*)"?-?\d[\d.eE+-]*"?', re.IGNORECASE)

_SHOW_MONEY = (BALANCE, ORDERS, RESTING, ARCHIVED)

_DATE_LINE = dt.timedelta(days=1)
"""A day written down east of the date line may be tomorrow in UTC."""


def judge(
    host_before: Measurement,
    here: Measurement | None,
    host_after: Measurement | None,
    expected: Expectation,
    confirmations: Sequence[Confirmation] = (),
    aftermath: Measurement | None = None,
    looked_here: Measurement | None = None,
) -> Judgement:
    """The verdict on one key, with what it rests on. Never raises for what was answered.

    host_before: the full plan. here: `elsewhere_plan`, None where it was not asked. host_after:
    `recheck_plan`, None where the first pass already failed. confirmations: those for another key
    or dated after the measurement are passed over, those older than a review period are named.
    aftermath: `aftermath_plan`, None where the order probe was rejected. looked_here: the same from here,
    None where the host's look told enough.
    """
    permissions = [findings.permission(name, host_before, expected) for name in GUIDE_PERMISSIONS]
    funds = findings.funds(host_before)
    elsewhere = findings.elsewhere(host_before, here, host_after, expected)
    at = max((answer.at for answer in host_before.answers), default="")
    said = [each for each in confirmations if _is_said(each, expected, at)]

    alarm = order_alarm.alarm(host_before, aftermath, looked_here)
    refusal = alarm or _refusal(host_before, here, permissions, funds, expected)
    if refusal is None and elsewhere.verdict is not Finding.GRANTED:
        refusal = _not_good_after(host_before, host_after, here, expected)
    used: list[Confirmation] = []
    if refusal is not None:
        verdict, line, promotes = refusal.verdict, refusal.line, False
    else:
        verdict, line, missing, used = _standing(funds, elsewhere, expected, said, at)
        promotes = not missing
    return Judgement(
        verdict=verdict,
        promotes=promotes,
        line=" ".join(line.split()),
        alarm=alarm is not None,
        permissions=permissions,
        levels=findings.levels(permissions, funds),
        funds=funds,
        elsewhere=elsewhere,
        confirmed=used,
        evidence=evidence(
            host_before, aftermath, looked_here, here, host_after, account_id=expected.account_id
        ),
        at=at,
    )


def evidence(*measurements: Measurement | None, account_id: str | None = None) -> list[dict[str, Any]]:
    """One row of plain JSON values an answer. Balances, amounts and prices of the account are starred:
    the table travels into logs and reviews. What is seen of the sub-account stands beside them."""
    return [
        {
            "probe": answer.probe,
            "vantage": answer.vantage,
            "address": answer.address,
            "action": answer.action,
            "status": answer.status,
            "text": _MONEY.sub(r'\1"*"', answer.text) if answer.probe in _SHOW_MONEY else answer.text,
            "fault": answer.fault,
            "at": answer.at,
            **seen_in(answer, account_id),
        }
        for measurement in measurements
        if measurement is not None
        for answer in measurement.answers
    ]


def _refusal(
    before: Measurement,
    here: Measurement | None,
    permissions: list[PermissionVerdict],
    funds: list[PermissionVerdict],
    expected: Expectation,
) -> Refusal | None:
    """What forbids promotion whatever the operator says, or None."""
    if not before.ready:
        return not_ready_refusal(before)
    if not findings.key_accepted(before):
        return diagnose(before, here, expected)
    if findings.clock_at_the_edge(before):
        return edge_refusal(before)
    return (
        _too_many(funds)
        or _missing(permissions)
        or _unsettled(before, permissions, funds)
        or _contradiction(before)
    )


def _too_many(funds: list[PermissionVerdict]) -> Refusal | None:
    levels = [each for each in funds if each.verdict is Finding.GRANTED]
    if not levels:
        return None
    names = " and ".join(each.spot for each in levels)
    return Refusal(
        Verdict.TOO_MANY_PERMISSIONS,
        f"the key can move funds, by withdrawal or transfer ({names}: {levels[0].reason}): switch that off "
        "on the key page, activate the key again by the e-mailed code, and offer it again",
    )


def _missing(permissions: list[PermissionVerdict]) -> Refusal | None:
    refused = [each for each in permissions if each.verdict is Finding.REFUSED]
    if not refused:
        return None
    names = ", ".join(each.name for each in refused)
    levels = " and ".join(dict.fromkeys(each.spot for each in refused))
    return Refusal(
        Verdict.PERMISSION_MISSING,
        f"the key lacks {names} (Spot: {levels}; told {refused[0].reason}): grant it on the key page, "
        "activate the key again by the e-mailed code, and offer it again",
    )


def _unsettled(
    before: Measurement, permissions: list[PermissionVerdict], funds: list[PermissionVerdict]
) -> Refusal | None:
    probes = {**findings.PROBE_OF, **findings.FUNDS_PROBE_OF}
    for each in (*permissions, *funds):
        if each.verdict is not Finding.UNDETERMINED:
            continue
        reading = findings.reading_of(before, probes[each.name])
        fund = each in funds
        if reading is not None and reading.transient and not (fund and _is_persistent(reading)):
            return transient_refusal(reading, f"on {each.name}")
        if not fund or reading is None or reading.shape in ("odd", "ok"):
            return Refusal(Verdict.UNDETERMINED, f"{each.name} is not proven: {each.reason}")
    return None


def _is_persistent(reading: Reading) -> bool:
    """The exchange's own 500 answers rules that were broken, too: asking again would not change it."""
    return reading.shape == "error" and reading.status == 500 and reading.cause not in ("rate", "maintenance")


def _contradiction(before: Measurement) -> Refusal | None:
    login = findings.reading_of(before, WEBSOCKET)
    if login is None or login.shape != "error" or login.transient:
        return None
    if login.cause == "clock":
        return clock_refusal(before)
    if login.cause == "activation":
        return Refusal(
            Verdict.NOT_ACTIVATED,
            "the key was deactivated while it was being verified (an edit does that): activate it by the "
            "e-mailed link or code, and offer it again",
        )
    return Refusal(
        Verdict.UNDETERMINED,
        f"REST accepts the key, but its WebSocket login is told {login.text[:120]!r}: run it again, and if "
        "it stays so make a new key",
    )


def _not_good_after(
    before: Measurement, after: Measurement | None, here: Measurement | None, expected: Expectation
) -> Refusal | None:
    if after is None:
        return Refusal(Verdict.UNDETERMINED, "the host was not asked a second time: run it again")
    if not after.ready:
        return not_ready_refusal(after)
    if not findings.same_key(before, after):
        line = "the key that the host reads changed while it was being verified: run it again"
        return Refusal(Verdict.UNDETERMINED, line)
    return None if findings.key_accepted(after) else diagnose(after, here, expected)


def _standing(
    funds: list[PermissionVerdict],
    elsewhere: PermissionVerdict,
    expected: Expectation,
    confirmed: list[Confirmation],
    at: str,
) -> tuple[Verdict, str, list[str], list[Confirmation]]:
    """The verdict on a key with all four permissions: what is proven, confirmed, or missing."""
    addresses = ", ".join(expected.addresses)
    if elsewhere.verdict is Finding.GRANTED:
        line = (
            f"the key works from elsewhere too ({elsewhere.reason}): put {addresses} on its whitelist on the "
            "key page, activate it again by the e-mailed code, and offer it again"
        )
        return Verdict.WHITELIST_NOT_ENFORCED, line, ["whitelist"], []
    unproven = [
        subject
        for subject, proven in (
            ("whitelist", elsewhere.verdict is Finding.REFUSED),
            ("funds", all(each.verdict is Finding.REFUSED for each in funds)),
        )
        if not proven
    ]
    asked_for = [each for each in confirmed if each.subject in unproven]
    used = [each for each in asked_for if not _is_outdated(each, expected, at)]
    missing = [each for each in unproven if each not in {one.subject for one in used}]
    if not unproven:
        verdict = Verdict.VERIFIED
        host = expected.addresses[0]
        line = f"all four permissions granted from {host}, refused from elsewhere, nothing moves funds"
        return verdict, line, [], []
    verdict = Verdict.UNDETERMINED if "whitelist" in unproven else Verdict.FUNDS_NOT_PROVEN
    said = {
        "whitelist": f"that other addresses are refused is not proven ({elsewhere.reason})",
        "funds": f"that the key cannot withdraw or transfer funds is not proven ({_first_reason(funds)})",
    }
    line = "all four permissions granted; " + "; ".join(said[each] for each in unproven)
    if missing:
        asked = {
            "whitelist": f"that the whitelist shows exactly {addresses}",
            "funds": "that withdrawal and transfers are off",
        }
        line += "".join(
            f"; what you confirmed on {each.date.isoformat()} ({each.subject}) is older than the "
            f"{expected.review_days} days of a review period"
            for each in asked_for
            if each.subject in missing
        )
        line += (
            "; look at the key page again and confirm in config, dated and for this key's fingerprint, "
            + " and ".join(asked[each] for each in missing)
        )
    else:
        line += "; taken on your confirmation of " + ", ".join(
            f"{each.date.isoformat()} ({each.subject})" for each in used
        )
    return verdict, line, missing, used


def _first_reason(funds: list[PermissionVerdict]) -> str:
    unproven = [each for each in funds if each.verdict is not Finding.REFUSED]
    return ", ".join(f"{each.spot}: {each.reason}" for each in unproven)[:300]


def _is_said(confirmation: Confirmation, expected: Expectation, at: str) -> bool:
    """Whether it is of this very key, and of a day that has come."""
    mine = bool(expected.fingerprint) and expected.fingerprint.startswith(confirmation.fingerprint)
    try:
        day = dt.date.fromisoformat(at[:10])
    except ValueError:
        return False
    return mine and confirmation.date <= day + _DATE_LINE


def _is_outdated(confirmation: Confirmation, expected: Expectation, at: str) -> bool:
    """Whether a review period has gone by since: the key may have been edited meanwhile."""
    if expected.review_days is None:
        return False
    return dt.date.fromisoformat(at[:10]) - confirmation.date > dt.timedelta(days=expected.review_days)
