"""Whose an object is: the owner tag, written in the creating call itself, and looked for before every create.

`cexio-bot:owner` holds `<project>/<stack>/<resource>`. An address that a user brought along carries
`cexio-bot:borrowed-by` instead, so that no search for our own objects ever finds it. Where a search finds
several, the lowest id is taken (of addresses an associated one first): a fixed rule, so all runs agree.

Tags of others on our objects are left alone and never shown as drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from providers.aws.failures import is_gone

OWNER = "cexio-bot:owner"
BORROWED_BY = "cexio-bot:borrowed-by"
RESERVED = ("aws:", "cexio-bot:")

Row = dict[str, Any]


class Kind(NamedTuple):
    """How EC2 describes one type of object."""

    type: str  # as TagSpecifications have it
    describe: str  # the client's method
    rows: str  # the answer's list
    id: str  # the row's id
    ids: str  # the request's parameter


VPC = Kind("vpc", "describe_vpcs", "Vpcs", "VpcId", "VpcIds")
SUBNET = Kind("subnet", "describe_subnets", "Subnets", "SubnetId", "SubnetIds")
GATEWAY = Kind(
    "internet-gateway",
    "describe_internet_gateways",
    "InternetGateways",
    "InternetGatewayId",
    "InternetGatewayIds",
)
ROUTE_TABLE = Kind("route-table", "describe_route_tables", "RouteTables", "RouteTableId", "RouteTableIds")
GROUP = Kind("security-group", "describe_security_groups", "SecurityGroups", "GroupId", "GroupIds")
ADDRESS = Kind("elastic-ip", "describe_addresses", "Addresses", "AllocationId", "AllocationIds")
INTERFACE = Kind(
    "network-interface",
    "describe_network_interfaces",
    "NetworkInterfaces",
    "NetworkInterfaceId",
    "NetworkInterfaceIds",
)
INSTANCE = Kind("instance", "describe_instances", "Instances", "InstanceId", "InstanceIds")
VOLUME = Kind("volume", "describe_volumes", "Volumes", "VolumeId", "VolumeIds")


def described(ec2: Any, kind: Kind, id_: str) -> Row | None:
    """The object as it is now, or None if there is none of that id."""
    try:
        answer = getattr(ec2, kind.describe)(**{kind.ids: [id_]})
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    return next((row for row in _rows(kind, answer) if row.get(kind.id) == id_), None)


def owned(ec2: Any, kind: Kind, owner: str) -> list[Row]:
    """Every object of the kind that carries the owner tag, the lowest id first."""
    answer = getattr(ec2, kind.describe)(Filters=[{"Name": f"tag:{OWNER}", "Values": [owner]}])
    # EC2 takes * and ? in a filter for wildcards, hence the second look.
    rows = [row for row in _rows(kind, answer) if tags_of(row).get(OWNER) == owner]
    return sorted(rows, key=lambda row: str(row[kind.id]))


def owned_below(ec2: Any, kind: Kind, prefix: str) -> list[Row]:
    """Every object of the kind whose owner tag begins so, page by page, the lowest id first."""
    pages = ec2.get_paginator(kind.describe) if ec2.can_paginate(kind.describe) else None
    filters = [{"Name": f"tag:{OWNER}", "Values": [f"{prefix}*"]}]
    answers = pages.paginate(Filters=filters) if pages else [getattr(ec2, kind.describe)(Filters=filters)]
    rows = [row for answer in answers for row in _rows(kind, answer)]
    ours = [row for row in rows if tags_of(row).get(OWNER, "").startswith(prefix)]
    return sorted(ours, key=lambda row: str(row[kind.id]))


def _rows(kind: Kind, answer: Mapping[str, Any]) -> list[Row]:
    if kind is INSTANCE:
        return [row for reservation in answer["Reservations"] for row in reservation["Instances"]]
    return list(answer[kind.rows])


def tags_of(row: Mapping[str, Any]) -> dict[str, str]:
    """An object's tags, of EC2 (whose interfaces call them TagSet), IAM or Secrets Manager."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in row.get("Tags") or row.get("TagSet") or ()}


def tag_list(tags: Mapping[str, str]) -> list[Any]:
    """Tags in the form that the calls take."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def own_tags(owner: str, tags: Mapping[str, str]) -> dict[str, str]:
    """What an object of ours is tagged with: owner, a name for the console, the user's tags."""
    return {"Name": owner.replace("/", "-"), **tags, OWNER: owner}


def tag_specification(kind: Kind, tags: Mapping[str, str]) -> list[Any]:
    """TagSpecifications of a creating call."""
    return [{"ResourceType": kind.type, "Tags": tag_list(tags)}]


def shown_tags(row: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """`owner` and `tags` of an object for the state: what is left of what we put there."""
    there = tags_of(row)
    shown: dict[str, Any] = {"owner": there.get(OWNER, "")}
    ours = {key: there[key] for key in recorded.get("tags") or {} if key in there}
    return {**shown, "tags": ours}


def tag_changes(
    there: Mapping[str, str], wanted: Mapping[str, str], before: Iterable[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Tags to write and keys to delete, given those there, those wanted and the keys that we wrote before."""
    write = {key: value for key, value in wanted.items() if there.get(key) != value}
    gone = [key for key in before if key in there and key not in wanted and not key.startswith(RESERVED)]
    return write, sorted(gone)
