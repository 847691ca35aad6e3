"""Runs a plan of probes from this process. Does not judge and does not repeat a request."""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from collections.abc import Callable, Sequence
from typing import get_args

from cexio.client import Raw, SpotClient
from cexio.credentials import Credentials
from cexio.errors import TransportError
from cexio.measurement import MAX_TEXT, Answer, Fault, Measurement, key_mark
from cexio.probes import CLOCK, NOW_MS, SPOILT, Probe
from cexio.rawtext import as_object, printable, shortened


def ask(
    plan: Sequence[Probe],
    credentials: Credentials,
    base_url: str,
    vantage: str = "here",
    source_address: str | None = None,
    timeout: float = 10.0,
    proxy: str | None = None,
    now: Callable[[], float] = time.time,
) -> Measurement:
    """Sends every probe of a plan, in order, over IPv4. Never raises for what the network does.

    source_address: own address to send from. timeout: seconds for each step of a request. proxy: URL
    of an HTTP proxy to send through; the WebSocket login is left out then. now: Unix seconds, the
    clock that signs.
    """
    answers: list[Answer] = []
    skew: float | None = None
    accepted: bool | None = None
    address = source_address
    with SpotClient(
        base_url, credentials, source_address=source_address, timeout=timeout, proxy=proxy, now=now
    ) as client:
        for probe in plan:
            if probe.after is not None and (probe.after == "accepted") is not accepted:
                continue
            if probe.channel == "websocket":
                if proxy is None:
                    answers.append(_login(probe, credentials, base_url, source_address, timeout, now))
                continue
            body = probe.body.replace(NOW_MS, str(int(now() * 1000))).encode()
            sent_at, started = now(), time.monotonic()
            try:
                raw = client.send(probe.channel, probe.action, body)
            except TransportError as error:
                answers.append(_silent(probe, error, time.monotonic() - started))
                if probe.channel == "private" and accepted is None:
                    accepted = False
                continue
            if probe.channel == "private" and accepted is None:
                accepted = raw.status == 200 and (as_object(_text(raw)) or {}).get("ok") == "ok"
            if address is None:
                address = client.egress_address(raw.local)
            if probe.name == CLOCK:
                skew = _skew(raw, sent_at)
            answers.append(
                client.answer(raw, probe=probe.name, action=probe.action, vantage=vantage, address=None)
            )
    placed = [each.model_copy(update={"vantage": vantage, "address": address}) for each in answers]
    return Measurement(
        vantage=vantage,
        address=address,
        ready=True,
        clock_skew_s=skew,
        mark=key_mark(*_plain(credentials)),
        answers=placed,
    )


def _text(raw: Raw) -> str:
    return raw.body.decode("utf-8", "replace")


def _plain(credentials: Credentials) -> tuple[str, str]:
    return credentials.key.get_secret_value(), credentials.secret.get_secret_value()


def _login(
    probe: Probe,
    credentials: Credentials,
    base_url: str,
    source_address: str | None,
    timeout: float,
    now: Callable[[], float],
) -> Answer:
    from cexio.websocket import login  # only plans that log in pay for it

    started = time.monotonic()
    try:
        told = login(
            base_url,
            credentials,
            source_address=source_address,
            timeout=timeout,
            now=now,
            spoilt=probe.body == SPOILT,
        )
    except TransportError as error:
        return _silent(probe, error, time.monotonic() - started)
    hidden = *_plain(credentials), told.signature
    text, cut, head = shortened(printable(told.text.encode(), hidden), MAX_TEXT)
    return Answer(
        probe=probe.name,
        vantage="",
        action=probe.action,
        status=told.status,
        text=text,
        cut=cut,
        head=head,
        at=_utc(),
        elapsed_ms=round((time.monotonic() - started) * 1000, 1),
    )


def _silent(probe: Probe, error: TransportError, elapsed_s: float) -> Answer:
    fault = error.fault if error.fault in get_args(Fault) else "network"
    return Answer.model_validate(
        {
            "probe": probe.name,
            "vantage": "",
            "action": probe.action,
            "fault": fault,
            "at": _utc(),
            "elapsed_ms": round(elapsed_s * 1000, 1),
        }
    )


def _skew(raw: Raw, sent_at: float) -> float | None:
    """This clock minus the exchange's, in seconds, taken at the middle of the request."""
    try:
        stamp = json.loads(raw.body)["data"]["timestamp"]
        skew = round(sent_at + raw.elapsed_s / 2 - float(stamp) / 1000, 3)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    return skew if math.isfinite(skew) else None


def _utc() -> str:
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
