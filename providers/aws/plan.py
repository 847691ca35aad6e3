"""What a stack would have on AWS, as far as one can tell before anything is made: for preflight.

In a provider process only the resource at hand is known, and the stack's configuration. So the few settings
that decide whether a run can end well are read here by name, unvalidated: the program has judged them before
(components/settings.py, which takes its defaults from here).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from providers.endpoints import REGION
from providers.names import Names

HOST = "bot"
INSTANCE_TYPE = "t4g.micro"
OURS = ("names", "standing")  # of a plan, and no settings
OF_THE_STACK = ("vpc", "subnet", "gateway")  # all other objects are of one host


def _from_json(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


class Plan(BaseModel):
    """One stack's wishes. allocation_id, vpc_id and subnet_id are of what the user brings along.

    tags: the user's own, which every creating call writes but the address's. standing: the stack is there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    names: Names
    host: str = HOST
    instance_type: str = INSTANCE_TYPE
    availability_zone: str | None = None
    image_id: str | None = None
    refresh_image: str | None = None
    allocation_id: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    deployers: Annotated[tuple[str, ...], BeforeValidator(_from_json)] = ()
    extra_addresses: Annotated[tuple[dict[str, str], ...], BeforeValidator(_from_json)] = ()
    tags: Annotated[dict[str, str], BeforeValidator(_from_json)] = Field(default_factory=dict)
    standing: bool = False

    @property
    def architecture(self) -> str:
        """`arm64` or `x86_64`."""
        return architecture_of(self.instance_type)

    @property
    def brings_network(self) -> bool:
        """Whether neither a VPC nor an internet gateway is to be made."""
        return bool(self.vpc_id or self.subnet_id)

    def owner(self, role: str) -> str:
        """The owner tag of one of the stack's objects: `vpc`, `subnet`, `gateway`, or one of the host's."""
        return self.names.owner(role, None if role in OF_THE_STACK else self.host)


def architecture_of(instance_type: str) -> str:
    """`arm64` or `x86_64`, as the family of the type has it (t4g and c7gn, but not g5)."""
    return "arm64" if re.match(r"[a-z]+\d+g", instance_type) else "x86_64"


def wishes(config: Callable[[str], str | None]) -> dict[str, str]:
    """The settings that a plan takes; `config` gives one of namespace `cexio-bot` by its name, or None."""
    asked = {name: config(to_camel(name)) for name in ("region", *Plan.model_fields) if name not in OURS}
    return {name: value for name, value in asked.items() if value}


def plan_of(owner: str, wished: Mapping[str, str]) -> Plan:
    """The plan of the stack that an owner tag names."""
    project, stack, _ = owner.split("/", 2)
    of_plan = {name: value for name, value in wished.items() if name != "region"}
    names = Names(project=project, stack=stack, region=wished.get("region", REGION))
    return Plan(names=names, **of_plan)
