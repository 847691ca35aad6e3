"""One key proven from two places: asked from the host, from here, and from the host again, then judged.

From here is asked also where the host's key check was refused: a key that is accepted here has the host's
address against it, not key or secret. The host is asked a third time only for the aftermath of an order probe
that was not plainly rejected, and that is asked from here, too, where the host's look told nothing. From then
on nothing that fails is raised: the alarm is told, and what could not be asked beside it. Knows neither how
the host is reached nor where the key lies.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence

from cexio.causes import calibration
from cexio.findings import key_accepted
from cexio.judgement import Confirmation, Expectation, Judgement
from cexio.measurement import Measurement, not_ready
from cexio.order_alarm import in_doubt, looked
from cexio.probes import Probe, aftermath_plan, elsewhere_plan, probe_plan, recheck_plan
from cexio.verdicts import judge

Ask = Callable[[Sequence[Probe]], Measurement]


def prove(
    expected: Expectation,
    pair: str,
    ask_host: Ask,
    ask_here: Ask | None,
    confirmations: Sequence[Confirmation] = (),
) -> Judgement:
    """Host, here, host. `ask_here` is None where the key is not in this process's memory.

    Raises CalibrationUnreadable before anything is sent.
    """
    calibration()
    plan = probe_plan(expected.account_id, pair, _now_ms(), uuid.uuid4().hex[:12])
    before = ask_host(plan)
    aftermath = looked_here = None
    if in_doubt(before):
        ask_host = _not_raising(ask_host, before.vantage)
        ask_here = None if ask_here is None else _not_raising(ask_here, "here")
        looks = aftermath_plan(plan, _now_ms())
        aftermath = ask_host(looks)
        if ask_here is not None and not looked(aftermath):
            looked_here = ask_here(looks)
    here = ask_here(elsewhere_plan(pair)) if ask_here is not None and before.ready else None
    after = ask_host(recheck_plan(pair)) if key_accepted(before) else None
    return judge(before, here, after, expected, confirmations, aftermath, looked_here)


def _not_raising(ask: Ask, vantage: str) -> Ask:
    """No error of a later question may be told in the alarm's place."""

    def asked(plan: Sequence[Probe]) -> Measurement:
        try:
            return ask(plan)
        except Exception as error:  # noqa: BLE001 - whatever it is, an order may rest meanwhile
            return not_ready(vantage, type(error).__name__, str(error))

    return asked


def _now_ms() -> int:
    return int(time.time() * 1000)
