"""The host's static address, which outlives the stack.

It is retained on delete and adopted again by its owner tag. To let it go, `releaseAddress` must name it: only
then does a destroy reach the provider, which compares once more. Users' tags are a resource of their own, so
that editing one never makes the address look unknown in a preview. An address that was brought along gets
none of them.
"""

from __future__ import annotations

import pulumi
from pydantic import BaseModel, ConfigDict

from providers.aws.elastic_ip import ElasticIp
from providers.aws.tags import Tags
from providers.names import Names


class AddressArgs(BaseModel):
    """allocation_id: an Elastic IP of the user's own to adopt. release: the address to let go, or None.

    lost: the address that was released elsewhere and is given up, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    names: Names
    host: str
    allocation_id: str | None
    release: str | None
    lost: str | None = None
    tags: dict[str, str]


class Address(pulumi.ComponentResource):
    """One Elastic IP and its users' tags."""

    def __init__(self, name: str, args: AddressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cexio-bot:components:Address", name, None, opts)
        retain = args.release is None

        self.elastic_ip = ElasticIp(
            f"{name}-elastic-ip",
            owner=args.names.owner("address", args.host),
            allocation_id=args.allocation_id,
            retain=retain,
            release=args.release,
            lost_address=args.lost,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=retain),
        )
        self.allocation_id: pulumi.Output[str] = self.elastic_ip.allocation_id
        self.public_ip: pulumi.Output[str] = self.elastic_ip.public_ip
        self.tags = Tags(
            f"{name}-tags",
            owner=args.names.owner("address-tags", args.host),
            resource_id=self.allocation_id,
            tags=self.elastic_ip.brought.apply(lambda brought: {} if brought else args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"allocationId": self.allocation_id, "publicIp": self.public_ip})
