"""`check`: what a key may do, measured from here, with nothing traded and nothing moved.

One place proves key, signature, clock, activation and permissions. It can never prove the whitelist: that
another address is refused is seen from another address only. So being let in from here is no proof that the
whitelist is on, and being refused here is as it should be unless here is on the whitelist. A whole proof
asks from the bot's host and from elsewhere; that is the work of `pulumi up`.
"""

from __future__ import annotations

import datetime as dt
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from cexio.commands.outcome import Outcome, Status, Table, UsageError
from cexio.commands.words import account, own_address, pair
from cexio.credentials import Credentials
from cexio.judgement import Confirmation, Expectation, Finding, Judgement, Verdict
from cexio.measurement import Measurement
from cexio.offered_key import FILE, KEY, SECRET, key_in_file, offered_key
from cexio.probes import Probe
from cexio.proving import prove
from cexio.urls import DEFAULT_BASE_URL, exchange_url
from cexio.vantage import ask

GOOD = "nothing at fault, as far as one place can tell"
UNSURE = "nothing at fault, but funds not proven"
_UNSURE = (Verdict.UNDETERMINED, Verdict.RATE_LIMITED, Verdict.UNREACHABLE, Verdict.ADDRESS_REFUSED)
_ANY_KEY = "0" * 64


def add_arguments(parser: ArgumentParser) -> None:
    """The command's own words. None of them takes a key or a secret: other users could read it there."""
    parser.add_argument(
        "--key-file", metavar="PATH", help=f"JSON of mode 0600; else {FILE}, or {KEY} and {SECRET}"
    )
    parser.add_argument("--account", metavar="NAME", help="sub-account that orders are placed from")
    parser.add_argument("--pair", default="BTC-USD", help="a pair that the key is to trade (BTC-USD)")
    parser.add_argument("--exchange", default=DEFAULT_BASE_URL, metavar="URL", help="another base URL")
    parser.add_argument("--source", metavar="ADDRESS", help="own IPv4 address to send from")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="of each step (10)")


def run(words: Namespace) -> Outcome:
    """Asks and judges. Raises UsageError, UrlError or OfferedKeyError before anything is sent."""
    _check(words)
    credentials = key_in_file(words.key_file, "--key-file") if words.key_file else offered_key(os.environ)
    if credentials is None:
        raise UsageError(
            f"no key: name a file of mode 0600 with --key-file or {FILE}, or set {KEY} and {SECRET}"
        )
    measured, judgement = _judged(credentials, words)
    status, verdict, line = _conclusion(judgement)
    open_ = _not_proven(measured, judgement)
    rows = [*judgement.permissions, *judgement.funds, judgement.elsewhere]
    table = Table(
        f"Measured from {measured.address or 'here'}",
        ("Permission", "Spot level", "Finding", "Why"),
        [(row.name, row.spot, row.verdict.value, row.reason) for row in rows],
    )
    said: list[Table | str] = [table, f"Verdict: {verdict}" + (f": {line}" if line else ""), *open_]
    return Outcome(status, said, _document(status, verdict, line, open_, measured, judgement))


def _judged(credentials: Credentials, words: Namespace) -> tuple[Measurement, Judgement]:
    """As from a host, though nothing is asked from elsewhere; the first measurement and the verdict.

    What one place cannot prove is taken as given here, and told as open beside the verdict.
    """
    measured: list[Measurement] = []

    def asked(plan: Sequence[Probe]) -> Measurement:
        found = ask(plan, credentials, words.exchange, source_address=words.source, timeout=words.timeout)
        measured.append(found)
        return found

    addresses = (words.source or "this machine's address",)
    expected = Expectation(addresses=addresses, account_id=words.account, fingerprint=_ANY_KEY)
    today = dt.datetime.now(dt.timezone.utc).date()
    given = [
        Confirmation(subject="whitelist", fingerprint=_ANY_KEY, date=today),
        Confirmation(subject="funds", fingerprint=_ANY_KEY, date=today),
    ]
    judgement = prove(expected, words.pair, asked, None, given)
    return measured[0], judgement


def _conclusion(judgement: Judgement) -> tuple[Status, str, str]:
    if judgement.promotes:
        unsure = _funds_not_proven(judgement)
        if not unsure:
            return Status.FINE, GOOD, ""
        line = (
            f"{unsure}: the answers do not tell whether the key may move funds: see on the key page that "
            "withdrawal and transfers are off; so that a check can prove it, run `make calibrate` once"
        )
        return Status.UNDETERMINED, UNSURE, line
    line = judgement.line.replace("the host", "this machine").replace("on this machine's whitelist", "on it")
    status = Status.UNDETERMINED if judgement.verdict in _UNSURE else Status.AT_FAULT
    return Status.ALARM if judgement.alarm else status, judgement.verdict.value, line


def _not_proven(measured: Measurement, judgement: Judgement) -> list[str]:
    """What this run leaves open, a line each."""
    place = measured.address or "this address"
    if judgement.verdict is Verdict.ADDRESS_REFUSED:
        return [f"If {place} is not on the whitelist, this is as it should be: run it on the bot's host."]
    lines = []
    if any(row.verdict is Finding.GRANTED for row in judgement.permissions):
        lines.append(
            f"Whitelist: not proven. The key was let in from {place}. If that address is not on its "
            "whitelist, then the whitelist is empty or not what you think: look at the key page. Whether "
            "other addresses are refused can be seen from another address only."
        )
    unsure = _funds_not_proven(judgement)
    if unsure and lines and not judgement.promotes:
        lines.append(f"{unsure}: not proven to be off. See on the key page that withdrawal is off.")
    return lines


def _funds_not_proven(judgement: Judgement) -> str:
    """The levels that move funds and were seen neither open nor shut."""
    return ", ".join(row.spot for row in judgement.funds if row.verdict is Finding.UNDETERMINED)


def _document(
    status: Status, verdict: str, line: str, open_: list[str], measured: Measurement, judgement: Judgement
) -> dict[str, Any]:
    told = judgement.model_dump(mode="json")
    return {
        "status": int(status),
        "verdict": verdict,
        "line": line,
        "alarm": judgement.alarm,
        "address": measured.address,
        "clockSkewSeconds": measured.clock_skew_s,
        "permissions": told["permissions"],
        "funds": told["funds"],
        "whitelist": told["elsewhere"],
        "notProven": open_,
        "evidence": told["evidence"],
    }


def _check(words: Namespace) -> None:
    """Every word in order, so that nothing is sent for one that cannot be meant."""
    pair(words.pair)
    if words.account is not None:
        account(words.account)
    if not 0 < words.timeout <= 120:
        raise UsageError("--timeout: give seconds above 0, at most 120")
    if words.source is not None:
        own_address(words.source, "--source")
    exchange_url(words.exchange, "--exchange")
