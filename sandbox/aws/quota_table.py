"""The account's quotas that a stack of ours can reach, with AWS's defaults; a test may set other values.

https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Quota:
    """One row of Service Quotas."""

    service: str
    code: str
    name: str
    default: float


ELASTIC_IPS = Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5)
STANDARD_VCPUS = Quota(
    "ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5
)
VPCS = Quota("vpc", "L-F678F1CE", "VPCs per Region", 5)
GATEWAYS = Quota("vpc", "L-A4707A72", "Internet gateways per Region", 5)
GROUPS = Quota("vpc", "L-E79EC296", "VPC security groups per Region", 2500)
INTERFACES = Quota("vpc", "L-DF5E4CA3", "Network interfaces per Region", 5000)
SUBNETS = Quota("vpc", "L-407747CB", "Subnets per VPC", 200)
ROUTE_TABLES = Quota("vpc", "L-589F43AA", "Route tables per VPC", 200)

QUOTAS = (ELASTIC_IPS, STANDARD_VCPUS, VPCS, GATEWAYS, GROUPS, INTERFACES, SUBNETS, ROUTE_TABLES)
SERVICES = {
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}

# An account that has been in use: AWS raises this one by itself.
USUAL_VCPUS = 32.0
# AWS has quotas whose applied value cannot be asked for, only the default. Which ones changes; here these.
WITHOUT_APPLIED_VALUE = frozenset((SUBNETS.code, ROUTE_TABLES.code))


@dataclass
class QuotaTable:
    """Values in force: the default unless somebody raised or lowered it."""

    raised: dict[str, float] = field(default_factory=lambda: {STANDARD_VCPUS.code: USUAL_VCPUS})

    def value(self, quota: Quota) -> float:
        return self.raised.get(quota.code, quota.default)

    def applied(self, quota: Quota) -> bool:
        """Whether Service Quotas knows a value of the account's own."""
        return quota.code in self.raised or quota.code not in WITHOUT_APPLIED_VALUE
