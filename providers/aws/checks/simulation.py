"""What IAM's simulator says to an action on a resource, told what a run would tell IAM beside the two.

The simulator judges users and roles, crosses all actions of a question with all of its resources, and takes
one context for them. So there is a question for each call that makes something, as the tags it writes are
judged by that call's name (`ec2:CreateAction`); one for what changes objects of ours; and one for the rest,
with the region that IAM, which is one for all regions, or the others are asked in.

A no is sure unless something that the question could not carry would have decided. The simulator lists every
key of every policy that the question lacked, needed or not. Those that another question carries are left out
of this one since the call itself would lack them, so they make no doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from providers.aws import session
from providers.aws.caller import Caller
from providers.aws.launch import LAUNCH
from providers.aws.ownership import OWNER, own_tags
from providers.aws.permissions import ACTIONS, ARNS, CREATES, If
from providers.aws.plan import Plan
from providers.endpoints import Endpoints

TAGGING = "ec2:CreateTags"
NETWORK = frozenset({"internet-gateway", "route-table", "subnet", "vpc"})
IAMS_REGION = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
LISTS = frozenset({"aws:TagKeys"})

Pair = tuple[str, str]  # an action and a kind of resource, as permissions.ACTIONS has them


class Question(NamedTuple):
    """One call of the simulator: context as keys with their values."""

    pairs: frozenset[Pair]
    context: Mapping[str, list[str]]


class No(NamedTuple):
    """An action that is denied; `untold` are the keys that might have decided otherwise."""

    action: str
    untold: frozenset[str]


def denials(plan: Plan, endpoints: Endpoints, who: Caller, wanted: Iterable[str]) -> Iterator[No]:
    """Each no, an action as often as it is denied."""
    iams = IAMS_REGION.get(who.arn.split(":")[1], endpoints.region)
    every = questions(plan, endpoints.region, iams, ACTIONS)
    carried = {key.lower() for one in every for key in one.context}
    for question in questions(plan, endpoints.region, iams, wanted):
        arns = {_arn(kind, plan, endpoints, who): kind for _, kind in question.pairs}
        for action, arn, allowed, missing in _answers(endpoints, who, question, arns):
            if (action, arns.get(arn)) in question.pairs and not allowed:
                yield No(action, frozenset(key for key in missing if key.lower() not in carried))


def questions(plan: Plan, region: str, iams_region: str, wanted: Iterable[str]) -> list[Question]:
    """What has to be asked about these actions; iams_region: where a call to IAM counts as made."""
    pairs = {pair: on for action in wanted for pair, on in _of_run(plan, action).items()}
    owner = plan.owner("preflight")
    of_call = {"aws:RequestedRegion": [region]}
    there = {f"aws:ResourceTag/{OWNER}": [owner]}
    asked = []
    for create in CREATES:
        made = {pair for pair, on in pairs.items() if pair[0] == create and on is If.NEW}
        tagged = {(TAGGING, kind) for _, kind in made} & pairs.keys()
        launch = _of_launch(plan) if create == "ec2:RunInstances" else {}
        by = {"ec2:CreateAction": [create.partition(":")[2]]}
        written = _of_tags(written_by(create, plan))
        asked.append(Question(frozenset(made | tagged), {**of_call, **written, **by, **launch}))
    changed = {pair for pair, on in pairs.items() if on in (If.OURS, If.TAGS_OF_OURS)}
    asked.append(Question(frozenset(changed), {**of_call, **there, "aws:TagKeys": ["Name"]}))
    rest = {pair for pair, on in pairs.items() if on not in _ASKED_BEFORE}
    services = {
        **_of_tags(written_by("", plan)),
        **there,
        f"ssm:resourceTag/{OWNER}": [owner],
        "iam:PassedToService": ["ec2.amazonaws.com"],
        "secretsmanager:BlockPublicPolicy": ["true"],
    }
    for iams, where in ((True, iams_region), (False, region)):
        some = frozenset(pair for pair in rest if pair[0].startswith("iam:") is iams)
        asked.append(Question(some, {**services, "aws:RequestedRegion": [where]}))
    return [one for one in asked if one.pairs]


def written_by(create: str, plan: Plan) -> dict[str, str]:
    """The tags that a creating call writes."""
    launch = {LAUNCH: "preflight"} if create == "ec2:RunInstances" else {}
    users = {} if create == "ec2:AllocateAddress" else plan.tags
    return own_tags(plan.owner("preflight"), {**users, **launch})


def _of_tags(tags: Mapping[str, str]) -> dict[str, list[str]]:
    """The tags as context; not what the name is, as each object has another."""
    told = {f"aws:RequestTag/{key}": [value] for key, value in tags.items() if key != "Name"}
    return {**told, "aws:TagKeys": sorted(tags)}


_ASKED_BEFORE = (If.NEW, If.AT_CREATION, If.OURS, If.TAGS_OF_OURS)


def _of_run(plan: Plan, action: str) -> dict[Pair, If]:
    """The resources on which a run of this stack needs an action; none on a network that is not ours."""
    grants = ACTIONS[action]
    if plan.brings_network:
        foreign = NETWORK if set(grants) <= NETWORK or action == "ec2:DeleteTags" else frozenset()
        grants = {kind: on for kind, on in grants.items() if kind not in foreign}
    return {(action, kind): on for kind, on in grants.items()}


def _of_launch(plan: Plan) -> dict[str, list[str]]:
    return {
        "ec2:InstanceType": [plan.instance_type],
        "ec2:MetadataHttpTokens": ["required"],
        "ec2:Encrypted": ["true"],
    }


def _answers(
    endpoints: Endpoints, who: Caller, question: Question, arns: Iterable[str]
) -> Iterator[tuple[str, str, bool, list[str]]]:
    """Action, ARN, whether it is allowed, and the keys that some policy asks for and the question lacks."""
    pages = (
        session.client("iam", endpoints)
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=who.principal_arn,
            ActionNames=sorted({action for action, _ in question.pairs}),
            ResourceArns=sorted(arns),
            ContextEntries=[
                {
                    "ContextKeyName": name,
                    "ContextKeyValues": values,
                    "ContextKeyType": "stringList" if name in LISTS else "string",
                }
                for name, values in sorted(question.context.items())
            ],
        )
    )
    for page in pages:
        for row in page["EvaluationResults"]:
            action, missing = str(row["EvalActionName"]), list(row.get("MissingContextValues") or ())
            each: list[Any] = list(row.get("ResourceSpecificResults") or ())
            if not each:
                yield action, str(row.get("EvalResourceName", "")), row["EvalDecision"] == "allowed", missing
            for one in each:
                allowed = one["EvalResourceDecision"] == "allowed"
                more = list(one.get("MissingContextValues") or ())
                yield action, str(one["EvalResourceName"]), allowed, [*missing, *more]


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
