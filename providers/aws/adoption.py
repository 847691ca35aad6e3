"""Which address a stack takes for its own: judged once, for the provider and for preflight.

One that the user names must be of the region, of the VPC kind, and free or the stack's: by its tags, or on an
interface of the stack's host. Without a name it is the stack's own by the owner tag, of several the one in
use. Where several are idle, nothing tells which one the whitelist names, and none is taken on a guess. An
address under another name of the host stands in the way of a second one.

Only looks; what is missing is allocated elsewhere (providers/aws/addresses.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.aws.addresses import holder_of, of_another_host, same_stack
from providers.aws.ownership import ADDRESS, BORROWED_BY, INTERFACE, OWNER, Row, described, owned, tags_of
from providers.errors import AddressKept, NotFound, NotOurs

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class AddressUnclear(AddressKept):
    """Several addresses carry the owner tag, and none of them is in use."""


def adopted(ec2: EC2Client, owner: str, allocation_id: str | None) -> Row | None:
    """The address to take, None if one is to be allocated; raises what stands in the way."""
    if allocation_id is not None:
        return _brought(ec2, owner, allocation_id)
    rows = owned(ec2, ADDRESS, owner)
    used = [row for row in rows if row.get("AssociationId")]
    if len(rows) > 1 and not used:
        raise AddressUnclear(
            f"{owner}: {' and '.join(_name(row) for row in rows)} carry its owner tag, all idle, and a "
            "whitelist may name either: set cexio-bot:allocationId to the one that it names, and `aws ec2 "
            f"release-address --region {ec2.meta.region_name} --allocation-id` the other"
        )
    if rows:
        return (used or rows)[0]
    other = of_another_host(ec2, owner)
    if other is not None:
        raise AddressKept(
            f"{owner}: this stack has the address {other['PublicIp']} already, under the name "
            f"{holder_of(other)}, and another one would not be on the whitelist: set cexio-bot:host "
            "back; or destroy, which keeps the address, and set cexio-bot:allocationId to "
            f"{other['AllocationId']}"
        )
    return None


def _brought(ec2: EC2Client, owner: str, allocation_id: str) -> Row:
    region = ec2.meta.region_name
    row = described(ec2, ADDRESS, allocation_id)
    if row is None:
        raise NotFound(
            f"{owner}: there is no {allocation_id} in {region} of this account: see cexio-bot:allocationId "
            "and cexio-bot:region"
        )
    place = row.get("NetworkBorderGroup") or region
    if row.get("Domain", "vpc") != "vpc" or place != region:
        raise NotFound(
            f"{_name(row)} is of {row.get('Domain')} in {place}, and a host in a VPC of {region} cannot "
            "have it: bring another Elastic IP, or none"
        )
    holder, used = holder_of(row), bool(row.get("AssociationId"))
    if holder == owner or (not used and (not holder or same_stack(holder, owner))):
        return row
    if holder and not used and OWNER not in tags_of(row):
        raise NotOurs(
            f"{_name(row)} serves {holder} by its tag, though it is idle: if that stack is gone, `aws ec2 "
            f"delete-tags --region {region} --resources {allocation_id} --tags Key={BORROWED_BY}`; else "
            "bring another Elastic IP, or none"
        )
    if holder:
        raise NotOurs(f"{_name(row)} serves {holder}: bring another Elastic IP, or none")
    if _is_on_our_host(ec2, row, owner):
        return row
    user = row.get("InstanceId") or row.get("NetworkInterfaceId")
    raise NotOurs(f"{_name(row)} is in use by {user}: disassociate it there, or bring another one")


def _is_on_our_host(ec2: EC2Client, row: Row, owner: str) -> bool:
    """Whether an address is on an interface of the stack's, though somebody took our tag off."""
    interface = str(row.get("NetworkInterfaceId") or "")
    there = tags_of(described(ec2, INTERFACE, interface) or {}).get(OWNER, "") if interface else ""
    return there.rpartition("/")[0] == owner.rpartition("/")[0]


def _name(row: Row) -> str:
    return f"{row['PublicIp']} ({row['AllocationId']})"
