"""Why the host's key check did not succeed: the one thing at fault and the next human step.

REST may answer one and the same 401 for a wrong key, a wrong signature, the clock, a key that is not
activated and perhaps the address. The WebSocket login has a text of its own for the first four; what
none of them explains is the address. Does not judge a key that was accepted: that is `verdicts`.
"""

from __future__ import annotations

from typing import NamedTuple

from cexio.causes import Cause, Reading
from cexio.findings import SURE_CLOCK_S, key_accepted, reading_of
from cexio.judgement import Expectation, Verdict
from cexio.measurement import AWAITING_KEY, Measurement
from cexio.probes import CLOCK, KEY_CHECK, WEBSOCKET

KEY_PAGE = "https://trade.cex.io/terminal/settings/keys"
_WIDEST_CLOCK_S = 20.0
_GENERIC: tuple[Cause, ...] = ("credentials", "key", "signature", "request")
_NAMED: tuple[Cause, ...] = ("key", "signature", "clock", "activation")


class Refusal(NamedTuple):
    """A verdict that promotes nothing, and its line."""

    verdict: Verdict
    line: str


def not_ready_refusal(host: Measurement) -> Refusal:
    """The host could not be asked: no fault of the key."""
    if host.problem == AWAITING_KEY:
        return Refusal(Verdict.AWAITING_KEY, "no key offered yet: make it by the steps shown, then offer it")
    return Refusal(
        Verdict.HOST_NOT_READY,
        f"the host could not be asked ({host.stage}: {host.problem}): wait a minute and run it again; "
        "nothing is said about the key",
    )


def transient_refusal(reading: Reading, where: str) -> Refusal:
    """A rate limit or an outage: no fault of the key, asking again settles it."""
    if reading.cause == "rate":
        return Refusal(
            Verdict.RATE_LIMITED,
            f"the exchange's rate limit was reached {where}: wait a minute and run it again "
            "(is a bot running on this key?)",
        )
    if reading.cause == "maintenance":
        return Refusal(
            Verdict.UNREACHABLE,
            f"the exchange is on maintenance {where} ({reading.text[:120]!r}): run it again later",
        )
    said = {
        "silent": f"gave no answer ({reading.text})",
        "page": f"answered with a page, not with its API ({reading.text})",
    }.get(reading.shape, f"had a fault of its own (HTTP {reading.status} {reading.text[:120]!r})")
    return Refusal(Verdict.UNREACHABLE, f"the exchange {said} {where}: run it again later")


def diagnose(host: Measurement, here: Measurement | None, expected: Expectation) -> Refusal:
    """Which of key, signature, clock, activation, address or exchange keeps the key check from succeeding."""
    rest, login = reading_of(host, KEY_CHECK), reading_of(host, WEBSOCKET)
    if rest is None:
        return Refusal(Verdict.HOST_NOT_READY, "the host did not ask the key check: run it again")
    if rest.transient:
        return _no_statement(host, rest)
    if rest.shape != "error":
        return Refusal(
            Verdict.UNDETERMINED,
            f"the key check was answered in an unknown form (HTTP {rest.status}): is the endpoint right?",
        )
    return _named(host, here, expected, rest, login) or _left_over(host, expected, rest, login)


def _no_statement(host: Measurement, rest: Reading) -> Refusal:
    clock = reading_of(host, CLOCK)
    if rest.shape == "page" and (rest.status or 0) < 500 and clock is not None and clock.shape == "ok":
        return Refusal(
            Verdict.UNDETERMINED,
            f"the private API answered with a page instead of its own words ({rest.text}), though public "
            "calls work: something before the exchange turns the host away; nothing is said about the key",
        )
    return transient_refusal(rest, "on the key check")


def _named(
    host: Measurement, here: Measurement | None, expected: Expectation, rest: Reading, login: Reading | None
) -> Refusal | None:
    """The cause that a text names outright."""
    told = login.cause if login is not None and login.shape == "error" and login.cause in _NAMED else None
    named = told or (rest.cause if rest.cause in _NAMED else None)
    if rest.cause in ("clock", "activation"):
        named = rest.cause
    if named == "clock":
        return _clock(host)
    if named == "activation":
        return Refusal(
            Verdict.NOT_ACTIVATED,
            "the key is not activated: open the link or enter the code that CEX.IO e-mailed (valid 5 "
            "minutes, Activate on the key page sends a new one); every edit of the key asks for it again",
        )
    if rest.cause == "legacy" or (login is not None and login.cause == "legacy"):
        return Refusal(
            Verdict.WRONG_KIND,
            f"the legacy API answered: this is for keys of the Spot key page, make one at {KEY_PAGE}",
        )
    if key_accepted(here):
        place = here.address if here is not None and here.address else "another address"
        return _address(host, expected, f"the same key is accepted from {place}")
    if rest.cause in ("validation", "business"):
        return Refusal(Verdict.UNDETERMINED, f"the key check itself was not accepted: {rest.text[:160]!r}")
    if named in ("key", "signature") and rest.cause in _GENERIC:
        return _wrong(named)
    return None


def _left_over(host: Measurement, expected: Expectation, rest: Reading, login: Reading | None) -> Refusal:
    """Elimination: no text names the cause."""
    both = f"REST {rest.text[:100]!r}"
    if rest.cause == "address":
        return _address(host, expected, both)
    if login is not None and login.shape == "error" and not login.transient:
        both += f", WebSocket {login.text[:100]!r}"
        if login.cause in ("unclear", "address", "permission") and rest.cause != "validation":
            return _address(host, expected, f"told {both}, which is none of the other causes")
        return Refusal(
            Verdict.UNDETERMINED, f"the exchange refuses the key with texts that do not agree ({both})"
        )
    if login is not None and login.shape == "ok":
        if rest.cause == "permission":
            return Refusal(
                Verdict.PERMISSION_MISSING,
                f"the key lacks Account balance (Spot: Read; told {both}): grant it on the key page, "
                "activate the key again by the e-mailed code, and offer it again",
            )
        if rest.cause in ("credentials", "unclear"):
            return _address(host, expected, f"key, signature, clock and activation pass on WebSocket, {both}")
    if host.clock_skew_s is not None and abs(host.clock_skew_s) >= _WIDEST_CLOCK_S:
        return _clock(host)
    skew = "" if host.clock_skew_s is None or abs(host.clock_skew_s) < SURE_CLOCK_S else ", clock"
    return Refusal(
        Verdict.UNDETERMINED,
        f"the exchange refuses the key ({both}) and its WebSocket login, which would tell why, gave no clear "
        f"answer: check key and secret{skew}, activation, and that {_own(host, expected)} is whitelisted; "
        "run it again",
    )


def _wrong(cause: Cause) -> Refusal:
    if cause == "signature":
        return Refusal(
            Verdict.WRONG_KEY,
            "the key is known but the signature is wrong: the secret belongs to another key or was not "
            "copied whole; if it cannot be shown again, make a new key",
        )
    return Refusal(
        Verdict.WRONG_KEY,
        "the exchange does not know this key: copy it again, whole; a key from the legacy page (cex.io "
        f"profile) is the wrong kind of key, Spot keys are made at {KEY_PAGE}",
    )


def _clock(host: Measurement) -> Refusal:
    skew = "" if host.clock_skew_s is None else f" by {host.clock_skew_s:+.0f} s"
    return Refusal(
        Verdict.CLOCK_SKEW,
        f"the host's clock is off{skew} (20 s are allowed): set it by NTP (chrony there), run it again",
    )


def _address(host: Measurement, expected: Expectation, why: str) -> Refusal:
    return Refusal(
        Verdict.ADDRESS_REFUSED,
        f"the exchange refuses the host's address ({why}): put {_own(host, expected)} on the key's "
        "whitelist; saving that edit deactivates the key, so have your mail at hand, activate it again and "
        "offer it again",
    )


def _own(host: Measurement, expected: Expectation) -> str:
    return host.address or ", ".join(expected.addresses) or "the host's address"
