"""`aws:ElasticIpAssociation`: the address on the host's interface, before any machine is.

Its id is the allocation's, as each move makes a new association id. An address is moved only from an
interface of the same stack; one that serves something else is refused. A host that moves to another
interface has its old machine ended before the address leaves it. Taken off in the end, an address that was
brought along loses our marker, and can be brought elsewhere. EC2 wants the network's internet gateway
attached first, so the resource depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws import prices, session, successor
from providers.aws.addresses import unmarked
from providers.aws.ending import end
from providers.aws.failures import is_gone
from providers.aws.instance_inputs import of_plan
from providers.aws.ownership import ADDRESS, BORROWED_BY, INTERFACE, OWNER, Row, described, tags_of
from providers.aws.plan import plan_of
from providers.aws.resource import AwsProvider
from providers.aws.waiting import FRESH, code_in, persistently, removed, wait_for
from providers.contract import Inputs, Resource
from providers.errors import NotFound, NotOurs
from providers.notices import notice

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class AssocInputs(Inputs):
    """publicIp: recorded beside the ids, for those who read the state. owner: whose run it is."""

    owner: str = Field(min_length=3, max_length=256)
    allocation_id: str = Field(pattern=r"^eipalloc-")
    network_interface_id: str = Field(pattern=r"^eni-")
    public_ip: str


class AssocProvider(AwsProvider[AssocInputs]):
    """Another interface is a move in place; another address a new association."""

    inputs = AssocInputs
    replaced_by = ("allocationId",)

    def find(self, wanted: AssocInputs) -> str | None:
        row = self._address(wanted.allocation_id)
        if row is None:
            raise NotFound(
                f"{wanted.allocation_id} ({wanted.public_ip}) is not there any more: `pulumi refresh`, "
                "then `pulumi up` asks AWS for this very address"
            )
        return wanted.allocation_id if row.get("NetworkInterfaceId") == wanted.network_interface_id else None

    def make(self, wanted: AssocInputs) -> str:
        return wanted.allocation_id  # align associates

    def align(self, _id: str, wanted: AssocInputs, before: Mapping[str, Any]) -> None:
        row = wait_for(
            lambda: self._address(wanted.allocation_id), f"{wanted.allocation_id} to be seen", FRESH
        )
        holder = _holder(row, before)
        if holder == wanted.network_interface_id:
            return
        if _told(row):  # what the state says of its holder may be a refresh's word
            self._refuse_unless_same_stack(row)
        ec2 = session.client("ec2", self.endpoints)
        if holder:
            self._end_old_host(ec2, str(holder), wanted.network_interface_id)
        persistently(
            lambda: ec2.associate_address(
                AllocationId=wanted.allocation_id,
                NetworkInterfaceId=wanted.network_interface_id,
                AllowReassociation=bool(row.get("AssociationId")),
            ),
            _passes,
            FRESH,
        )

    def _end_old_host(self, ec2: EC2Client, holder: str, to: str) -> None:
        """End the machine on a host's earlier interface: it may not go on without the address.

        An engine moves the address before it replaces the machine, so it is here that a machine which no
        other could follow is let be. Another host's machine is left alone.
        """
        old, new = described(ec2, INTERFACE, holder) or {}, described(ec2, INTERFACE, to) or {}
        owner = tags_of(old).get(OWNER)
        machine = (old.get("Attachment") or {}).get("InstanceId")
        if machine and owner and owner == tags_of(new).get(OWNER):
            plan = plan_of(owner, self.wished)
            successor.refuse_unless_startable(str(machine), plan, of_plan(plan, to), self.endpoints)
            notice(f"{machine} is ended now: the address leaves its interface {holder} for {to}")
            end(ec2, str(machine), holder)

    def _refuse_unless_same_stack(self, row: Row) -> None:
        holder = str(_told(row))
        interface = described(session.client("ec2", self.endpoints), INTERFACE, holder)
        there, ours = tags_of(interface or {}).get(OWNER, ""), tags_of(row)
        owner = ours.get(OWNER) or ours.get(BORROWED_BY) or ""
        if not owner or _stack(there) != _stack(owner):
            raise NotOurs(
                f"{row['PublicIp']} ({row['AllocationId']}) is on {holder}, which is not of this stack: "
                "disassociate it there first"
            )

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        row = self._address(id_)
        if row is None or not row.get("AssociationId"):
            return None
        return {
            "allocationId": row["AllocationId"],
            "associationId": row["AssociationId"],
            "networkInterfaceId": _holder(row, recorded),
            "publicIp": row["PublicIp"],
        }

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        ec2, row = session.client("ec2", self.endpoints), self._address(id_)
        if row is None:
            return
        if row.get("AssociationId"):
            if _holder(row, recorded) != recorded.get("networkInterfaceId"):
                return
            removed(lambda: ec2.disassociate_address(AssociationId=row["AssociationId"]), FRESH)
            _say_what_stays(row)
        if OWNER not in tags_of(
            row
        ):  # its own provider never hears of the end of an address that is retained
            unmarked(ec2, row, str(recorded.get("owner") or ""))

    def _address(self, allocation_id: str) -> Row | None:
        return described(session.client("ec2", self.endpoints), ADDRESS, allocation_id)


def _say_what_stays(row: Row) -> None:
    """A retained address never reaches its own provider's delete: here is where a destroy can say so."""
    told = f"the address {row['PublicIp']} ({row['AllocationId']}) is off its host and stays allocated, "
    if OWNER not in tags_of(row):
        notice(f"{told}as it is yours; it costs {prices.ADDRESS}, used or idle")
        return
    notice(
        f"{told}{prices.ADDRESS}, used or idle: the next `pulumi up` adopts it, and the whitelist stays "
        "right; only cexio-bot:releaseAddress, set to it and applied by an `up` before a destroy, lets go"
    )


def _passes(error: ClientError) -> bool:
    """A gateway just attached, an interface just made, a machine that is still starting."""
    return is_gone(error) or code_in("Gateway.NotAttached", "IncorrectInstanceState")(error)


def _told(row: Row) -> str | None:
    return row.get("NetworkInterfaceId") or row.get("InstanceId")


def _holder(row: Row, recorded: Mapping[str, Any]) -> str:
    """The interface that the address is on; the recorded one where only the association is told.

    AWS tells both; there are emulators that do not.
    """
    if _told(row) or recorded.get("associationId") not in (None, row.get("AssociationId")):
        return str(row.get("NetworkInterfaceId") or "")
    return str(recorded.get("networkInterfaceId") or "")


def _stack(owner: str) -> list[str]:
    return owner.split("/")[:2]


class ElasticIpAssociation(Resource, module="aws", name="ElasticIpAssociation"):
    """An Elastic IP on a network interface. EC2 API: AssociateAddress.

    Give `opts` with `depends_on` the route table, which comes after the internet gateway's attachment.
    """

    association_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        allocation_id: pulumi.Input[str],
        network_interface_id: pulumi.Input[str],
        public_ip: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "allocationId": allocation_id,
            "networkInterfaceId": network_interface_id,
            "publicIp": public_ip,
            "associationId": None,
        }
        super().__init__(AssocProvider(), resource_name, properties, opts)
