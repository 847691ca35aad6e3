"""Whether the zone exists and offers the instance type, and whether there is an image to start from.

A host that is there and stays needs neither. One that the settings replace ends before its successor starts,
so that is asked about as if it were the first (docs/adr/0016-a-host-ends-only-for-one-that-can-start.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from providers.aws import session
from providers.aws.checks.finding import Finding, fine, refused, unasked
from providers.aws.generation import Pin, image_to_start, pin_of
from providers.aws.image import current_image, image_for
from providers.aws.ownership import INSTANCE, INTERFACE, SUBNET, Row, described, owned
from providers.aws.plan import Plan
from providers.endpoints import Endpoints


class Host(NamedTuple):
    """The stack's machine and interface as they are, the image pinned to it, and whether it stays."""

    machine: Row | None
    interface: Row | None
    kept: Pin | None
    stays: bool


def host(plan: Plan, endpoints: Endpoints) -> Host:
    """The stack's host. What settings do not tell, such as user data, does not show here."""
    ec2 = session.client("ec2", endpoints)
    interface = next(iter(owned(ec2, INTERFACE, plan.owner("interface"))), None)
    kept = None if interface is None else pin_of(ec2, interface)
    for row in owned(ec2, INSTANCE, plan.owner("host")):
        if row["State"]["Name"] not in ("shutting-down", "terminated"):
            return Host(row, interface, kept, not _is_replaced(plan, endpoints, row, kept))
    return Host(None, interface, kept, stays=False)


def _is_replaced(plan: Plan, endpoints: Endpoints, row: Row, kept: Pin | None) -> bool:
    lies = (row.get("SubnetId"), row["Placement"]["AvailabilityZone"])
    moves = plan.subnet_id not in (None, lies[0]) or (
        plan.subnet_id is None and plan.availability_zone not in (None, lies[1])
    )
    if moves or plan.instance_type != row["InstanceType"] or plan.image_id not in (None, row["ImageId"]):
        return True
    asked = kept is not None and plan.image_id is None and plan.refresh_image not in (None, kept.request)
    return asked and current_image(endpoints, plan.architecture) != row["ImageId"]


def zone(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The zone that the subnet is in, or would be in, and the instance type there."""
    ec2 = session.client("ec2", endpoints)
    there = host(plan, endpoints)
    if there.machine is not None and there.stays:
        lies = there.machine["Placement"]["AvailabilityZone"]
        yield fine(f"availability zone {lies}", f"the host is there, a {plan.instance_type}")
        return
    settled = _zone_of_subnet(plan, ec2)
    yield from offered(plan, settled if plan.subnet_id else plan.availability_zone or settled, endpoints)


def offered(plan: Plan, wanted: str | None, endpoints: Endpoints) -> Iterator[Finding]:
    """Whether the zone is there and has the instance type; None: whether any zone has it."""
    ec2 = session.client("ec2", endpoints)
    subject = f"availability zone {wanted}" if wanted else "availability zone"
    rows = ec2.describe_availability_zones()["AvailabilityZones"]
    zones = sorted(str(row["ZoneName"]) for row in rows if row.get("State") == "available")
    if not zones:
        yield unasked(subject, "AWS named no zone at all")
        return
    if wanted and wanted not in zones:
        yield refused(
            subject, f"not among those of this account: {', '.join(zones)} (cexio-bot:availabilityZone)"
        )
        return
    offers = ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": [plan.instance_type]}],
    )["InstanceTypeOfferings"]
    offering = sorted(str(row["Location"]) for row in offers)
    if not offering or (wanted and wanted not in offering):
        where = f"only in {', '.join(offering)}" if offering else f"nowhere in {endpoints.region}"
        place = "cexio-bot:subnetId" if plan.subnet_id else "cexio-bot:availabilityZone"
        yield refused(
            subject,
            f"{plan.instance_type} is offered {where}: choose another (cexio-bot:instanceType, {place})",
        )
        return
    yield fine(subject, f"{plan.instance_type} is offered in {wanted or ', '.join(offering)}")


def _zone_of_subnet(plan: Plan, ec2: Any) -> str | None:
    """The zone of the subnet that is there already, ours or brought along."""
    if plan.subnet_id is not None:
        row = described(ec2, SUBNET, plan.subnet_id)
        return str(row["AvailabilityZone"]) if row else None
    rows = owned(ec2, SUBNET, plan.owner("subnet"))
    return str(rows[0]["AvailabilityZone"]) if rows else None


def image(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The image of the next launch; a host that stays keeps its own."""
    there = host(plan, endpoints)
    if there.machine is not None and there.stays:
        yield fine("image", f"the host is there and keeps {there.machine.get('ImageId')}")
        return
    id_ = image_to_start(there.kept, plan.image_id, plan.refresh_image, plan.architecture)
    chosen = image_for(endpoints, plan.architecture, id_)
    makes = "host" if there.interface is None else "machine"
    yield fine("image", f"{chosen.id} for {plan.architecture}", makes)
