"""Why the host's key check did not succeed: the one thing at fault and the next human step.

REST may answer one and the same 401 for a wrong key, a wrong signature, the clock, a key that is not
activated and perhaps the address. The WebSocket login has a text of its own for the first four; what
none of them explains is the address. Only the text for an unknown key could be the one for a refused
address, too: a login that is signed wrongly on purpose tells the two apart, for an exchange that finds
the signature wrong has found the key. Where it does not, the line names both, unless a calibration has
shown that a refused address is worded otherwise. Does not judge a key that
was accepted: that is `verdicts`.
"""

from __future__ import annotations

from cexio.causes import Cause, Reading, calibration, is_own_refusal
from cexio.findings import SURE_CLOCK_S, clock_at_the_edge, granted, key_accepted, reading_of, same_key
from cexio.guide_steps import KEY_PAGE
from cexio.judgement import Expectation, Verdict
from cexio.measurement import AWAITING_KEY, Measurement
from cexio.probes import BALANCE, CANCEL, CLOCK, KEY_CHECK, ORDERS, PUBLIC, WEBSOCKET, WRONG_SIGNATURE
from cexio.refusal import Refusal

_WIDEST_CLOCK_S = 20.0
_GENERIC: tuple[Cause, ...] = ("credentials", "key", "signature", "request")
_NAMED: tuple[Cause, ...] = ("key", "signature", "clock", "activation")


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
    answer = host.answer(KEY_CHECK)
    documented = rest.row is not None and rest.row.confidence != "guess"
    if answer is not None and not documented and not is_own_refusal(answer, rest):
        return Refusal(
            Verdict.UNDETERMINED,
            f"the key check was refused in a form that is not the exchange's own (HTTP {rest.status} "
            f"{rest.text[:100]!r}): is something before the exchange? Nothing is said about the key",
        )
    named = _named(host, here, expected, rest, login)
    if named is None and clock_at_the_edge(host):
        return edge_refusal(host)
    if named is None and _let_in(host) and _refused(host, BALANCE) and _refused(host, ORDERS):
        return _lacks_read(f"its cancel is taken, every read is told {rest.text[:100]!r}")
    return named or _left_over(host, expected, rest, login)


def _let_in(host: Measurement) -> bool:
    """Whether the cancel got past key and address: it was taken, or its order not found."""
    reading = reading_of(host, CANCEL)
    return granted(host, CANCEL) or (reading is not None and reading.text == "unknown_order")


def _refused(host: Measurement, probe: str) -> bool:
    reading = reading_of(host, probe)
    return reading is not None and reading.shape == "error" and not reading.transient


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
        return clock_refusal(host)
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
    if here is not None and key_accepted(here) and same_key(host, here):
        place = here.address or "another address"
        return _address(host, expected, f"the same key is accepted from {place}")
    if rest.cause == "country":
        return Refusal(
            Verdict.UNDETERMINED,
            f"the exchange seems to turn away the country of {_own(host, expected)} (told "
            f"{rest.text[:160]!r}): see whether it serves that country, else move the host to another "
            "region; nothing is said about the key",
        )
    if rest.cause in ("validation", "business"):
        return Refusal(Verdict.UNDETERMINED, f"the key check itself was not accepted: {rest.text[:160]!r}")
    if named == "signature" and rest.cause in _GENERIC:
        return Refusal(
            Verdict.WRONG_KEY,
            "the key is known but the signature is wrong: the secret belongs to another key or was not "
            "copied whole; if it cannot be shown again, make a new key",
        )
    if named == "key" and rest.cause in _GENERIC:
        return _unknown_key(host, expected)
    return None


def _left_over(host: Measurement, expected: Expectation, rest: Reading, login: Reading | None) -> Refusal:
    """Elimination: no text names the cause."""
    both = f"REST {rest.text[:100]!r}"
    public = [reading for probe in (CLOCK, PUBLIC) if (reading := reading_of(host, probe)) is not None]
    if public and not any(reading.shape == "ok" for reading in public):
        return Refusal(
            Verdict.UNREACHABLE,
            f"even public calls are refused from the host ({both}): something before the exchange turns it "
            "away; nothing is said about the key",
        )
    if rest.cause == "address":
        return _address(host, expected, both)
    if login is not None and login.shape == "error" and not login.transient:
        both += f", WebSocket {login.text[:100]!r}"
        if login.cause in ("unclear", "address", "permission") and rest.cause != "validation":
            return _address(
                host, expected, f"told {both}, which is no text for key, signature, clock or activation"
            )
        return Refusal(
            Verdict.UNDETERMINED, f"the exchange refuses the key with texts that do not agree ({both})"
        )
    if login is not None and login.shape == "ok":
        if rest.cause == "permission" and rest.row is not None and rest.row.confidence != "guess":
            return _lacks_read(f"told {both}")
        if rest.cause in ("credentials", "unclear", "permission"):
            passed = "key, signature, clock and activation pass on WebSocket, no read and no cancel on REST"
            return _address(host, expected, f"{passed}, told {both}")
    if host.clock_skew_s is not None and abs(host.clock_skew_s) >= _WIDEST_CLOCK_S:
        return clock_refusal(host, told=False)
    skew = "" if host.clock_skew_s is None or abs(host.clock_skew_s) < SURE_CLOCK_S else ", clock"
    return Refusal(
        Verdict.UNDETERMINED,
        f"the exchange refuses the key ({both}) and its WebSocket login, which would tell why, gave no clear "
        f"answer: check key and secret{skew}, activation, and that {_own(host, expected)} is whitelisted; "
        "run it again",
    )


def _lacks_read(why: str) -> Refusal:
    return Refusal(
        Verdict.PERMISSION_MISSING,
        f"the key lacks Account balance and Open orders (Spot: Read; {why}): grant them on the key page, "
        "activate the key again by the e-mailed code, and offer it again",
    )


def _unknown_key(host: Measurement, expected: Expectation) -> Refusal:
    """The exchange said that it does not know the key, which might be its word for the address, too."""
    spoilt = reading_of(host, WRONG_SIGNATURE)
    if spoilt is not None and spoilt.cause == "signature":
        known = "it says that it does not know the key, yet finds a wrong signature of that very key wrong"
        return _address(host, expected, known)
    copy = (
        "copy the key again, whole (one of the legacy page, cex.io profile, is the wrong kind: Spot keys "
        f"are made at {KEY_PAGE})"
    )
    own = _own(host, expected)
    if any(row.cause == "address" and row.channel == "websocket" for row in calibration().rows):
        return Refusal(Verdict.WRONG_KEY, f"the exchange does not know this key: {copy}")
    if spoilt is not None and spoilt.cause == "key":
        return Refusal(
            Verdict.WRONG_KEY,
            f"the exchange does not know this key: {copy}; if it is the right one, a refused address may be "
            f"worded alike, so see that {own} is on its whitelist",
        )
    return Refusal(
        Verdict.UNDETERMINED,
        "key, or the address: the exchange says that it does not know the key, and may word a refused "
        f"address alike: {copy}, and see that {own} is on its whitelist; run it again",
    )


def clock_refusal(host: Measurement, *, told: bool = True) -> Refusal:
    """The signature's time is refused; `told`: the exchange said so, rather than nothing else being left."""
    skew = host.clock_skew_s
    if told and skew is not None and abs(skew) < SURE_CLOCK_S:
        return Refusal(
            Verdict.CLOCK_SKEW,
            f"the exchange refuses the time of the signature, though its public time is only {skew:+.0f} s "
            "from the host's: its own clocks disagree, or the host's was set just now; run it again",
        )
    seen = "" if skew is None else f" by {skew:+.0f} s"
    rest = "" if told else ", which alone explains the refusal; whatever else is wrong shows after that"
    return Refusal(
        Verdict.CLOCK_SKEW,
        f"the host's clock is off{seen} (20 s are allowed){rest}: set it by NTP (chrony there), run it again",
    )


def edge_refusal(host: Measurement) -> Refusal:
    """The clock is so near to the limit that neither an answer nor a refusal can be relied on."""
    skew = host.clock_skew_s or 0.0
    return Refusal(
        Verdict.CLOCK_SKEW if abs(skew) > _WIDEST_CLOCK_S else Verdict.UNDETERMINED,
        f"the host's clock is off by {skew:+.0f} s, at the edge of the 20 s that are allowed, so an answer "
        "is luck and a refusal may be the clock's alone: set it by NTP (chrony there), run it again",
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
