"""Whether the account has room for what a run would make: addresses, networks, gateways, vCPUs.

Service Quotas tells the limit and never the use, so the use is counted here. What is ours already needs no
room, nor does what the user brings along; then Service Quotas is not asked either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from providers.aws import session
from providers.aws.adoption import AddressUnclear, adopted
from providers.aws.checks.finding import Finding, fine, refused, unasked
from providers.aws.failures import code_of
from providers.aws.ownership import BORROWED_BY, INTERFACE, OWNER, owned_below, tags_of
from providers.aws.plan import Plan
from providers.endpoints import Endpoints

STANDARD = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")  # families that share one quota of vCPUs
RUNNING = ("pending", "running")


class Quota(NamedTuple):
    """As Service Quotas knows it."""

    service: str
    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.service} {self.code})"


ADDRESSES = Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs")
VPCS = Quota("vpc", "L-F678F1CE", "VPCs per Region")
GATEWAYS = Quota("vpc", "L-A4707A72", "Internet gateways per Region")
VCPUS = Quota("ec2", "L-1216C47A", "Running On-Demand Standard instances, in vCPUs")


def address(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """An Elastic IP: the stack's own that was kept, one brought along, or room for another."""
    ec2 = session.client("ec2", endpoints)
    try:
        row = adopted(ec2, plan.owner("address"), plan.allocation_id)
    except AddressUnclear as error:
        yield unasked("Elastic IP", f"which one the state has: {error}")
        return
    if row is not None and any(extra.get("address") == row["PublicIp"] for extra in plan.extra_addresses):
        said = (
            f"{row['PublicIp']} is the host's own and is listed by itself: take it out of "
            "cexio-bot:extraAddresses"
        )
        yield refused("Elastic IP", said)
        return
    if row is not None:
        what = "is brought along" if OWNER not in tags_of(row) else "is there and is adopted"
        yield fine("Elastic IP", f"{row['PublicIp']} {what}")
        return
    rows = ec2.describe_addresses()["Addresses"]
    serving = _serving(ec2, plan.owner("address"), rows)
    if serving is not None:
        yield fine("Elastic IP", f"{serving['PublicIp']} serves the stack already")
        return
    counted = [row for row in rows if str(row.get("PublicIpv4Pool") or "amazon") == "amazon"]
    advice = "release one that nobody needs, or bring one along (cexio-bot:allocationId)"
    yield _room("Elastic IP", ADDRESSES, len(counted), 1, endpoints, advice)._replace(makes="address")


def _serving(ec2: Any, owner: str, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The address that the state has, though no setting names it and a hand may have taken our tag off."""
    ours = {row["NetworkInterfaceId"] for row in owned_below(ec2, INTERFACE, f"{owner.rpartition('/')[0]}/")}
    return next(
        (
            row
            for row in rows
            if tags_of(row).get(BORROWED_BY) == owner or row.get("NetworkInterfaceId") in ours
        ),
        None,
    )


def vpc(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The stack's network, or room for it."""
    rows = _pages(endpoints, "describe_vpcs", "Vpcs")
    yield _network("VPC", VPCS, rows, plan.owner("vpc"), endpoints)


def gateway(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The stack's internet gateway, or room for it."""
    rows = _pages(endpoints, "describe_internet_gateways", "InternetGateways")
    yield _network("internet gateway", GATEWAYS, rows, plan.owner("gateway"), endpoints)


def _network(
    subject: str, quota: Quota, rows: list[Mapping[str, Any]], owner: str, endpoints: Endpoints
) -> Finding:
    if any(tags_of(row).get(OWNER) == owner for row in rows):
        return fine(subject, "the stack's own is there")
    advice = "remove one that nobody needs, or bring a network along (cexio-bot:subnetId)"
    return _room(subject, quota, len(rows), 1, endpoints, advice)._replace(makes="network")


def vcpus(plan: Plan, endpoints: Endpoints, *, instead_of: str | None = None) -> Iterator[Finding]:
    """Whether the instance type exists, for our architecture, and its vCPUs fit beside those in use.

    instead_of: a machine that ends before, beside the stack's own.
    """
    wanted, subject = plan.instance_type, f"instance type {plan.instance_type}"
    states = [{"Name": "instance-state-name", "Values": list(RUNNING)}]
    reservations = _pages(endpoints, "describe_instances", "Reservations", Filters=states)
    rows = [row for reservation in reservations for row in reservation["Instances"]]
    owner = plan.owner("host")
    ours = [row for row in rows if tags_of(row).get(OWNER) == owner or row["InstanceId"] == instead_of]
    if any(row["InstanceType"] == wanted for row in ours):
        yield fine(subject, "the host is of it already")
        return
    types = _types(endpoints, [wanted])
    if not types:
        said = f"{endpoints.region} has no such type: choose another (cexio-bot:instanceType)"
        yield refused(subject, said)
        return
    fitting = types[0]["ProcessorInfo"]["SupportedArchitectures"]
    if plan.architecture not in fitting:
        said = f"it runs {', '.join(fitting)}, not {plan.architecture}: choose another type"
        yield refused(subject, said)
    if not STANDARD.match(wanted):
        yield unasked(subject, "how much of its family's quota is in use: only standard families are counted")
        return
    others = [
        row
        for row in rows
        if row not in ours and STANDARD.match(row["InstanceType"]) and row.get("InstanceLifecycle") != "spot"
    ]
    types += _types(endpoints, sorted({str(row["InstanceType"]) for row in others} - {wanted}))
    each = {str(row["InstanceType"]): int(row["VCpuInfo"]["DefaultVCpus"]) for row in types}
    used = sum(_vcpus(row, each) for row in others)
    advice = "stop what nobody needs, or choose a smaller type (cexio-bot:instanceType)"
    yield _room(subject, VCPUS, used, each[wanted], endpoints, advice)


def _types(endpoints: Endpoints, names: list[str]) -> list[Any]:
    """The descriptions of instance types; none if one of them is not known in the region."""
    ec2: Any = session.client("ec2", endpoints)
    rows: list[Any] = []
    for start in range(0, len(names), 100):
        try:
            rows += ec2.describe_instance_types(InstanceTypes=names[start : start + 100])["InstanceTypes"]
        except ClientError as error:
            if code_of(error) != "InvalidInstanceType":
                raise
    return rows


def _vcpus(row: Mapping[str, Any], each: Mapping[str, int]) -> int:
    options = row.get("CpuOptions") or {}
    if options.get("CoreCount"):
        return int(options["CoreCount"]) * int(options.get("ThreadsPerCore") or 1)
    return each.get(str(row["InstanceType"]), 1)


def _room(subject: str, quota: Quota, used: int, more: int, endpoints: Endpoints, advice: str) -> Finding:
    limit = _limit(quota, endpoints)
    seen = f"{used} of {limit:g} in use"
    if used + more <= limit:
        return fine(subject, f"{seen}, {more} more wanted: {quota}")
    return refused(
        subject,
        f"{seen} in {endpoints.region} and {more} more wanted: {advice}, or raise the quota {quota} in "
        "Service Quotas, which takes minutes to days",
    )


def _limit(quota: Quota, endpoints: Endpoints) -> float:
    """The quota's value for this account, else AWS's default."""
    client = session.client("service-quotas", endpoints)
    names = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        answer = client.get_service_quota(**names)
    except ClientError as error:
        if code_of(error) != "NoSuchResourceException":
            raise
        answer = client.get_aws_default_service_quota(**names)
    return float(answer["Quota"]["Value"])


def _pages(endpoints: Endpoints, call: str, rows: str, **parameters: Any) -> list[Mapping[str, Any]]:
    paginator = session.client("ec2", endpoints).get_paginator(call)  # type: ignore[call-overload]
    pages = paginator.paginate(**parameters, PaginationConfig={"PageSize": 100})
    return [row for page in pages for row in page[rows]]
