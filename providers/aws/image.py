"""Which Amazon Linux 2023 image a host starts from: the user's, else the one AWS publishes at the moment.

AWS names its current image in a public SSM parameter. It is resolved once, when a host is made, and pinned:
in the state, and on the host's interface for the machines after it. A newer image replaces no host by itself;
a refresh tells of it (docs/adr/0011-a-newer-image-waits-to-be-asked-for.md).
"""

from __future__ import annotations

from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from providers.aws import session
from providers.aws.failures import code_of
from providers.aws.ownership import Kind, described
from providers.endpoints import Endpoints
from providers.errors import NotFound, ProviderError
from providers.notices import notice

PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
AL2023 = "al2023-ami-"  # how the names of AWS's own images begin
AL2023_ROOT = "/dev/xvda"
IMAGE = Kind("image", "describe_images", "Images", "ImageId", "ImageIds")


class Image(NamedTuple):
    """root: the device name of its root disk; another name in a launch would add a disk."""

    id: str
    root: str


def image_for(endpoints: Endpoints, architecture: str, image_id: str | None) -> Image:
    """The image of that id, else AWS's current one for the architecture (arm64, x86_64)."""
    if image_id is None:
        return Image(current_image(endpoints, architecture), AL2023_ROOT)
    row = described(session.client("ec2", endpoints), IMAGE, image_id)
    if row is None or row.get("State", "available") != "available":
        raise NotFound(
            f"{image_id}: there is no such image in {endpoints.region} any more, or it is not shared with "
            "this account: `pulumi config rm cexio-bot:imageId` and `pulumi config set "
            "cexio-bot:refreshImage NUMBER`, with one not used before, take AWS's current one"
        )
    if row["Architecture"] != architecture and not endpoints.emulator:
        raise ProviderError(
            f"{image_id} is for {row['Architecture']}, the instance type is {architecture}: "
            "choose another of the two"
        )
    return Image(image_id, str(row.get("RootDeviceName") or AL2023_ROOT))


def current_image(endpoints: Endpoints, architecture: str) -> str:
    """The id of the image that AWS publishes now."""
    ssm = session.client("ssm", endpoints)
    try:
        return str(ssm.get_parameter(Name=PARAMETER.format(architecture=architecture))["Parameter"]["Value"])
    except ClientError as error:
        if not endpoints.emulator or code_of(error) != "ParameterNotFound":
            raise
    # What boots nothing often knows one architecture only.
    return str(ssm.get_parameter(Name=PARAMETER.format(architecture="x86_64"))["Parameter"]["Value"])


def tell_of_a_newer_one(endpoints: Endpoints, host: str, architecture: str, image_id: str) -> None:
    """Say that AWS has published another image than the host's; one of the user's own making is let be."""
    try:
        newest = current_image(endpoints, architecture)
        row = described(session.client("ec2", endpoints), IMAGE, image_id) if newest != image_id else None
    except (ClientError, BotoCoreError) as error:
        why = code_of(error) or type(error).__name__
        notice(f"{host} runs image {image_id}; whether AWS has a newer one could not be asked ({why})")
        return
    if newest == image_id or (row is not None and not str(row.get("Name", "")).startswith(AL2023)):
        return
    notice(
        f"{host} runs image {image_id}, and AWS publishes {newest} now: it replaces no host by itself; "
        "`pulumi config set cexio-bot:refreshImage NUMBER`, with one not used before, and `pulumi up` do "
        "(the host is down meanwhile, the address stays)"
    )
