"""One read-only pass, before a run changes anything, that says all at once what would fail later.

Once per provider process, before its first mutating call; never in a run that changes nothing. A run that
only removes things is asked no more than who it is, as it needs no room and no names. Only refusals stop a
run. What AWS would not tell is said by `make preflight` (commands/preflight.py), never counted as fine.

Changes nothing, and keeps nothing for the next run: quotas and names can be others by then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from providers.aws.checks import account, let_in, machine, quotas, taken
from providers.aws.checks.finding import Finding, Outcome, found
from providers.aws.checks.permitted import SUBJECT, permissions
from providers.aws.permissions import ACTIONS, DISPENSABLE, MAKING, RELEASE
from providers.aws.plan import Plan, plan_of
from providers.endpoints import Endpoints
from providers.errors import PreflightRefused
from providers.notices import notice

AT_A_TIME = 6

CHECKS: dict[str, Callable[[Plan, Endpoints], Iterable[Finding]]] = {
    "availability zone": machine.zone,
    "instance type": quotas.vcpus,
    "image": machine.image,
    "Elastic IP": quotas.address,
    "VPC": quotas.vpc,
    "internet gateway": quotas.gateway,
    "role": taken.role,
    "instance profile": taken.profile,
    "secret": taken.secret,
    "deployers": let_in.deployers,
}
OF_A_NETWORK = ("VPC", "internet gateway")

_lock = threading.Lock()
_done: set[str] = set()  # `making`: this run makes things; `caller`, `all`: what has been asked
_stopped: list[str] = []  # the refusals that stopped it


def expect_to_make() -> None:
    """Told when the engine asks for a check: a run that only removes things never does."""
    _done.add("making")


def expects_to_make() -> bool:
    """Whether the engine has asked for a check in this process: a delete may be half a replacement."""
    return "making" in _done


def passed(props: Mapping[str, Any], endpoints: Endpoints, wished: Mapping[str, str]) -> None:
    """Ask once in this process; PreflightRefused, with every refusal in one line, stops the run.

    props: of the first object to change, whose owner tag names the stack. wished: of providers/aws/plan.py.
    """
    owner = str(props.get("owner", ""))
    if owner.count("/") < 2:
        return  # an object without an owner tag of its own hangs on one that has been asked about
    with _lock:
        if _stopped:
            raise PreflightRefused("not begun, as preflight stopped this run: see the line that says why")
        if "all" in _done:
            return
        making, known = "making" in _done, "caller" in _done
        if known and not making:
            return
        # what has been made already says where; then the stack is there
        plan = plan_of(owner, wished).model_copy(update={"standing": "account" in props})
        findings = inspected(plan, endpoints) if making else [account.identity(endpoints)[1]]
        # Only now: a fault on the way fails one resource, and the next one asks again.
        _done.update(("caller", "all") if making else ("caller",))
        if not known and findings[0].outcome is Outcome.FINE:
            notice(f"AWS: {findings[0].text}, {endpoints.region}")
        refusals = [one.line for one in findings if one.outcome is Outcome.REFUSED]
        if endpoints.emulator:
            # What an emulator says of types, zones and quotas may be made up, and trying costs nothing.
            for line in refusals:
                notice(f"preflight, of the emulator at {endpoints.aws}: {line}")
            return
        _stopped.extend(refusals)
        if _stopped:
            raise PreflightRefused(_told(_stopped))


def inspected(plan: Plan, endpoints: Endpoints, *, whole: bool = False) -> list[Finding]:
    """Every finding, the caller first. whole: ask for every permission, not only for what is to be made."""
    with ThreadPoolExecutor(AT_A_TIME, "preflight") as pool:
        region = pool.submit(account.region, endpoints)
        who, first = account.identity(endpoints)
        off = [one for one in region.result() if one.outcome is Outcome.REFUSED]
        if off:
            return off if who is None else [first, *off]  # elsewhere no credentials are known either
        if who is None:
            return [first]
        chosen = [
            (subject, partial(check, plan, endpoints))
            for subject, check in CHECKS.items()
            if not (plan.brings_network and subject in OF_A_NETWORK)
        ]
        rest = [
            *region.result(),
            *(one for answer in pool.map(found, *zip(*chosen, strict=True)) for one in answer),
        ]
    missing = {one.makes for one in rest if one.makes}
    every = set(ACTIONS) - RELEASE - DISPENSABLE
    actions = every if whole else {action for one in missing for action in MAKING[one]}
    allowed = found(SUBJECT, lambda: permissions(plan, endpoints, who, actions))
    return [first, *rest, *allowed]


def _told(lines: list[str]) -> str:
    count = "one thing" if len(lines) == 1 else f"{len(lines)} things"
    numbered = "; ".join(f"({number}) {line}" for number, line in enumerate(lines, 1))
    return f"preflight found {count} that would fail, so nothing was begun: {numbered}"
