"""Whether the zone exists and offers the instance type, and whether there is an image to start from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from providers.aws import session
from providers.aws.checks.finding import Finding, fine, refused, unasked
from providers.aws.image import image_for
from providers.aws.ownership import INSTANCE, SUBNET, described, owned
from providers.aws.plan import Plan
from providers.endpoints import Endpoints


def zone(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The zone that the subnet is in, or would be in, and the instance type there."""
    ec2 = session.client("ec2", endpoints)
    settled = _zone_of_subnet(plan, ec2)
    wanted = settled if plan.subnet_id else plan.availability_zone or settled
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
    """The image of the first launch; a host that is there keeps its own."""
    there = [
        row
        for row in owned(session.client("ec2", endpoints), INSTANCE, plan.owner("host"))
        if row["State"]["Name"] not in ("shutting-down", "terminated")
    ]
    if there and plan.image_id is None:
        yield fine("image", f"the host is there and keeps {there[0].get('ImageId')}")
        return
    chosen = image_for(endpoints, plan.architecture, plan.image_id)
    yield fine("image", f"{chosen.id} for {plan.architecture}", "" if there else "host")
