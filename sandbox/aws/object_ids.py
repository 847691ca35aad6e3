"""EC2's ids in a request: which objects they name, and what EC2 answers when there is none.

Codes as in https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

NOT_FOUND = {
    "vpc": ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "igw": ("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist"),
    "rtb": ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "eipalloc": ("InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist"),
    "eni": ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist"),
    "i": ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
    "vol": ("InvalidVolume.NotFound", "The volume '{}' does not exist."),
    "snap": ("InvalidSnapshot.NotFound", "The snapshot '{}' does not exist."),
}
_ID = re.compile(rf"(?P<kind>{'|'.join(NOT_FOUND)})-[0-9a-f]{{8,17}}")


def named(parameters: Any) -> Iterator[str]:
    """Every id of a known kind in a request's parameters, outside of tags."""
    if isinstance(parameters, dict):
        parameters = [value for key, value in parameters.items() if key not in ("Tags", "TagSpecifications")]
    if isinstance(parameters, list | tuple):
        for item in parameters:
            yield from named(item)
    elif isinstance(parameters, str) and _ID.fullmatch(parameters):
        yield parameters


def not_found(id_: str, action: str) -> tuple[str, str]:
    """Code and text for an object that is not there."""
    code, text = NOT_FOUND[id_.partition("-")[0]]
    return ("InvalidAddressID.NotFound" if action == "ReleaseAddress" else code), text.format(id_)
