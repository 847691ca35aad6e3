"""Whether the machine that takes a running one's place could start, asked before the old one is told to end.

An old machine ends first, so what stops its successor leaves the trader without any: an image that is gone,
a type that the zone has not, a quota that is full, a right that is missing. Preflight asks the same before a
run, of what the settings tell; here it is asked of every replacement, whatever its reason
(docs/adr/0016-a-host-ends-only-for-one-that-can-start.md).

What AWS would not tell stops nothing, and is said. Capacity is not asked about: only a launch tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from providers.aws import session
from providers.aws.caller import caller
from providers.aws.checks import machine, quotas
from providers.aws.checks.finding import Finding, Outcome, fine, found
from providers.aws.checks.permitted import SUBJECT, DryRun, permissions
from providers.aws.generation import image_to_start, pin_of
from providers.aws.image import Image, image_for
from providers.aws.instance_inputs import InstanceInputs
from providers.aws.launch import launch_request
from providers.aws.ownership import INSTANCE, INTERFACE, VOLUME, described
from providers.aws.permissions import LAUNCHING
from providers.aws.plan import Plan
from providers.aws.waiting import FRESH, wait_for
from providers.endpoints import Endpoints
from providers.errors import HostKept
from providers.notices import notice

_checked: dict[str, Mapping[str, Any]] = {}  # what the program wants, by its owner tag
_replaced: dict[str, Mapping[str, Any] | None] = {}  # what takes which machine's place, by its id


def checked(owner: str, news: Mapping[str, Any]) -> None:
    """Remember what an engine had checked: it does so in no run that only removes."""
    _checked[owner] = news


def foresee(id_: str, news: Mapping[str, Any] | None) -> None:
    """Remember that a machine is to be replaced by one with these inputs; None: that no diff decided it."""
    _replaced[id_] = news


def foreseen(id_: str, owner: str) -> Mapping[str, Any] | None:
    """What is to take a machine's place; None if it is only removed. An engine does not tell a delete.

    A replacement by `--replace` or `state taint`, or along with what a machine stands on, is decided by no
    diff: then what was checked counts.
    """
    return _replaced.get(id_) or _checked.get(owner)


def refuse_unless_startable(old: str, plan: Plan, wanted: InstanceInputs, endpoints: Endpoints) -> None:
    """HostKept, with every reason in one line, if the machine that is wanted could not start."""
    findings = list(_findings(old, plan, wanted, endpoints))
    for one in findings:
        if one.outcome is Outcome.UNASKED:
            notice(f"{old} is replaced, and this could not be asked of its successor: {one.line}")
    refusals = [one for one in findings if one.outcome is Outcome.REFUSED]
    if endpoints.emulator:
        # What an emulator says of types, quotas and rights may be made up; of its images a launch asks too.
        for one in refusals:
            notice(f"{old} is replaced, though the emulator at {endpoints.aws} says: {one.line}")
        refusals = [one for one in refusals if one.subject == "image"]
    if refusals:
        reasons = "; ".join(f"({number}) {one.line}" for number, one in enumerate(refusals, 1))
        raise HostKept(
            f"{old} is not ended and goes on as it is, as the machine in its place could not start: "
            f"{reasons}: mend that, or take the change back, then run the same command again"
        )


def _findings(old: str, plan: Plan, wanted: InstanceInputs, endpoints: Endpoints) -> Iterator[Finding]:
    ec2, interface_id = session.client("ec2", endpoints), wanted.network_interface_id
    interface = wait_for(lambda: described(ec2, INTERFACE, interface_id), f"{interface_id} to be seen", FRESH)
    id_ = image_to_start(pin_of(ec2, interface), plan.image_id, plan.refresh_image, plan.architecture)

    def image() -> Iterator[Finding]:
        chosen.append(image_for(endpoints, plan.architecture, id_))
        yield fine("image", chosen[0].id)

    def rights() -> Iterable[Finding]:
        known = {"ec2:RunInstances": launch(wanted, chosen[0])} if chosen else {}
        return permissions(plan, endpoints, caller(endpoints), LAUNCHING, known=known)

    chosen: list[Image] = []
    yield from found("image", image)
    yield from found(
        "availability zone", partial(machine.offered, plan, str(interface["AvailabilityZone"]), endpoints)
    )
    yield from found("instance type", partial(quotas.vcpus, plan, endpoints, instead_of=old))
    yield from found(SUBJECT, rights)


def launch(wanted: InstanceInputs, image: Image) -> DryRun:
    """The launch as a dry run. EC2 may refuse it for the interface's use before it looks at any right."""
    return DryRun("run_instances", (INSTANCE, VOLUME), launch_request(wanted, image), also=LAUNCHING)
