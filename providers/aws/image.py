"""Which Amazon Linux 2023 image a host starts from: the user's, else the one AWS publishes at the moment.

AWS names its current image in a public SSM parameter. It is resolved once, when a host is made, and pinned in
the state: a newer image replaces no host by itself.
"""

from __future__ import annotations

from typing import NamedTuple

from providers.aws import session
from providers.aws.ownership import Kind, described
from providers.endpoints import Endpoints
from providers.errors import NotFound, ProviderError

PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
AL2023_ROOT = "/dev/xvda"
IMAGE = Kind("image", "describe_images", "Images", "ImageId", "ImageIds")


class Image(NamedTuple):
    """root: the device name of its root disk; another name in a launch would add a disk."""

    id: str
    root: str


def image_for(endpoints: Endpoints, architecture: str, image_id: str | None) -> Image:
    """The image of that id, else AWS's current one for the architecture (arm64, x86_64)."""
    if image_id is None:
        name = PARAMETER.format(architecture=architecture)
        parameter = session.client("ssm", endpoints).get_parameter(Name=name)["Parameter"]
        return Image(parameter["Value"], AL2023_ROOT)
    row = described(session.client("ec2", endpoints), IMAGE, image_id)
    if row is None or row.get("State", "available") != "available":
        raise NotFound(
            f"{image_id}: there is no such image in {endpoints.region} any more, or it is not shared with "
            "this account: `pulumi config rm cexio-bot:imageId` takes AWS's current one"
        )
    if row["Architecture"] != architecture:
        raise ProviderError(
            f"{image_id} is for {row['Architecture']}, the instance type is {architecture}: "
            "choose another of the two"
        )
    return Image(image_id, str(row.get("RootDeviceName") or AL2023_ROOT))
