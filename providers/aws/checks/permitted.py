"""Whether the caller may do what a run needs: asked of IAM's simulator, else of EC2's dry runs.

The simulator judges users and roles, with the tags and names that a run would send. It is believed when it
says no, unless it says that something it was not told would have decided. The root user is not judged by it.

A dry run is asked for only of AWS itself and only where the simulator could not be had: an emulator may take
no notice of it and make the object (moto did). Neither makes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from providers.aws import session
from providers.aws.caller import Caller
from providers.aws.checks.finding import Finding, fine, refused, unasked
from providers.aws.failures import REFUSED, code_of, is_gone
from providers.aws.ownership import ADDRESS, GATEWAY, OWNER, VPC, tag_specification
from providers.aws.permissions import ACTIONS, ARNS, CREATES, If
from providers.aws.plan import Plan
from providers.endpoints import Endpoints

SUBJECT = "permissions"
UNJUDGED = frozenset({"InvalidInput", "NoSuchEntity", "ValidationError"})
GROUPS = (  # one call each, with one context
    (If.NEW, If.AT_CREATION),
    (If.OURS, If.TAGS_OF_OURS),
    (If.ALWAYS, If.TO_EC2, If.NOT_PUBLIC, If.OUR_HOST),
)
DRY_RUNS = {
    "ec2:AllocateAddress": ("allocate_address", ADDRESS, {"Domain": "vpc"}),
    "ec2:CreateInternetGateway": ("create_internet_gateway", GATEWAY, {}),
    "ec2:CreateVpc": ("create_vpc", VPC, {"CidrBlock": "10.60.0.0/24"}),
}


def permissions(
    plan: Plan,
    endpoints: Endpoints,
    who: Caller,
    actions: Iterable[str],
    *,
    dry_runs: bool | None = None,
) -> Iterator[Finding]:
    """A finding for each action that is refused, or one for all. dry_runs: None for "of AWS alone"."""
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
            yield from _dry(plan, endpoints, wanted, why) if dry_runs else [unasked(SUBJECT, why)]


def _simulated(plan: Plan, endpoints: Endpoints, who: Caller, wanted: list[str]) -> Iterator[Finding]:
    """What IAM's simulator says to each action on each of its resources."""
    pairs = {(action, kind): on for action in wanted for kind, on in ACTIONS[action].items()}
    denied: dict[str, bool] = {}  # action: whether that is sure
    for group in GROUPS:
        asked = {pair for pair, on in pairs.items() if on in group}
        if not asked:
            continue
        arns = {_arn(kind, plan, endpoints, who): kind for _, kind in asked}
        for action, arn, allowed, sure in _answers(plan, endpoints, who, asked, list(arns), group):
            if (action, arns.get(arn)) in asked and not allowed:
                denied[action] = denied.get(action, False) or sure
    sure_of = sorted(action for action, sure in denied.items() if sure)
    unsure_of = sorted(action for action, sure in denied.items() if not sure)
    if sure_of:
        yield refused(
            SUBJECT,
            f"{who.arn} may not {', '.join(sure_of)}: allow what docs/deployer-policy.md lists, or run as a "
            "role that may",
        )
    if unsure_of:
        said = f"IAM's simulator cannot tell whether {who.arn} may {', '.join(unsure_of)}"
        yield unasked(SUBJECT, said)
    if not denied:
        yield fine(SUBJECT, f"{who.arn} may do all of the {len(wanted)} actions that were asked about")


def _answers(
    plan: Plan,
    endpoints: Endpoints,
    who: Caller,
    asked: set[tuple[str, str]],
    arns: list[str],
    group: tuple[If, ...],
) -> Iterator[tuple[str, str, bool, bool]]:
    """Action, ARN, whether it is allowed, whether a no is sure. The simulator crosses actions and ARNs."""
    pages = (
        session.client("iam", endpoints)
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=who.principal_arn,
            ActionNames=sorted({action for action, _ in asked}),
            ResourceArns=sorted(arns),
            ContextEntries=_context(plan, group),
        )
    )
    for page in pages:
        for row in page["EvaluationResults"]:
            action, whole = str(row["EvalActionName"]), str(row["EvalDecision"])
            missing = row.get("MissingContextValues")
            each: list[Any] = list(row.get("ResourceSpecificResults") or ())
            if not each:
                yield action, str(row.get("EvalResourceName", "")), whole == "allowed", not missing
            for one in each:
                allowed = one["EvalResourceDecision"] == "allowed"
                open_ = one.get("MissingContextValues") or missing
                yield action, str(one["EvalResourceName"]), allowed, not open_


def _dry(plan: Plan, endpoints: Endpoints, wanted: list[str], why: str) -> Iterator[Finding]:
    """What EC2 says to the creates that name no other object; the others stay unasked."""
    ec2 = session.client("ec2", endpoints, once=True)
    asked = [action for action in wanted if action in DRY_RUNS]
    for action in asked:
        method, kind, parameters = DRY_RUNS[action]
        tags = tag_specification(kind, {OWNER: plan.owner("preflight")})
        try:
            getattr(ec2, method)(DryRun=True, TagSpecifications=tags, **parameters)
        except ClientError as error:
            if code_of(error) in REFUSED:
                yield refused(
                    SUBJECT, f"a dry run of {action} was refused: allow it, see docs/deployer-policy.md"
                )
            elif code_of(error) == "DryRunOperation":
                yield fine(SUBJECT, f"a dry run of {action} was allowed")
            else:
                yield unasked(SUBJECT, f"a dry run of {action} was answered {code_of(error)}")
    rest = len(wanted) - len(asked)
    if rest:
        yield unasked(SUBJECT, f"{rest} other actions: {why}")


def _arn(kind: str, plan: Plan, endpoints: Endpoints, who: Caller) -> str:
    """An object that a run would name: brought along, named, or a stand-in of the kind."""
    partition = who.arn.split(":")[1]
    brought = {"elastic-ip": plan.allocation_id, "subnet": plan.subnet_id, "vpc": plan.vpc_id}.get(kind)
    named = {
        "instance-profile": plan.names.host_profile(plan.host),
        "role": plan.names.host_role(plan.host),
        "secret": plan.names.secret("key", plan.host) + "-AbCdEf",
    }.get(kind, "")
    text = ARNS[kind].format(
        partition=partition, region=endpoints.region, account=who.account, names=named + "\0"
    )
    text = text.replace("\0*", "")
    if brought:
        return text.replace("/*", f"/{brought}")
    if kind == "principal":
        return who.principal_arn
    return text if kind == "*" else text.replace("*", "preflight")


def _context(plan: Plan, group: tuple[If, ...]) -> list[Any]:
    """What a run would tell IAM beside action and resource."""
    owner = plan.owner("preflight")
    entries: dict[str, list[str]] = {}
    if If.NEW in group:
        entries = {
            f"aws:RequestTag/{OWNER}": [owner],
            "aws:TagKeys": ["Name", OWNER],
            "ec2:CreateAction": [CREATES[0].partition(":")[2]],
        }
    if If.OURS in group:
        entries = {f"aws:ResourceTag/{OWNER}": [owner], "aws:TagKeys": ["Name"]}
    if If.ALWAYS in group:
        entries = {
            f"ssm:resourceTag/{OWNER}": [owner],
            "iam:PassedToService": ["ec2.amazonaws.com"],
            "secretsmanager:BlockPublicPolicy": ["true"],
        }
    return [
        {
            "ContextKeyName": name,
            "ContextKeyValues": values,
            "ContextKeyType": "stringList" if name == "aws:TagKeys" else "string",
        }
        for name, values in sorted(entries.items())
    ]
