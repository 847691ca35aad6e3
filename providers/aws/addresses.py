"""Finding, allocating and getting back Elastic IPs; whose they are is told by tags alone.

Nothing here decides which address is taken or let go: that is providers/aws/adoption.py and elastic_ip.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from providers.aws.catalogue import QUOTAS, quota_advice
from providers.aws.failures import code_of, was_throttled
from providers.aws.ownership import ADDRESS, BORROWED_BY, OWNER, Row, owned, tag_specification, tags_of
from providers.aws.waiting import made_once
from providers.errors import QuotaReached
from providers.run import stack_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ROLE = "address-"  # how the owner tags of our addresses go on after project and stack


def ours(ec2: EC2Client, owner: str) -> Row | None:
    """The owner's address; of several the one in use, else the lowest id."""
    rows = owned(ec2, ADDRESS, owner)
    rows.sort(key=lambda row: "AssociationId" not in row)
    return rows[0] if rows else None


def named(ec2: EC2Client, public_ip: str, owner: str) -> Row | None:
    """This account's address by its public IP, unless it serves another owner."""
    rows = ec2.describe_addresses(Filters=[{"Name": "public-ip", "Values": [public_ip]}])["Addresses"]
    found: list[Row] = [dict(row) for row in rows if row.get("PublicIp") == public_ip]
    return next((row for row in found if holder_of(row) in ("", owner)), None)


def of_another_host(ec2: EC2Client, owner: str) -> Row | None:
    """An address of the same stack that an earlier name of the host has."""
    rows = ec2.describe_addresses(Filters=[{"Name": "tag-key", "Values": [OWNER]}])["Addresses"]
    found: list[Row] = [dict(row) for row in rows if same_stack(holder_of(dict(row)), owner)]
    others = [row for row in found if holder_of(row) != owner]
    return min(others, key=lambda row: str(row["AllocationId"]), default=None)


def unmarked(ec2: EC2Client, row: Row, owner: str) -> None:
    """Take our marker off an address that was brought along, unless it serves another stack by now."""
    marker = tags_of(row).get(BORROWED_BY, "")
    if marker and stack_of(marker) == stack_of(owner):
        ec2.delete_tags(Resources=[str(row["AllocationId"])], Tags=[{"Key": BORROWED_BY}])


def holder_of(row: Row) -> str:
    """The owner that an address serves, as its tags say; empty if they do not."""
    tags = tags_of(row)
    return tags.get(OWNER) or tags.get(BORROWED_BY) or ""


def same_stack(holder: str, owner: str) -> bool:
    """Whether a holder is an address of the stack that the owner belongs to."""
    stack, _, role = holder.rpartition("/")
    return role.startswith(ROLE) and stack == owner.rpartition("/")[0]


def allocated(once: EC2Client, ec2: EC2Client, owner: str) -> str:
    """A new address of the owner; its allocation id. `once` sends a call a single time."""
    return made_once(lambda: _allocate(once, ec2, owner), lambda: _id(ours(ec2, owner)))


def reallocated(once: EC2Client, ec2: EC2Client, owner: str, public_ip: str) -> str:
    """A released address of the account once more: its new allocation id. Raises as AWS refuses."""
    return made_once(
        lambda: _allocate(once, ec2, owner, Address=public_ip),
        lambda: _id(named(ec2, public_ip, owner)),
        passing=was_throttled,  # "not found" is an answer here, and no sign of lateness
    )


def _allocate(once: EC2Client, ec2: EC2Client, owner: str, **wanted: Any) -> str:
    tags = {"Name": owner.replace("/", "-"), OWNER: owner}
    try:
        return once.allocate_address(
            Domain="vpc", TagSpecifications=tag_specification(ADDRESS, tags), **wanted
        )["AllocationId"]
    except ClientError as error:
        if code_of(error) != "AddressLimitExceeded":
            raise
        raise _no_room(ec2, owner, error) from None


def _no_room(ec2: EC2Client, owner: str, error: ClientError) -> QuotaReached:
    rows: list[Row] = [dict(row) for row in ec2.describe_addresses()["Addresses"]]
    idle = [f"{row['PublicIp']} ({_whose(row)})" for row in rows if "AssociationId" not in row]
    unused = f"not in use: {', '.join(sorted(idle))}; release what nobody needs"
    if not idle:
        unused = "all are in use"
    code, request_id = code_of(error), str(error.response["ResponseMetadata"].get("RequestId", ""))
    advice = quota_advice(QUOTAS[code]._replace(instead=unused), ec2.meta.region_name)
    return QuotaReached(
        f"{owner}: ec2:AllocateAddress was refused: {code}: the account's {len(rows)} addresses in this "
        f"region, kept ones included, are as many as it may have (request {request_id}): {advice}",
        code,
        request_id,
    )


def _whose(row: Row) -> str:
    return f"kept for {holder_of(row)}" if holder_of(row) else "not of cexio-bot"


def _id(row: Row | None) -> str | None:
    return None if row is None else str(row["AllocationId"])
