"""`aws:NetworkInterface`: what the address is on, before and after any machine.

It outlives the host: the address moves with it to the next machine. Its tag `cexio-bot:generation` counts the
machines it has had (providers/aws/generation.py).

What a hand did to it is taken back: it checks sources and destinations, has no IPv6 address (the exchange
would see that one), and is not deleted with a machine, since the address would come off with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws.failures import code_of, is_gone, text_of
from providers.aws.ownership import INTERFACE, Row
from providers.aws.resource import Ec2Provider, OwnedInputs
from providers.aws.waiting import CLEARING, persistently
from providers.contract import Resource


class InterfaceInputs(OwnedInputs):
    """securityGroupIds: at least one, or AWS takes the network's default group, which is open."""

    subnet_id: str = Field(pattern=r"^subnet-")
    security_group_ids: tuple[str, ...] = Field(min_length=1, max_length=5)
    description: str = Field(max_length=255)


class InterfaceProvider(Ec2Provider[InterfaceInputs]):
    """The subnet is fixed; groups and description change in place."""

    inputs = InterfaceInputs
    kind = INTERFACE
    replaced_by = ("subnetId",)

    def fits(self, row: Row, wanted: InterfaceInputs) -> bool:
        return bool(row["SubnetId"] == wanted.subnet_id)

    def request(self, ec2: Any, wanted: InterfaceInputs, tags: list[Any]) -> Any:
        return ec2.create_network_interface(
            SubnetId=wanted.subnet_id,
            Groups=list(wanted.security_group_ids),
            Description=wanted.description,
            TagSpecifications=tags,
        )["NetworkInterface"]

    def align(self, id_: str, wanted: InterfaceInputs, before: Mapping[str, Any]) -> None:
        row = self.row(id_)
        if _groups(row) != sorted(wanted.security_group_ids):
            self.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=id_, Groups=list(wanted.security_group_ids)
            )
        if row.get("Description", "") != wanted.description:
            self.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=id_, Description={"Value": wanted.description}
            )
        self._align_details(id_, row)
        self.align_tags(id_, wanted, before)

    def _align_details(self, id_: str, row: Row) -> None:
        if not row.get("SourceDestCheck", True):
            self.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=id_, SourceDestCheck={"Value": True}
            )
        if _ends_with_host(row):
            attachment: Any = {
                "AttachmentId": row["Attachment"]["AttachmentId"],
                "DeleteOnTermination": False,
            }
            self.ec2.modify_network_interface_attribute(NetworkInterfaceId=id_, Attachment=attachment)
        if _ipv6(row):
            self.ec2.unassign_ipv6_addresses(NetworkInterfaceId=id_, Ipv6Addresses=_ipv6(row))

    def shown(self, row: Row, recorded: Mapping[str, Any]) -> dict[str, Any]:
        groups, recorded_groups = _groups(row), list(recorded.get("securityGroupIds") or [])
        return {
            "networkInterfaceId": row["NetworkInterfaceId"],
            "privateIp": row["PrivateIpAddress"],
            "subnetId": row["SubnetId"],
            "securityGroupIds": recorded_groups if sorted(recorded_groups) == groups else groups,
            "description": row.get("Description", ""),
            "sourceDestCheck": bool(row.get("SourceDestCheck", True)),
            "endsWithHost": _ends_with_host(row),
            "ipv6Addresses": _ipv6(row),
        }

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        unchecked = olds.get("sourceDestCheck") is False
        return unchecked or bool(olds.get("endsWithHost") or olds.get("ipv6Addresses"))

    def remove(self, id_: str, _recorded: Mapping[str, Any]) -> None:
        try:
            persistently(
                lambda: self.ec2.delete_network_interface(NetworkInterfaceId=id_), _still_attached, CLEARING
            )
        except ClientError as error:
            if not is_gone(error):
                raise


def _still_attached(error: ClientError) -> bool:
    code = code_of(error)
    in_use = code == "InvalidParameterValue" and "in use" in text_of(error)
    return in_use or code in ("InvalidNetworkInterface.InUse", "DependencyViolation")


def _groups(row: Row) -> list[str]:
    return sorted(str(group["GroupId"]) for group in row.get("Groups") or ())


def _ends_with_host(row: Row) -> bool:
    return bool((row.get("Attachment") or {}).get("DeleteOnTermination"))


def _ipv6(row: Row) -> list[str]:
    return sorted(str(one["Ipv6Address"]) for one in row.get("Ipv6Addresses") or ())


class NetworkInterface(Resource, module="aws", name="NetworkInterface"):
    """A network interface. EC2 API: CreateNetworkInterface."""

    network_interface_id: pulumi.Output[str]
    private_ip: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        subnet_id: pulumi.Input[str],
        security_group_ids: Sequence[pulumi.Input[str]],
        description: pulumi.Input[str],
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "subnetId": subnet_id,
            "securityGroupIds": list(security_group_ids),
            "description": description,
            "tags": tags,
            "networkInterfaceId": None,
            "privateIp": None,
        }
        super().__init__(InterfaceProvider(), resource_name, properties, opts)
