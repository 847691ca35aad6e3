"""What an interface remembers of its machines, in tags of its own.

- `cexio-bot:generation` counts them. It goes into a launch's client token, so that a machine that was ended
  is never asked for again.
- `cexio-bot:down-since` is when the last one was told to end, written by the very call that counts. It is
  there until the next one runs, whatever was killed in between.
- `cexio-bot:image` is what the next one starts from: image, architecture, and the request that chose it.

They lie on the interface because a terminated instance, and its tags sooner, vanish within the hour, while
EC2 remembers their client tokens for a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from providers.aws.failures import is_gone
from providers.aws.ownership import INTERFACE, OWNER, Row, owned, tag_list, tags_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

GENERATION = "cexio-bot:generation"
DOWN_SINCE = "cexio-bot:down-since"
IMAGE = "cexio-bot:image"
NO_REQUEST = "-"


class Pin(NamedTuple):
    """The image that a host's machines start from; `request` is the operator's word that chose it."""

    image_id: str
    architecture: str
    request: str | None


def generation_of(interface: Row) -> int:
    """The count in an interface's description; 0 where there is none."""
    text = tags_of(interface).get(GENERATION, "0")
    return int(text) if text.isdecimal() else 0


def raise_generation(ec2: EC2Client, interface: Row, down_since: datetime | None = None) -> int:
    """Count one more, and note since when the host is down; the new count. A gone interface needs none."""
    count = generation_of(interface) + 1
    since = {} if down_since is None else {DOWN_SINCE: down_since.isoformat(timespec="seconds")}
    _write(ec2, interface, {GENERATION: str(count), **since})
    return count


def down_since(ec2: EC2Client, interface: Row) -> datetime | None:
    """Since when the host is down; None if nothing is noted.

    Asks the host's earlier interface too: a move to another subnet makes a new one.
    """
    noted = []
    for row in _with_earlier(ec2, interface):
        try:
            noted.append(datetime.fromisoformat(tags_of(row)[DOWN_SINCE]).astimezone(timezone.utc))
        except (KeyError, ValueError):
            continue  # none, or not our writing
    return min(noted, default=None)


def forget_outage(ec2: EC2Client, interface: Row) -> None:
    """Take the note off, as it was told."""
    for row in _with_earlier(ec2, interface):
        if DOWN_SINCE in tags_of(row):
            ec2.delete_tags(Resources=[str(row["NetworkInterfaceId"])], Tags=[{"Key": DOWN_SINCE}])


def pin_of(ec2: EC2Client, interface: Row) -> Pin | None:
    """The image pinned to the host, on this interface or on its earlier one."""
    for row in _with_earlier(ec2, interface):
        words = tags_of(row).get(IMAGE, "").split()
        if len(words) == 3:
            return Pin(words[0], words[1], None if words[2] == NO_REQUEST else words[2])
    return None


def pin(ec2: EC2Client, interface: Row, wanted: Pin) -> None:
    """Pin an image to the host's interface."""
    text = " ".join((wanted.image_id, wanted.architecture, wanted.request or NO_REQUEST))
    if tags_of(interface).get(IMAGE) != text:
        _write(ec2, interface, {IMAGE: text})


def image_to_start(
    kept: Pin | None, image_id: str | None, request: str | None, architecture: str
) -> str | None:
    """The user's image, else the pinned one unless another was asked for, else None for AWS's current one."""
    if image_id is not None or kept is None:
        return image_id
    asked = request not in (None, kept.request)
    return kept.image_id if kept.architecture == architecture and not asked else None


def _with_earlier(ec2: EC2Client, interface: Row) -> list[Row]:
    """The interface, and those of the same owner that an unfinished move has left."""
    owner = tags_of(interface).get(OWNER)
    rows = owned(ec2, INTERFACE, owner) if owner else []
    id_ = interface["NetworkInterfaceId"]
    return [interface, *(row for row in rows if row["NetworkInterfaceId"] != id_)]


def _write(ec2: EC2Client, interface: Row, tags: Mapping[str, str]) -> None:
    try:
        ec2.create_tags(Resources=[str(interface["NetworkInterfaceId"])], Tags=tag_list(tags))
    except ClientError as error:
        if not is_gone(error):
            raise
