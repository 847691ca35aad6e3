"""`aws:ElasticIp`: the one thing that must never be lost, since the exchange's whitelist names it.

Two ways to have one. Ours: found by its owner tag, else allocated, in a call that is sent once. Brought along
by the user (`allocationId`): it gets our marker and nothing else, and is never released. Which one is taken
is judged in providers/aws/adoption.py. Either way it is never replaced: no input leads to another address. It
is released only by a delete, and only if `release` names its public address; without that, the component
retains it on delete and the next create adopts it again.

An address that was released behind the stack's back is `lost`: it stays in the state, and an update asks AWS
for the very same one (providers/aws/lost_address.py). The allocation id is another one then, so it is an
output of its own and everything is looked up by it; the resource's id follows at the next refresh.

Users' tags are a resource of their own (providers/aws/tags.py): an update here would make the address unknown
in a preview, and the whitelist with it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.dynamic import DiffResult, ReadResult
from pydantic import Field

from providers.aws import prices, session
from providers.aws.addresses import allocated, named, ours, unmarked
from providers.aws.adoption import adopted
from providers.aws.failures import answer_was_lost
from providers.aws.lost_address import Lost, got_back
from providers.aws.ownership import ADDRESS, BORROWED_BY, OWNER, Row, described, tags_of
from providers.aws.resource import AwsProvider, write_tags
from providers.aws.waiting import FRESH, removed, wait_for
from providers.contract import Inputs, Resource, known
from providers.errors import AddressKept, NotOurs, ProviderError, StillBusy
from providers.intents import forget, intended, open_window
from providers.notices import notice

SURE = (0.5, 1.0, 1.5)  # seconds between looks until an address that is not seen counts as lost


class ElasticIpInputs(Inputs):
    """allocationId: of one brought along. release, lostAddress: the address to let go, the one given up."""

    owner: str = Field(min_length=3, max_length=256)
    allocation_id: str | None = Field(default=None, pattern=r"^eipalloc-[0-9a-f]+$")
    retain: bool = True
    release: str | None = None
    lost_address: str | None = None


class ElasticIpProvider(AwsProvider[ElasticIpInputs]):
    """An address is adopted, allocated, got back, kept; released only by name."""

    inputs = ElasticIpInputs
    could_double = True
    pinned = ("allocationId",)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Never a replacement: another allocation is refused, unless the one that was is given up as lost."""
        old, new = olds.get("allocationId"), news.get("allocationId")
        given_up = olds.get("lost") and news.get("lostAddress") == olds.get("publicIp")
        if new is not None and known(new) and old is not None and new != old and not given_up:
            raise AddressKept(
                f"the address of {olds.get('owner')} is {olds.get('publicIp')} ({old}) and is never replaced "
                f"by another ({new}), as the exchange's whitelist names it: take cexio-bot:allocationId "
                f"back or set it to {old}, or destroy the stack, which keeps the address, and make a new one"
            )
        return super().diff(_id, olds, news)

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        return bool(olds.get("lost"))

    def _differs(self, name: str, olds: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        return name != "lostAddress" and super()._differs(name, olds, wanted)

    def find(self, wanted: ElasticIpInputs) -> str | None:
        row = adopted(session.client("ec2", self.endpoints), wanted.owner, wanted.allocation_id)
        public_ip = None if row is None else row["PublicIp"]
        if wanted.release not in (None, public_ip):
            raise AddressKept(
                f"cexio-bot:releaseAddress names {wanted.release}, but {wanted.owner} has "
                f"{public_ip or 'no address'}: nothing is allocated or released; "
                "`pulumi config rm cexio-bot:releaseAddress`"
            )
        return None if row is None else str(row["AllocationId"])

    def make(self, wanted: ElasticIpInputs) -> str:
        once = session.client("ec2", self.endpoints, once=True)
        return allocated(once, session.client("ec2", self.endpoints), wanted.owner)

    def align(self, id_: str, wanted: ElasticIpInputs, before: Mapping[str, Any]) -> str | None:
        ec2 = session.client("ec2", self.endpoints)
        row = self._there(id_, before)
        if row is None and before:
            row = self._regained(wanted, before)
        if row is None:
            return None  # fresh and not seen yet: it was tagged by the call that made it
        there, allocation_id = tags_of(row), str(row["AllocationId"])
        recorded = before if row["PublicIp"] == before.get("publicIp") else {}  # of this very one
        if _brought(row, {**wanted.props(), **recorded}):
            self._refuse_release_of_another(wanted, "", "it was brought along: release it by hand")
            write_tags(ec2, allocation_id, there, {BORROWED_BY: wanted.owner}, ())
            return allocation_id
        if before:
            self._refuse_release_of_another(
                wanted, row["PublicIp"], f"the stack's address is {row['PublicIp']}"
            )
        write_tags(ec2, allocation_id, there, {OWNER: wanted.owner}, ())
        return allocation_id

    def _refuse_release_of_another(self, wanted: ElasticIpInputs, public_ip: str, reason: str) -> None:
        if wanted.release not in (None, public_ip):
            raise AddressKept(
                f"cexio-bot:releaseAddress names {wanted.release}, but {reason}: nothing is released; "
                "`pulumi config rm cexio-bot:releaseAddress`"
            )

    def _there(self, id_: str, recorded: Mapping[str, Any]) -> Row | None:
        """The address by its allocation id, else by its public IP: it may have been got back by hand."""
        ec2, public_ip = session.client("ec2", self.endpoints), recorded.get("publicIp")
        row = described(ec2, ADDRESS, _held(id_, recorded))
        if row is None and public_ip:
            row = named(ec2, str(public_ip), str(recorded.get("owner") or ""))
        return row

    def _regained(self, wanted: ElasticIpInputs, before: Mapping[str, Any]) -> Row:
        """A lost address again, or what takes its place if it was given up; else AddressLost."""
        lost = Lost(wanted.owner, str(before.get("publicIp") or ""), str(before.get("allocationId") or ""))
        given_up = wanted.lost_address == lost.public_ip
        other = wanted.allocation_id if wanted.allocation_id != lost.allocation_id else None
        if other is not None and given_up:
            row = adopted(session.client("ec2", self.endpoints), wanted.owner, other) or {}
        elif before.get("brought"):
            raise lost.brought()
        else:
            row = self._had_again(wanted, lost, given_up=given_up)
        if row["PublicIp"] != lost.public_ip:
            lost.tell_of_the_new_one(f"{row['PublicIp']} ({row['AllocationId']})")
        return row

    def _had_again(self, wanted: ElasticIpInputs, lost: Lost, *, given_up: bool) -> Row:
        """The lost address, or a new one if it was given up; what a killed run asked for may be late."""
        once, ec2 = session.client("ec2", self.endpoints, once=True), session.client("ec2", self.endpoints)

        def seen() -> Row | None:
            return named(ec2, lost.public_ip, lost.owner) or (ours(ec2, lost.owner) if given_up else None)

        left = open_window(lost.owner, self.endpoints)
        with contextlib.suppress(StillBusy):
            if left:
                return wait_for(seen, f"{lost.public_ip}, for which a run cut short may have asked,", left)
        with intended(lost.owner, self.endpoints):
            try:
                allocation_id = got_back(once, ec2, lost)
                if allocation_id is None and not given_up:
                    raise lost.for_good()
                if allocation_id is None:
                    row = ours(ec2, lost.owner)
                    allocation_id = self.make(wanted) if row is None else str(row["AllocationId"])
            except (ClientError, ProviderError) as error:
                if not answer_was_lost(error):
                    forget(lost.owner, self.endpoints)
                raise
            there = allocation_id
            return wait_for(lambda: described(ec2, ADDRESS, there), f"{there} to be seen", FRESH)

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        row = self._there(id_, recorded)
        public_ip = recorded.get("publicIp")
        if row is None and public_ip and recorded.get("release") != public_ip:
            row = self._seen_late(id_, recorded)
            if row is None:
                return {"lost": True}
        if row is None:
            return None
        brought = _brought(row, recorded)
        return {
            "owner": tags_of(row).get(BORROWED_BY if brought else OWNER, ""),
            "allocationId": row["AllocationId"],
            "publicIp": row["PublicIp"],
            "brought": brought,
            "lost": None,
        }

    def _seen_late(self, id_: str, recorded: Mapping[str, Any]) -> Row | None:
        """A recorded address after more looks, as AWS's copies do not all tell the same at the same time."""
        for pause in () if recorded.get("lost") else SURE:
            time.sleep(pause)
            row = self._there(id_, recorded)
            if row is not None:
                return row
        return None

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """As every provider's; an address that was released behind the stack's back is lost, and not gone."""
        found = super().read(id_, props)
        outs = found.outs or {}
        if not found.id:
            return found
        if outs.get("lost"):
            Lost(str(outs.get("owner")), outs["publicIp"], outs["allocationId"]).tell()
        return ReadResult(outs["allocationId"], outs, found.inputs)

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        ec2 = session.client("ec2", self.endpoints)
        row = self._there(id_, recorded)
        if row is None:
            return
        allocation_id, there, public_ip = str(row["AllocationId"]), tags_of(row), row["PublicIp"]
        if _brought(row, recorded):
            unmarked(ec2, row, str(recorded.get("owner") or ""))
            return
        if recorded.get("release") != public_ip:
            raise AddressKept(
                f"the address {public_ip} ({allocation_id}) is kept, {prices.ADDRESS}, as a whitelist may "
                f"name it: to give it up for ever, `pulumi config set cexio-bot:releaseAddress {public_ip}`, "
                "`pulumi up`, then destroy again"
            )
        if there.get(OWNER) != recorded.get("owner"):
            raise NotOurs(
                f"{public_ip} ({allocation_id}) no longer carries our owner tag: release it by hand if it is "
                "yours"
            )
        removed(lambda: ec2.release_address(AllocationId=allocation_id), FRESH, "InvalidIPAddress.InUse")
        notice(f"the address {public_ip} ({allocation_id}) is released, as cexio-bot:releaseAddress asked")


def _held(id_: str, recorded: Mapping[str, Any]) -> str:
    """The allocation id of a recorded address, which is not its first one if it was got back."""
    return str(recorded["allocationId"]) if recorded.get("publicIp") and recorded.get("allocationId") else id_


def _brought(row: Row, recorded: Mapping[str, Any]) -> bool:
    """Whether the user brought the address; while its tags do not show, what is recorded of it decides."""
    tags = tags_of(row)
    if OWNER in tags or BORROWED_BY in tags:
        return OWNER not in tags
    return bool(recorded.get("brought", recorded.get("allocationId") == row["AllocationId"]))


class ElasticIp(Resource, module="aws", name="ElasticIp"):
    """A static public IPv4 address. EC2 API: AllocateAddress.

    Give `opts` with `retain_on_delete=retain`. `release` lets it go: applied by an `up`, then by a destroy.
    """

    allocation_id: pulumi.Output[str]
    public_ip: pulumi.Output[str]
    brought: pulumi.Output[bool]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        allocation_id: pulumi.Input[str] | None = None,
        retain: pulumi.Input[bool] = True,
        release: pulumi.Input[str] | None = None,
        lost_address: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "allocationId": allocation_id,
            "retain": retain,
            "release": release,
            "lostAddress": lost_address,
            "publicIp": None,
            "brought": None,
        }
        super().__init__(ElasticIpProvider(), resource_name, properties, opts)
