"""Find out with a real account, once, how the exchange words what nobody could tell us.

    python -m commands.calibrate [--account SUB_ACCOUNT] [--exchange URL] [--proxy URL] [--table FILE] ...

Walks through five steps with one key that has Read alone, says before each what it is for and what you do at
the key page, and sends only requests that trade and move nothing. What is learned goes into the table of
causes (`cexio/calibrated.json`), dated; a text that stands for another cause already makes no entry. Stopped
at any step, the same command goes on there: the replies so far lie in the record. The key comes from
CEXIO_KEY_FILE, from CEXIO_API_KEY and CEXIO_API_SECRET, or is asked for without echo; it is written nowhere.

Exit status 0: calibrated. 1: stopped, or a step taught nothing. 2: ALARM, an order was not rejected.
"""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from cexio.calibration import STALE_SECONDS, STEPS, Record, Step, each_order, fault_of, learned, plan_of
from cexio.causes import CALIBRATED, Calibration
from cexio.commands.words import account, own_address, pair
from cexio.credentials import Credentials
from cexio.errors import CexioError
from cexio.measurement import Measurement, key_mark
from cexio.order_alarm import alarm, in_doubt
from cexio.probes import aftermath_plan
from cexio.urls import DEFAULT_BASE_URL, exchange_url, proxy_url
from cexio.vantage import ask
from providers.cexio.offered_key import KeyNotAccepted, offered_key
from providers.endpoints import on_loopback

EXPLAINED: Mapping[Step, str] = {
    "baseline": (
        "A key that nothing is wrong with. At the key page, make a key with Read alone (no Trade, no "
        "Funds), put this place's address on its whitelist, and activate it by the e-mailed code. Asked: "
        "one read, one login."
    ),
    "read-only": (
        "How a missing permission is worded, and whether it is looked at before the parameters. Nothing to "
        "do. Asked: an order without a price, an order that cannot be accepted, a cancel of an order that "
        "does not exist, and two transfers that cannot be valid. A key with Read alone may do none of it."
    ),
    "stale": (
        f"How an old time is worded. Nothing to do. Asked: one read, one login, signed {STALE_SECONDS} s ago."
    ),
    "foreign": (
        "How a refused address is worded. Go to a network whose address is NOT on the key's whitelist (a "
        "phone's hotspot will do), or stop here and come back with --proxy or --foreign-address. Asked: one "
        "read, one login."
    ),
    "deactivated": (
        "How a key that is not active is worded. First go back to the first network, with the key still "
        "active; then click Deactivate at the key page (or edit the key, which does the same). Asked: one "
        "read before, one read and one login after. Delete the key when all is done."
    ),
}


class Stopped(Exception):
    """The walk ends here: one line that says why and what to do. `status` is the exit status."""

    def __init__(self, line: str, status: int = 1) -> None:
        super().__init__(" ".join(line.split()))
        self.status = status


class Way(BaseModel):
    """How the exchange is asked: from which own address or through which proxy, about what."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    exchange: str
    account_id: str
    pair: str
    home_address: str | None
    foreign_address: str | None
    proxy: str | None
    record: Path
    table: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk, learn, write; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m commands.calibrate", description=__doc__.split("\n")[0])
    parser.add_argument("--exchange", default=DEFAULT_BASE_URL)
    parser.add_argument(
        "--account", default="bot", help="a sub-account's name, for the orders that are refused"
    )
    parser.add_argument("--pair", default="BTC-USD")
    parser.add_argument("--home-address", help="own address to send from (a machine with several)")
    parser.add_argument("--foreign-address", help="own address that is not on the whitelist")
    parser.add_argument("--proxy", help="HTTP proxy to send the foreign read through")
    parser.add_argument("--record", type=Path, default=Path("calibration-record.json"))
    parser.add_argument("--table", type=Path, default=CALIBRATED)
    chosen = parser.parse_args(arguments)
    try:
        way = _way(chosen)
        key = offered_key(os.environ) or _typed()
        calibration = walk(way, key, prompt=input, say=print)
    except (Stopped, KeyNotAccepted, CexioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status if isinstance(error, Stopped) else 1
    except (KeyboardInterrupt, EOFError):
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 1
    _tell(calibration, way, print)
    return 0


def _way(chosen: argparse.Namespace) -> Way:
    """The words, checked. Raises UsageError and UrlError before a key is asked for."""
    return Way(
        exchange=exchange_url(chosen.exchange, "--exchange"),
        account_id=account(chosen.account),
        pair=pair(chosen.pair),
        home_address=chosen.home_address and own_address(chosen.home_address, "--home-address"),
        foreign_address=chosen.foreign_address and own_address(chosen.foreign_address, "--foreign-address"),
        proxy=chosen.proxy and proxy_url(chosen.proxy, "--proxy"),
        record=chosen.record,
        table=chosen.table,
    )


def walk(way: Way, key: Credentials, prompt: Callable[[str], str], say: Callable[[str], None]) -> Calibration:
    """All steps that are not done yet, and what the record teaches then. Raises Stopped."""
    if on_loopback(way.exchange) and way.table == CALIBRATED:
        raise Stopped("a rehearsal teaches nothing about the real exchange: name another file with --table")
    record = _kept(way, key)
    for number, step in enumerate(STEPS, 1):
        if step in record.answers:
            say(f"\nStep {number} of {len(STEPS)}, {step}: done already.")
            continue
        say(f"\nStep {number} of {len(STEPS)}, {step}. {EXPLAINED[step]}")
        measurement = _step(way, key, step, record, prompt)
        fault = fault_of(step, measurement.answers)
        if fault is not None:
            raise Stopped(f"step {step}: {fault}; the same command goes on from here")
        record = record.with_step(step, measurement.answers)
        _write(way.record, record)
        for answer in measurement.answers:
            told = answer.fault or f"{answer.status} {' '.join(answer.text.split())[:100]}"
            say(f"  {answer.probe:<20} {told}")
    calibration = learned(record, dt.datetime.now(dt.timezone.utc).date())
    _write(way.table, calibration)
    return calibration


def _step(
    way: Way, key: Credentials, step: Step, record: Record, prompt: Callable[[str], str]
) -> Measurement:
    if step in ("read-only", "stale"):
        _control(way, key)
    elif step == "deactivated":
        prompt("Enter when you are back and the key is active: ")
        _control(way, key)
        prompt("Enter when you have deactivated it: ")
    else:
        prompt("Enter when it is so: ")
    found = _asked(way, key, step)
    home = {answer.address for answer in record.answers.get("baseline", ())}
    if step == "foreign" and found.address in home and found.address is not None and way.proxy is None:
        raise Stopped(f"step {step}: this is still {found.address}, where the key is accepted: go elsewhere")
    return found


def _control(way: Way, key: Credentials) -> None:
    """The key is good now: what is refused next is refused for the one reason that is tried."""
    fault = fault_of("baseline", _asked(way, key, "baseline").answers)
    if fault is not None:
        raise Stopped(f"the key is not accepted from here now, so nothing could be learned: {fault}")


def _asked(way: Way, key: Credentials, step: Step) -> Measurement:
    foreign = step == "foreign"
    ask_there = partial(
        ask,
        credentials=key,
        base_url=way.exchange,
        vantage=step,
        source_address=way.foreign_address if foreign else way.home_address,
        proxy=way.proxy if foreign else None,
        now=(lambda: time.time() - STALE_SECONDS) if step == "stale" else time.time,
    )
    now_ms = int(time.time() * 1000)
    plan = plan_of(step, way.account_id, way.pair, now_ms, uuid.uuid4().hex[:12])
    found = ask_there(plan)
    alarms = [
        raised
        for order, told in each_order(plan, found)
        if in_doubt(told) and (raised := alarm(told, ask_there(aftermath_plan(order, now_ms)))) is not None
    ]
    if alarms:
        raise Stopped("; ".join(each.line for each in alarms), status=2)
    return found


def _kept(way: Way, key: Credentials) -> Record:
    """The record so far, if it is of this key and this exchange."""
    mark = key_mark(key.key.get_secret_value(), key.secret.get_secret_value())
    fresh = Record(exchange=way.exchange, mark=mark)
    try:
        record = Record.model_validate_json(way.record.read_text("utf-8"))
    except FileNotFoundError:
        return fresh
    except (OSError, ValueError):
        raise Stopped(f"{way.record}: is no record of a calibration: remove it, or name another") from None
    if (record.exchange, record.mark) != (fresh.exchange, fresh.mark):
        raise Stopped(
            f"{way.record}: is of another key or exchange: remove it, or name another with --record"
        )
    return record


def _write(path: Path, model: BaseModel) -> None:
    """Replaced whole, so that a kill leaves the one before."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(model.model_dump_json(indent=2, exclude_none=True) + "\n", "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise Stopped(f"{path}: cannot be written: {error.strerror}") from None


def _typed() -> Credentials:
    """The key as somebody types it, unseen."""
    try:
        return Credentials.model_validate(
            {"key": getpass.getpass("API key: "), "secret": getpass.getpass("API secret: ")}
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        raise Stopped(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}") from None


def _tell(calibration: Calibration, way: Way, say: Callable[[str], None]) -> None:
    say(f"\nLearned, and written to {way.table}:")
    for row in calibration.rows:
        where = "WebSocket" if row.channel == "websocket" else f"HTTP {row.status[0]}"
        say(f"  {row.cause:<11} {where:<10} {row.text!r}")
    order = {True: "before the parameters", False: "after the parameters", None: "when, did not show"}
    say(f"  The permission is checked: {order[calibration.permission_first]}.")
    for note in calibration.notes:
        say(f"  Note: {note}.")


if __name__ == "__main__":
    sys.exit(main())
