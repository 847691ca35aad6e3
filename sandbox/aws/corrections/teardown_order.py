"""What is in use is not taken down: gateway, subnet, security group, network. And no route leads to nowhere.

moto lets all of these go with address, interface and instance in place.
https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.corrections.call import Ec2Call


class TeardownOrder(Ec2Call):
    def detach_internet_gateway(self) -> Any:
        vpc_id = self._get_param("VpcId")
        if any(interface.vpc_id == vpc_id and interface.public_ip for interface in self._interfaces()):
            self._refuse_dependency(
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) "
                "before detaching the gateway."
            )
        return super().detach_internet_gateway()

    def delete_subnet(self) -> Any:
        subnet_id = self._get_param("SubnetId")
        if any(interface.subnet_id == subnet_id for interface in self._interfaces()):
            self._refuse_dependency(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return super().delete_subnet()

    def delete_security_group(self) -> Any:
        group_id = self._get_param("GroupId")
        group = self.ec2_backend.get_security_group_from_id(group_id) if group_id else None
        if group is not None and group.name == "default":
            self.refuse(
                "CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted'
            )
        used = any(
            group_id in (used_group.id for used_group in interface.group_set)
            for interface in self._interfaces()
        )
        if used or any(
            group_id in _groups_named_by(other) for other in self._groups() if other.id != group_id
        ):
            self._refuse_dependency(f"resource {group_id} has a dependent object")
        return super().delete_security_group()

    def delete_vpc(self) -> Any:
        vpc_id = self._get_param("VpcId")
        attached = any(
            gateway.vpc and gateway.vpc.id == vpc_id
            for gateway in self.ec2_backend.internet_gateways.values()
        )
        own_groups = any(group.vpc_id == vpc_id and group.name != "default" for group in self._groups())
        if attached or own_groups:
            self._refuse_dependency(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return super().delete_vpc()

    def create_route(self) -> Any:
        gateway = self.ec2_backend.internet_gateways.get(self._get_param("GatewayId"))
        if gateway is not None:
            table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
            if gateway.vpc is None or gateway.vpc.id != table.vpc_id:
                self.refuse(
                    "InvalidParameterValue",
                    f"route table {table.id} and network gateway {gateway.id} belong to different networks",
                )
        return super().create_route()

    def _interfaces(self) -> list[Any]:
        return list(self.ec2_backend.enis.values())

    def _groups(self) -> list[Any]:
        return [group for of_vpc in self.ec2_backend.groups.values() for group in of_vpc.values()]

    def _refuse_dependency(self, message: str) -> None:
        self.refuse("DependencyViolation", message)


def _groups_named_by(group: Any) -> set[str]:
    rules = [*group.ingress_rules, *group.egress_rules]
    return {str(rule.source_group.get("GroupId")) for rule in rules}
