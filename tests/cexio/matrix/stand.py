"""The stand-in exchange in this process, and what a key is answered there from host and elsewhere."""

from __future__ import annotations

import contextlib
import itertools
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cexio.credentials import Credentials
from cexio.findings import key_accepted
from cexio.judgement import Expectation
from cexio.measurement import Measurement
from cexio.order_alarm import in_doubt
from cexio.probes import aftermath_plan, elsewhere_plan, probe_plan, recheck_plan
from cexio.proving import Ask
from cexio.vantage import ask
from sandbox.exchange.permissions import Permission
from sandbox.exchange.request_log import RequestLog
from sandbox.exchange.serving import Serving, serving
from tests.cexio.matrix.situations import HERE, HOST, Key, Side
from tests.cexio.matrix.unknowns import Setting, Watched, looked_at

PAIR = "BTC-USD"
EXPECTED = Expectation(addresses=(HOST,), account_id="bot")
_ROOMY = {"key_points_per_minute": 10**9, "address_points_per_minute": 10**9}
_VOLATILE = re.compile(r"\d{9,}|\d{4}-\d\d-\d\dT[\d:.]+Z?|(?:n|difference was )\d+")


class Tally(RequestLog):
    """Counts requests by action; a hundred thousand of them would make a long log."""

    def __init__(self) -> None:
        self.actions: Counter[str] = Counter()

    def write(self, **entry: Any) -> None:
        self.actions[entry["action"]] += 1


@dataclass(frozen=True)
class HostSide:
    """All that the host was answered."""

    before: Measurement
    aftermath: Measurement | None
    after: Measurement | None


class Stand:
    """One exchange; a key of each shape is made once."""

    def __init__(self, running: Serving) -> None:
        self.url = running.url
        self.page = running.page
        self.exchange = running.exchange
        self.tally = self.exchange.log = Tally()
        self._keys: dict[Key, Credentials] = {}
        self._opening: dict[str, tuple[dict[str, dict[str, Decimal]], dict[str, Decimal]]] = {}
        self._numbers = itertools.count(1)

    def switch(self, side: Side, setting: Setting, struck: str | None) -> None:
        """What is unknown as `setting` says, and the side's fault for the address that it strikes."""
        fixed: dict[str, Any] = dict(side.switches)
        if struck is not None and "fault" in fixed:
            fixed["fault_addresses"] = (struck,)
        self.exchange.store.switches = Watched.model_validate({**_ROOMY, **setting, **fixed})
        looked_at()

    def key(self, key: Key) -> Credentials:
        if key not in self._keys:
            self._keys[key] = self.made(key)
        return self._keys[key]

    def asking(self, key: Key, side: Side, source: str, vantage: str) -> Ask:
        """Asks as this side would: with the key as it was copied there, and by its clock."""
        credentials = _as_copied(self.key(key), side)
        return lambda plan: ask(
            plan,
            credentials,
            self.url,
            vantage,
            source,
            side.timeout,
            now=lambda: time.time() + side.skew,
        )

    def host_side(self, key: Key, side: Side, source: str = HOST) -> HostSide:
        """What `cexio.proving.prove` asks of a host."""
        asked = self.asking(key, side, source, "host")
        now = int((time.time() + side.skew) * 1000)
        plan = probe_plan(EXPECTED.account_id, PAIR, now, f"n{next(self._numbers)}")
        before = asked(plan)
        aftermath = asked(aftermath_plan(plan, now)) if in_doubt(before) else None
        return HostSide(before, aftermath, asked(recheck_plan(PAIR)) if key_accepted(before) else None)

    def here_side(self, key: Key, side: Side) -> Measurement:
        return self.asking(key, side, HERE, "here")(elsewhere_plan(PAIR))

    def orders_resting(self) -> int:
        """As the exchange counts them."""
        return sum(order.active for account in self._accounts() for order in account.orders)

    def funds_moved(self) -> int:
        """Transfers, deals and balances that are not as they were when the account was opened."""
        moved = 0
        for account in self._accounts():
            moved += len(account.transactions) + len(account.fundings) + len(account.internal_transfers)
            held = {name: {c: b.total for c, b in each.items()} for name, each in account.spot.items()}
            moved += (held, account.wallet) != self._opening[account.name]
        return moved

    def _accounts(self) -> Iterator[Any]:
        return iter(tuple(self.exchange.store.accounts.values()))

    def made(self, key: Key) -> Credentials:
        """A key of that shape that nobody else uses."""
        account = f"a{next(self._numbers)}"
        self.exchange.store.switches = Watched.model_validate(_ROOMY)
        made = self.page.make_key(
            account,
            label="matrix",
            permissions=key.permissions,
            addresses=key.addresses,
            activate=key.state != "created",
        )
        found = self.exchange.store.accounts[account]
        held = {name: {c: b.total for c, b in each.items()} for name, each in found.spot.items()}
        self._opening[account] = (held, dict(found.wallet))
        if key.state == "edited":
            self.page.key("PATCH", account, made["key"], form={"whitelist": " ".join((*key.addresses, HERE))})
        # The page does not let anybody untick Read; the matrix asks what a key without it would be told.
        found.keys[0].permissions = [Permission(name) for name in key.permissions]
        return Credentials(key=made["key"], secret=made["secret"])


@contextlib.contextmanager
def stand() -> Iterator[Stand]:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "exchange") as running:
        yield Stand(running)


def answered(measurement: Measurement | None) -> Any:
    """What was answered, apart from times and numbers that differ from run to run."""
    if measurement is None:
        return None
    rows = [
        (each.probe, each.status, each.fault, _VOLATILE.sub("#", each.text)) for each in measurement.answers
    ]
    skew = measurement.clock_skew_s
    return measurement.mark, measurement.ready, None if skew is None else round(skew), tuple(rows)


def _as_copied(made: Credentials, side: Side) -> Credentials:
    key, secret = made.key.get_secret_value(), made.secret.get_secret_value()
    if side.copied == "wrong key":
        key = key[::-1]
    if side.copied == "wrong secret":
        secret = secret[::-1]
    return Credentials.model_validate({"key": key, "secret": secret})
