"""How many machines an interface has had: a counter in its tag `cexio-bot:generation`.

It goes into a launch's client token, so that a machine that was ended is never asked for again. It lies on
the interface because a terminated instance, and its tags sooner, vanish within the hour, while EC2 remembers
their client tokens for a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from providers.aws.failures import is_gone
from providers.aws.ownership import Row, tags_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

GENERATION = "cexio-bot:generation"


def generation_of(interface: Row) -> int:
    """The count in an interface's description; 0 where there is none."""
    text = tags_of(interface).get(GENERATION, "0")
    return int(text) if text.isdecimal() else 0


def raise_generation(ec2: EC2Client, interface: Row) -> int:
    """Count one more; the new count. An interface that is gone needs none."""
    count = generation_of(interface) + 1
    id_ = str(interface["NetworkInterfaceId"])
    try:
        ec2.create_tags(Resources=[id_], Tags=[{"Key": GENERATION, "Value": str(count)}])
    except ClientError as error:
        if not is_gone(error):
            raise
    return count
