"""What a stack would have on AWS, as far as one can tell before anything is made: for preflight.

In a provider process only the resource at hand is known, and the stack's configuration. So the few settings
that decide whether a run can end well are read here by name, unvalidated: the program has judged them before
(components/settings.py, which takes its defaults from here).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from providers.names import Names

HOST = "bot"
INSTANCE_TYPE = "t4g.micro"


class Plan(BaseModel):
    """One stack's wishes. allocation_id, vpc_id and subnet_id are of what the user brings along."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    names: Names
    host: str = HOST
    instance_type: str = INSTANCE_TYPE
    availability_zone: str | None = None
    image_id: str | None = None
    allocation_id: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None

    @property
    def architecture(self) -> str:
        """`arm64` or `x86_64`."""
        return architecture_of(self.instance_type)

    @property
    def brings_network(self) -> bool:
        """Whether neither a VPC nor an internet gateway is to be made."""
        return bool(self.vpc_id or self.subnet_id)

    @property
    def stack(self) -> str:
        """What the owner tag of every object of this stack begins with."""
        return f"{self.names.project}/{self.names.stack}/"


def architecture_of(instance_type: str) -> str:
    """`arm64` or `x86_64`, as the family of the type has it (t4g and c7gn, but not g5)."""
    return "arm64" if re.match(r"[a-z]+\d+g", instance_type) else "x86_64"


def plan_from(names: Names, config: Callable[[str], str | None]) -> Plan:
    """The plan of a stack; `config` gives a setting of namespace `cexio-bot` by its name, or None."""
    wanted = {
        "host": config("host"),
        "instance_type": config("instanceType"),
        "availability_zone": config("availabilityZone"),
        "image_id": config("imageId"),
        "allocation_id": config("allocationId"),
        "vpc_id": config("vpcId"),
        "subnet_id": config("subnetId"),
    }
    return Plan(names=names, **{name: value for name, value in wanted.items() if value})
