"""`aws:ElasticIp`: the one thing that must never be lost, since the exchange's whitelist names it.

Two ways to have one. Ours: found by its owner tag, associated ones first, else allocated, in a call that is
sent once. Brought along by the user (`allocationId`): it must be free or ours, gets our marker and nothing
else, and is never released. Either way it is never replaced: no input leads to another address. It is
released only by a delete, and only if `release` names its public address; without that, the component retains
it on delete and the next create adopts it again.

Users' tags are a resource of their own (providers/aws/tags.py): an update here would make the address unknown
in a preview, and the whitelist with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import DiffResult
from pydantic import Field

from providers.aws import session
from providers.aws.ownership import (
    ADDRESS,
    BORROWED_BY,
    OWNER,
    Row,
    described,
    owned,
    tag_specification,
    tags_of,
)
from providers.aws.resource import AwsProvider, write_tags
from providers.aws.waiting import FRESH, made_once, removed
from providers.contract import Inputs, Resource, known
from providers.errors import AddressKept, NotFound, NotOurs

MONTHLY = "about $3.65 a month"  # $0.005 an hour for every public IPv4 address, used or idle


class ElasticIpInputs(Inputs):
    """allocationId: of an address brought along. release: the public address to let go."""

    owner: str = Field(min_length=3, max_length=256)
    allocation_id: str | None = Field(default=None, pattern=r"^eipalloc-[0-9a-f]+$")
    retain: bool = True
    release: str | None = None


class ElasticIpProvider(AwsProvider[ElasticIpInputs]):
    """An address is adopted, allocated, kept; released only by name."""

    inputs = ElasticIpInputs
    pinned = ("allocationId",)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Never a replacement: another allocation is refused."""
        old, new = olds.get("allocationId"), news.get("allocationId")
        if new is not None and known(new) and old is not None and new != old:
            raise AddressKept(
                f"the address of {olds.get('owner')} is {olds.get('publicIp')} ({old}) and is never replaced "
                f"by another ({new}), as the exchange's whitelist names it: take cexio-bot:allocationId "
                "back, or destroy the stack, which keeps the address, and make a new one"
            )
        return super().diff(_id, olds, news)

    def find(self, wanted: ElasticIpInputs) -> str | None:
        if wanted.allocation_id is not None:
            self._refuse_unless_free(wanted, wanted.allocation_id)
            return wanted.allocation_id
        return self._find_ours(wanted.owner)

    def _find_ours(self, owner: str) -> str | None:
        rows = owned(session.client("ec2", self.endpoints), ADDRESS, owner)
        rows.sort(key=lambda row: "AssociationId" not in row)
        return str(rows[0]["AllocationId"]) if rows else None

    def _refuse_unless_free(self, wanted: ElasticIpInputs, allocation_id: str) -> None:
        row = described(session.client("ec2", self.endpoints), ADDRESS, allocation_id)
        if row is None:
            raise NotFound(
                f"{allocation_id}: there is no such Elastic IP in {self.endpoints.region} of this account: "
                "see cexio-bot:allocationId and cexio-bot:region"
            )
        tags = tags_of(row)
        holder = tags.get(OWNER) or tags.get(BORROWED_BY)
        if holder is not None and holder != wanted.owner:
            raise NotOurs(f"{allocation_id} serves {holder}: bring another Elastic IP, or none")
        if holder is None and row.get("AssociationId"):
            user = row.get("InstanceId") or row.get("NetworkInterfaceId")
            raise NotOurs(f"{allocation_id} is in use by {user}: disassociate it there, or bring another one")

    def make(self, wanted: ElasticIpInputs) -> str:
        ec2 = session.client("ec2", self.endpoints, once=True)
        tags = {"Name": wanted.owner.replace("/", "-"), OWNER: wanted.owner}
        return made_once(
            lambda: str(
                ec2.allocate_address(Domain="vpc", TagSpecifications=tag_specification(ADDRESS, tags))[
                    "AllocationId"
                ]
            ),
            lambda: self._find_ours(wanted.owner),
        )

    def align(self, id_: str, wanted: ElasticIpInputs, before: Mapping[str, Any]) -> None:
        ec2 = session.client("ec2", self.endpoints)
        row = described(ec2, ADDRESS, id_)
        if row is None:
            return  # fresh and not seen yet: it was tagged by the call that made it
        there = tags_of(row)
        if _brought(row, before):
            self._refuse_release_of_another(wanted, "", "it was brought along: release it by hand")
            write_tags(ec2, id_, there, {BORROWED_BY: wanted.owner}, ())
            return
        if before:
            self._refuse_release_of_another(
                wanted, row["PublicIp"], f"the stack's address is {row['PublicIp']}"
            )
        write_tags(ec2, id_, there, {OWNER: wanted.owner}, ())

    def _refuse_release_of_another(self, wanted: ElasticIpInputs, public_ip: str, reason: str) -> None:
        if wanted.release not in (None, public_ip):
            raise AddressKept(
                f"cexio-bot:releaseAddress names {wanted.release}, but {reason}: nothing is released; "
                "`pulumi config rm cexio-bot:releaseAddress`"
            )

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        row = described(session.client("ec2", self.endpoints), ADDRESS, id_)
        if row is None:
            return None
        brought = _brought(row, recorded)
        return {
            "owner": tags_of(row).get(BORROWED_BY if brought else OWNER, ""),
            "allocationId": row["AllocationId"],
            "publicIp": row["PublicIp"],
            "brought": brought,
        }

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        ec2 = session.client("ec2", self.endpoints)
        row = described(ec2, ADDRESS, id_)
        if row is None:
            return
        there, public_ip = tags_of(row), row["PublicIp"]
        if _brought(row, recorded):
            if BORROWED_BY in there:
                ec2.delete_tags(Resources=[id_], Tags=[{"Key": BORROWED_BY}])
            return
        if recorded.get("release") != public_ip:
            raise AddressKept(
                f"the address {public_ip} ({id_}) is kept, {MONTHLY}, as a whitelist may name it: to give it "
                f"up for ever, `pulumi config set cexio-bot:releaseAddress {public_ip}`, `pulumi up`, then "
                "destroy again"
            )
        if there.get(OWNER) != recorded.get("owner"):
            raise NotOurs(
                f"{public_ip} ({id_}) no longer carries our owner tag: release it by hand if it is yours"
            )
        removed(lambda: ec2.release_address(AllocationId=id_), FRESH, "InvalidIPAddress.InUse")


def _brought(row: Row, recorded: Mapping[str, Any]) -> bool:
    """Whether the user brought the address: one of ours had the owner tag from its first moment."""
    tags = tags_of(row)
    if OWNER in tags or BORROWED_BY in tags:
        return OWNER not in tags
    return bool(recorded.get("brought", True))


class ElasticIp(Resource, module="aws", name="ElasticIp"):
    """A static public IPv4 address. EC2 API: AllocateAddress.

    Give `opts` with `retain_on_delete=retain`. `release` lets it go: applied by an `up`, then by a destroy.
    """

    allocation_id: pulumi.Output[str]
    public_ip: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        allocation_id: pulumi.Input[str] | None = None,
        retain: pulumi.Input[bool] = True,
        release: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "allocationId": allocation_id,
            "retain": retain,
            "release": release,
            "publicIp": None,
        }
        super().__init__(ElasticIpProvider(), resource_name, properties, opts)
