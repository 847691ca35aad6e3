"""Whether the caller may do what a run needs: asked of IAM's simulator, else of EC2's dry runs.

The simulator (simulation.py) is believed when it says no, unless it says that something it was not told would
have decided. The root user is not judged by it.

A dry run is asked for only of AWS itself and only where the simulator could not be had: an emulator may take
no notice of it and make the object (moto did). Neither makes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from providers.aws import session
from providers.aws.caller import Caller
from providers.aws.checks.finding import Finding, fine, refused, unasked
from providers.aws.checks.simulation import denials, written_by
from providers.aws.failures import REFUSED, code_of, is_gone
from providers.aws.ownership import ADDRESS, GATEWAY, VPC, Kind, tag_specification
from providers.aws.plan import Plan
from providers.endpoints import Endpoints

SUBJECT = "permissions"
UNJUDGED = frozenset({"InvalidInput", "NoSuchEntity", "ValidationError"})


class DryRun(NamedTuple):
    """A call that makes something; `also` are the actions that AWS asks about beside the call's own."""

    method: str
    kinds: tuple[Kind, ...]
    parameters: Mapping[str, Any]
    also: tuple[str, ...] = ()


DRY_RUNS = {  # of what names no other object
    "ec2:AllocateAddress": DryRun("allocate_address", (ADDRESS,), {"Domain": "vpc"}),
    "ec2:CreateInternetGateway": DryRun("create_internet_gateway", (GATEWAY,), {}),
    "ec2:CreateVpc": DryRun("create_vpc", (VPC,), {"CidrBlock": "10.60.0.0/24"}),
}


def permissions(
    plan: Plan,
    endpoints: Endpoints,
    who: Caller,
    actions: Iterable[str],
    *,
    dry_runs: bool | None = None,
    known: Mapping[str, DryRun] | None = None,
) -> Iterator[Finding]:
    """A finding for each action that is refused, or one for all. dry_runs: None for "of AWS alone".

    known: dry runs beside DRY_RUNS, of calls whose objects are there.
    """
    wanted = sorted(set(actions))
    if not wanted:
        yield fine(SUBJECT, "nothing is to be made")
    elif who.is_root:
        yield fine(SUBJECT, "the root user may do everything that the organisation allows")
    else:
        try:
            yield from _simulated(plan, endpoints, who, wanted)
        except ClientError as error:
            if code_of(error) not in (REFUSED | UNJUDGED) and not is_gone(error):
                raise
            why = f"iam:SimulatePrincipalPolicy on {who.principal_arn} was refused ({code_of(error)})"
            if dry_runs is None:
                dry_runs = endpoints.aws is None
            table = {**DRY_RUNS, **(known or {})} if dry_runs else {}
            yield from _dry(plan, endpoints, wanted, why, table)


def _simulated(plan: Plan, endpoints: Endpoints, who: Caller, wanted: list[str]) -> Iterator[Finding]:
    """What IAM's simulator says to each action on each of its resources."""
    untold: dict[str, set[str]] = {}  # action: what might have decided otherwise; nothing if it is sure
    sure: set[str] = set()
    for no in denials(plan, endpoints, who, wanted):
        untold.setdefault(no.action, set()).update(no.untold)
        if not no.untold:
            sure.add(no.action)
    if sure:
        yield refused(
            SUBJECT,
            f"{who.arn} may not {', '.join(sorted(sure))}: allow what docs/deployer-policy.md lists, or run "
            "as a role that may",
        )
    unsure = sorted(untold.keys() - sure)
    if unsure:
        keys = sorted({key for action in unsure for key in untold[action]})
        yield unasked(
            SUBJECT,
            f"IAM's simulator cannot tell whether {who.arn} may {', '.join(unsure)}: it hangs on "
            f"{', '.join(keys)}",
        )
    if not untold:
        yield fine(SUBJECT, f"{who.arn} may do all of the {len(wanted)} actions that were asked about")


def _dry(
    plan: Plan, endpoints: Endpoints, wanted: list[str], why: str, table: Mapping[str, DryRun]
) -> Iterator[Finding]:
    """What EC2 says to the calls of the table; the other actions stay unasked."""
    left = set(wanted)
    for action in [action for action in wanted if action in table]:
        call = table[action]
        client = session.client("ec2", endpoints, once=True)
        tags = [tag for kind in call.kinds for tag in tag_specification(kind, written_by(action, plan))]
        left.discard(action)
        try:
            getattr(client, call.method)(DryRun=True, TagSpecifications=tags, **call.parameters)
        except ClientError as error:
            if code_of(error) in REFUSED:
                beside = f" (it also asks for {', '.join(call.also)})" if call.also else ""
                yield refused(
                    SUBJECT,
                    f"a dry run of {action} was refused{beside}: allow it, see docs/deployer-policy.md",
                )
                left.difference_update(call.also)
            elif code_of(error) == "DryRunOperation":
                yield fine(SUBJECT, f"a dry run of {action} was allowed")
                left.difference_update(call.also)
            else:
                yield unasked(SUBJECT, f"a dry run of {action} was answered {code_of(error)}")
    if left:
        others = f"{len(left)} other actions: " if len(left) < len(wanted) else ""
        yield unasked(SUBJECT, f"{others}{why}")
