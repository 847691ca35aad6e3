"""An account has room for so many objects in a Region: five Elastic IPs, five networks, some vCPUs.

moto has no limits; an address leaked at every try would go unnoticed.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.aws import quota_table
from sandbox.aws.corrections.call import Ec2Call
from sandbox.aws.quota_table import Quota

STANDARD_FAMILIES = tuple("acdhimrtz")
COUNTED_STATES = ("pending", "running")


class Quotas(Ec2Call):
    """Counts what there is before one more is made; the default network counts."""

    def allocate_address(self) -> Any:
        self._room(quota_table.ELASTIC_IPS, len(self.ec2_backend.addresses), "AddressLimitExceeded")
        return super().allocate_address()

    def create_vpc(self) -> Any:
        self._room(quota_table.VPCS, len(self.ec2_backend.vpcs), "VpcLimitExceeded")
        return super().create_vpc()

    def create_internet_gateway(self) -> Any:
        there = len(self.ec2_backend.internet_gateways)
        self._room(quota_table.GATEWAYS, there, "InternetGatewayLimitExceeded")
        return super().create_internet_gateway()

    def create_security_group(self) -> Any:
        there = sum(len(groups) for groups in self.ec2_backend.groups.values())
        self._room(quota_table.GROUPS, there, "SecurityGroupLimitExceeded")
        return super().create_security_group()

    def create_network_interface(self) -> Any:
        self._room(quota_table.INTERFACES, len(self.ec2_backend.enis), "NetworkInterfaceLimitExceeded")
        return super().create_network_interface()

    def create_subnet(self) -> Any:
        subnets = [subnet for zone in self.ec2_backend.subnets.values() for subnet in zone.values()]
        self._room(quota_table.SUBNETS, self._of_network(subnets), "SubnetLimitExceeded")
        return super().create_subnet()

    def create_route_table(self) -> Any:
        tables = self.ec2_backend.route_tables.values()
        self._room(quota_table.ROUTE_TABLES, self._of_network(tables), "RouteTableLimitExceeded")
        return super().create_route_table()

    def run_instances(self) -> Any:
        self._room_for_vcpus([str(self._get_param("InstanceType"))] * int(self._get_param("MinCount") or 1))
        return super().run_instances()

    def start_instances(self) -> Any:
        wanted = self._get_param("InstanceIds", [])
        self._room_for_vcpus([each.instance_type for each in self.cloud.instances() if each.id in wanted])
        return super().start_instances()

    def _of_network(self, objects: Iterable[Any]) -> int:
        vpc_id = self._get_param("VpcId")
        return sum(each.vpc_id == vpc_id for each in objects)

    def _room(self, quota: Quota, there: int, code: str) -> None:
        value = self.cloud.quotas.value(quota)
        if there >= value:
            self.refuse(code, f"The maximum number of {quota.name} has been reached: {value:g}.")

    def _room_for_vcpus(self, types: list[str]) -> None:
        running = [each.instance_type for each in self.cloud.instances() if each.state in COUNTED_STATES]
        limit = self.cloud.quotas.value(quota_table.STANDARD_VCPUS)
        if types and self._vcpus(types) and self._vcpus([*running, *types]) > limit:
            self.refuse(
                "VcpuLimitExceeded",
                f"You have requested more vCPU capacity than your current vCPU limit of {limit:g} allows for "
                "the instance bucket that the specified instance type belongs to.",
            )

    def _vcpus(self, types: list[str]) -> int:
        known = {
            each["name"]: each["VCpuInfo"]["DefaultVCpus"]
            for each in self.ec2_backend.describe_instance_types()
            if each["name"].startswith(STANDARD_FAMILIES)
        }
        return sum(int(known.get(name, 0)) for name in types)
