"""An account has room for five Elastic IPs, five networks and five internet gateways in a Region.

moto has no limits; an address leaked at every try would go unnoticed.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.corrections.call import Ec2Call

ELASTIC_IPS = 5
VPCS = 5
INTERNET_GATEWAYS = 5


class Quotas(Ec2Call):
    """AWS's default quotas; the default VPC counts."""

    def allocate_address(self) -> Any:
        if len(self.ec2_backend.addresses) >= ELASTIC_IPS:
            self.refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return super().allocate_address()

    def create_vpc(self) -> Any:
        if len(self.ec2_backend.vpcs) >= VPCS:
            self.refuse("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
        return super().create_vpc()

    def create_internet_gateway(self) -> Any:
        if len(self.ec2_backend.internet_gateways) >= INTERNET_GATEWAYS:
            self.refuse(
                "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."
            )
        return super().create_internet_gateway()
