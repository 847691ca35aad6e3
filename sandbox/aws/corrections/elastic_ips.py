"""Elastic IPs: bindable on loopback, in need of a gateway, moved by default, not released while in use.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html
"""

from __future__ import annotations

import random
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.utils import add_tag_specification

from sandbox.aws.corrections.call import Ec2Call

_RANDOM = random.SystemRandom()


class ElasticIps(Ec2Call):
    """Keeps address, interface and instance telling one story."""

    def allocate_address(self) -> ActionResult:
        wanted = self._get_param("Address")
        if wanted and wanted not in self.cloud.released:
            self.refuse(
                "InvalidAddress.NotFound",
                f"The address '{wanted}' was never yours, so it cannot be recovered.",
            )
        taken = {address.public_ip for address in self.ec2_backend.addresses}
        if wanted in taken:
            self.refuse("InvalidAddress.NotFound", f"The address '{wanted}' is in use.")
        tags = add_tag_specification(self._get_param("TagSpecifications", []))
        address = self.ec2_backend.allocate_address("vpc", address=wanted or _fresh(taken), tags=tags)
        self.cloud.released.discard(address.public_ip)
        return ActionResult(
            {"PublicIp": address.public_ip, "Domain": "vpc", "AllocationId": address.allocation_id}
        )

    def associate_address(self) -> Any:
        interface = self._interface()
        address = self._address()
        gateways = self.ec2_backend.internet_gateways.values()
        if not any(gateway.vpc and gateway.vpc.id == interface.vpc_id for gateway in gateways):
            self.refuse(
                "Gateway.NotAttached", f"Network {interface.vpc_id} is not attached to any internet gateway"
            )
        if interface.instance is not None and interface.instance.state == "pending":
            self.refuse("IncorrectInstanceState", f"The instance '{interface.instance.id}' is pending.")
        if self._get_param("AllowReassociation") is False and address.eni not in (None, interface):
            self.refuse(
                "Resource.AlreadyAssociated",
                f"resource {address.allocation_id} is already associated with associate-id "
                f"{address.association_id}",
            )
        for other in self.ec2_backend.addresses:
            if other is address or other.eni is interface:
                _detach(other)
        self.ec2_backend.associate_address(
            eni=interface, allocation_id=address.allocation_id, reassociate=True
        )
        address.instance = interface.instance
        return ActionResult({"AssociationId": address.association_id})

    def disassociate_address(self) -> Any:
        association = self._get_param("AssociationId")
        for address in self.ec2_backend.addresses:
            if association and address.association_id == association:
                _detach(address)
                return ActionResult(None)
        return super().disassociate_address()

    def describe_addresses(self) -> Any:
        for address in self.ec2_backend.addresses:
            address.instance = address.eni.instance if address.eni else None
        return super().describe_addresses()

    def release_address(self) -> Any:
        address = self._address()
        if address.association_id is not None:
            self.refuse("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
        self.cloud.released.add(address.public_ip)
        return super().release_address()

    def delete_network_interface(self) -> Any:
        result = super().delete_network_interface()
        for address in self.ec2_backend.addresses:
            if address.eni is not None and address.eni.id == self._get_param("NetworkInterfaceId"):
                _detach(address)
        return result

    def _interface(self) -> Any:
        instance_id, interface_id = self._get_param("InstanceId"), self._get_param("NetworkInterfaceId")
        if bool(instance_id) == bool(interface_id):
            self.refuse(
                "InvalidParameterCombination", "Either InstanceId or NetworkInterfaceId is needed, not both."
            )
        if interface_id:
            return self.ec2_backend.get_network_interface(interface_id)
        instance = self.ec2_backend.get_instance(instance_id)
        if instance.state not in ("running", "stopped"):
            self.refuse("IncorrectInstanceState", f"The instance '{instance_id}' is {instance.state}.")
        return instance.nics[0]

    def _address(self) -> Any:
        allocation_id, public_ip = self._get_param("AllocationId"), self._get_param("PublicIp")
        if allocation_id:
            return self.ec2_backend.address_by_allocation([allocation_id])[0]
        return self.ec2_backend.address_by_ip([public_ip])[0]


def _fresh(taken: set[str]) -> str:
    """An address that Linux lets anybody bind, away from 127.0.0.x, 127.0.1.x and the broadcast address."""
    while True:
        address = f"127.{_RANDOM.randint(16, 254)}.{_RANDOM.randint(0, 255)}.{_RANDOM.randint(1, 254)}"
        if address not in taken:
            return address


def _detach(address: Any) -> None:
    if address.eni is not None:
        address.eni.public_ip = None
    address.eni = address.instance = address.association_id = None
