"""From single answers to findings: each permission, and the whitelist as seen from elsewhere.

Elimination, because the exchange's words for a refused address and a missing permission are not
known: where the same key's other calls from the same place were answered, what is left of a 401 or
403 is the gate that was asked for. A text that is documented for another cause, or that talks of
the parameters we sent, is never taken for a refusal. Does not weigh findings against each other:
that is `verdicts`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cexio.causes import Reading, calibration, fits_guess, is_own_refusal, read
from cexio.judgement import Expectation, Finding, PermissionVerdict
from cexio.measurement import Answer, Measurement
from cexio.permissions import (
    FUNDS_INTERNAL,
    FUNDS_WALLET,
    GUIDE_PERMISSIONS,
    SPOT_PERMISSIONS,
    spot_level,
)
from cexio.probes import (
    BALANCE,
    CANCEL,
    FUNDS_INTERNAL_PROBE,
    FUNDS_WALLET_PROBE,
    KEY_CHECK,
    ORDERS,
    PLACE,
    PUBLIC,
    WEBSOCKET,
)

PROBE_OF = dict(zip(GUIDE_PERMISSIONS, (BALANCE, ORDERS, PLACE, CANCEL), strict=True))
FUNDS_PROBE_OF = {FUNDS_WALLET: FUNDS_WALLET_PROBE, FUNDS_INTERNAL: FUNDS_INTERNAL_PROBE}
SURE_CLOCK_S = 15.0
"""Below this skew a refusal cannot be the clock's: the tightest documented window is 20 s."""
_HOPELESS_CLOCK_S = 25.0
"""Above this one nothing is accepted by luck: where all is accepted, the exchange's public time is wrong."""

NO_ACCOUNT = (
    "not asked: API orders need a sub-account; make one (Spot Trading, Accounts), put some funds in, "
    "and set accountId to its name"
)
_SHUT_STATUSES = (401, 403)
_SHUT_CAUSES = ("permission", "unclear", "credentials")
_SHUT_ELSEWHERE = (*_SHUT_CAUSES, "key", "address", "request")
"""From elsewhere the same bytes were accepted from the host a moment ago: even `Bad Request` can
only be about the address there."""


def reading_of(measurement: Measurement | None, probe: str) -> Reading | None:
    """What one answer of a measurement means, or None where there is none."""
    answer = measurement.answer(probe) if measurement is not None else None
    return read(answer) if answer is not None else None


def key_accepted(measurement: Measurement | None) -> bool:
    """Whether the key check was answered as only a good key from a good address is."""
    answer = measurement.answer(KEY_CHECK) if measurement is not None and measurement.ready else None
    return answer is not None and _proves(KEY_CHECK, read(answer))


def permission(name: str, host: Measurement, expected: Expectation) -> PermissionVerdict:
    """One of the guide's four, as measured from the host."""
    probe = PROBE_OF[name]
    answer = host.answer(probe)
    if answer is None:
        reason = NO_ACCOUNT if probe == PLACE and not expected.account_id else _unasked(host)
        return _verdict(name, spot_level(name), Finding.UNDETERMINED, host, reason)
    finding, reason = _gate(probe, answer, accepted=key_accepted(host))
    if probe == CANCEL and (finding is Finding.GRANTED or read(answer).text == "unknown_order"):
        finding, reason = _cancel(host, finding, reason)
    if probe == PLACE and finding is Finding.UNDETERMINED and "account" in reason.lower():
        reason += f"; see that the sub-account {expected.account_id!r} exists"
    return _verdict(name, spot_level(name), finding, host, reason, answer)


def _cancel(host: Measurement, finding: Finding, reason: str) -> tuple[Finding, str]:
    """A cancel that found no order. An exchange may look for the order before it looks at the permission, so
    this proves what Place order was seen to prove (they are one level), or what a calibration showed."""
    if granted(host, PLACE):
        past = "" if finding is Finding.GRANTED else ", past the gate that Place order was seen to pass"
        return Finding.GRANTED, reason + past
    place = host.answer(PLACE)
    shut = place is not None and _gate(PLACE, place, accepted=key_accepted(host))[0] is Finding.REFUSED
    if finding is Finding.GRANTED and calibration().cancel_proves and not shut:
        return finding, reason
    return Finding.UNDETERMINED, f"{reason}, which may be said before the permission is looked at"


def levels(
    permissions: Sequence[PermissionVerdict], moving: Sequence[PermissionVerdict]
) -> list[PermissionVerdict]:
    """The Spot page's four levels, in its order. Two answers about one level that contradict each other
    prove nothing; one that proves something outweighs one that does not."""
    found = []
    for level in SPOT_PERMISSIONS:
        rows = [each for each in (*permissions, *moving) if each.spot == level]
        proven = [each for each in rows if each.verdict is not Finding.UNDETERMINED] or rows
        verdict, reason = proven[0].verdict, proven[0].reason
        if len({each.verdict for each in proven}) > 1:
            verdict = Finding.UNDETERMINED
            reason = "answers contradict each other: " + "; ".join(
                f"{one.name}: {one.reason}" for one in proven
            )
        found.append(proven[0].model_copy(update={"name": level, "verdict": verdict, "reason": reason}))
    return found


def clock_at_the_edge(measurement: Measurement) -> bool:
    """Whether one request may be refused for its time and the next one not: then no refusal proves more."""
    skew = measurement.clock_skew_s
    return skew is not None and SURE_CLOCK_S <= abs(skew) <= _HOPELESS_CLOCK_S


def same_key(one: Measurement, other: Measurement) -> bool:
    """Whether two vantages asked with the same key, as far as they tell."""
    return one.mark is None or other.mark is None or one.mark == other.mark


def funds(host: Measurement) -> list[PermissionVerdict]:
    """The two levels that move money. A text about parameters is `granted` once the other level
    was refused in the same pass, or a calibration has shown it: then permission comes first, and this
    request got past it."""
    single = {level: _funds_level(host, probe) for level, probe in FUNDS_PROBE_OF.items()}
    beside = any(finding is Finding.REFUSED for finding, _ in single.values())
    first = calibration().permission_first
    permission_first = first is True or (first is None and beside)
    verdicts = []
    for level, (own_finding, own_reason) in single.items():
        finding, reason = own_finding, own_reason
        answer = host.answer(FUNDS_PROBE_OF[level])
        if permission_first and answer is not None and _past_the_gate(read(answer)):
            finding = Finding.GRANTED
            why = "the other level was refused outright" if beside else "permission is checked first"
            reason = f"{why}, this one was only told {read(answer).text!r}"
        verdicts.append(_verdict(level, level, finding, host, reason, answer))
    return verdicts


def _funds_level(host: Measurement, probe: str) -> tuple[Finding, str]:
    answer = host.answer(probe)
    if answer is None:
        return Finding.UNDETERMINED, _unasked(host)
    finding, reason = _gate(probe, answer, accepted=key_accepted(host))
    doubt = _other_ground(answer) if finding is Finding.REFUSED else None
    if doubt is not None:
        finding, reason = Finding.UNDETERMINED, f"{reason}, {doubt}"
    return finding, f"not proven: {reason}" if finding is Finding.UNDETERMINED else reason


def _other_ground(answer: Answer) -> str | None:
    """Why a refused funds request may have been refused for what it asked, not for who asked; else None.

    It names an account that does not exist, and an exchange may look that up before the permission.
    """
    reading = read(answer)
    guessed = reading.row is not None and reading.row.confidence == "guess"
    if reading.cause == "permission" and not guessed:
        return None
    if calibration().permission_first is False:
        return "but something else is checked before the permission"
    if guessed and (answer.status not in _SHUT_STATUSES or fits_guess("validation", reading.text)):
        return "which may be said of the account that was named"
    return None


def elsewhere(
    host_before: Measurement, here: Measurement | None, host_after: Measurement | None, expected: Expectation
) -> PermissionVerdict:
    """The whitelist, as seen from an address that is not on it."""
    finding, reason = _elsewhere(host_before, here, host_after, expected)
    place = here if here is not None else Measurement(vantage="here", ready=False)
    return _verdict("Whitelist", "IP whitelist", finding, place, reason, place.answer(KEY_CHECK))


def _elsewhere(
    before: Measurement, here: Measurement | None, after: Measurement | None, expected: Expectation
) -> tuple[Finding, str]:
    unsure = Finding.UNDETERMINED
    if here is None:
        return unsure, "not asked from another address"
    if not here.ready:
        return unsure, f"could not be asked: {here.problem}"
    if not same_key(before, here):
        return unsure, "another key was asked from here than from the host: offer the one that is staged"
    listed = here.address is not None and here.address in {*expected.addresses, before.address}
    through = f"this place goes out through {here.address}, which is on the whitelist: name another place"
    private = [answer for answer in here.answers if answer.probe in (KEY_CHECK, ORDERS)]
    if any(_proves(answer.probe, read(answer)) for answer in private):
        if listed:
            return unsure, through
        if here.address is None:
            return (
                unsure,
                "the key is accepted here, but by which address could not be told: it may be listed",
            )
        return Finding.GRANTED, f"a private call from {here.address} was answered"
    if listed:
        return unsure, through
    if not key_accepted(before) or not key_accepted(after):
        return unsure, "the host's own answers before and after do not both succeed"
    other = _another_cause(here, private)
    return (unsure, other) if other else (Finding.REFUSED, _told(read(private[0]), private[0]))


def _another_cause(here: Measurement, private: Sequence[Answer]) -> str | None:
    """Why a refusal from elsewhere proves nothing, or None when only the address is left."""
    if {answer.probe for answer in private} != {KEY_CHECK, ORDERS}:
        return "not all calls were asked from here"
    public = reading_of(here, PUBLIC)
    if public is None or public.shape != "ok":
        return "a public call from here did not succeed either"
    if here.clock_skew_s is None or abs(here.clock_skew_s) > SURE_CLOCK_S:
        return "the clock here is off or unknown, which could be the cause: set it (NTP)"
    for answer in private:
        reading = read(answer)
        if reading.cause == "country":
            return f"the country here may be what is refused ({_told(reading, answer)}): name another place"
        if not is_own_refusal(answer, reading) or reading.cause not in _SHUT_ELSEWHERE:
            return f"not a refusal of the address: {_told(reading, answer)}"
    login = reading_of(here, WEBSOCKET)
    if login is not None and login.shape == "ok":
        return "REST refuses from here, but the WebSocket login was accepted"
    if login is not None and login.cause in ("clock", "activation", "signature", "rate", "country"):
        return f"the WebSocket login here names another cause: {login.text!r}"
    return None


def _gate(probe: str, answer: Answer, *, accepted: bool) -> tuple[Finding, str]:
    reading = read(answer)
    told = _told(reading, answer)
    if _proves(probe, reading):
        return Finding.GRANTED, told
    if not accepted:
        return Finding.UNDETERMINED, f"the key check itself did not succeed; {told}"
    if not is_own_refusal(answer, reading) or reading.cause not in _SHUT_CAUSES:
        return Finding.UNDETERMINED, told
    if reading.cause == "permission" or answer.status in _SHUT_STATUSES:
        return Finding.REFUSED, told
    return Finding.UNDETERMINED, told


def _unasked(host: Measurement) -> str:
    return "not asked in this pass" if key_accepted(host) else "not asked: the key check was not accepted"


def granted(host: Measurement, probe: str) -> bool:
    """Whether one answer from the host shows its gate open."""
    reading = reading_of(host, probe)
    return reading is not None and _proves(probe, reading)


def _proves(probe: str, reading: Reading) -> bool:
    """Whether an answer shows the gate open: the success that the reference describes, no less."""
    data = reading.data
    if probe == PLACE:
        return reading.shape == "rejected" and reading.cause == "gate-passed"
    if probe in FUNDS_PROBE_OF.values():
        return reading.shape == "rejected" or (
            reading.shape == "ok" and isinstance(data, dict) and bool(data)
        )
    if reading.shape != "ok":
        return False
    if probe == CANCEL:
        return data in ({}, {"cancelRejectReason": "unknown_order"})
    if probe == KEY_CHECK:
        return isinstance(data, dict) and "tradingFee" in data
    if probe == BALANCE:
        return isinstance(data, dict) and "balancesPerAccounts" in data
    if probe == ORDERS:
        return isinstance(data, list)
    return False


def _past_the_gate(reading: Reading) -> bool:
    documented = reading.row is not None and reading.row.confidence != "guess"
    return reading.shape == "error" and documented and reading.cause in ("validation", "business")


def _told(reading: Reading, answer: Answer) -> str:
    """One line on an answer, for a reason."""
    if reading.shape == "silent":
        return f"no answer ({answer.fault})"
    if reading.shape == "page":
        return f"HTTP {answer.status} with something that is no JSON object"
    if reading.shape in ("error", "rejected"):
        words = " ".join(reading.text.split())[:200]
        return f"HTTP {answer.status} {words!r}"
    return f"HTTP {answer.status} {'ok' if reading.shape == 'ok' else 'in an unknown form'}"


def _verdict(
    name: str, spot: str, finding: Finding, place: Measurement, reason: str, answer: Answer | None = None
) -> PermissionVerdict:
    return PermissionVerdict(
        name=name,
        spot=spot,
        verdict=finding,
        vantage=place.vantage,
        address=place.address,
        reason=reason,
        at=answer.at if answer is not None else "",
    )
