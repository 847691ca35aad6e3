"""Ending a machine for good: its launch token is spent first, and it counts as ended when it is terminated.

Until then the bot on it may run, so a machine that is still shutting down is waited for.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from providers.aws.failures import code_of
from providers.aws.generation import raise_generation
from providers.aws.ownership import INSTANCE, INTERFACE, Row, described
from providers.aws.waiting import LIFECYCLE, wait_for
from providers.errors import EndRefused

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ENDING = ("shutting-down", "terminated")


def state_of(row: Row) -> str:
    """An instance's state, in EC2's words."""
    return str(row["State"]["Name"])


def end(ec2: EC2Client, id_: str, interface_id: str) -> None:
    """Terminate an instance and wait until it is; its interface notes that the host is down from now on."""
    machine = described(ec2, INSTANCE, id_)
    if machine is None or state_of(machine) in ENDING:
        wait_until_ended(ec2, id_)
        return
    interface = described(ec2, INTERFACE, interface_id) if interface_id else None
    if interface is not None:
        raise_generation(ec2, interface, datetime.now(timezone.utc))
    try:
        ec2.terminate_instances(InstanceIds=[id_])
    except ClientError as error:
        if code_of(error) != "OperationNotPermitted":
            raise
        raise EndRefused(
            f"{id_} has to end and may not: its termination protection was switched on in AWS: take it off "
            f"(`aws ec2 modify-instance-attribute --instance-id {id_} --no-disable-api-termination`), then "
            "run the same command again"
        ) from None
    wait_until_ended(ec2, id_)


def wait_until_ended(ec2: EC2Client, id_: str) -> None:
    """Return when the instance is terminated, or no more to be seen."""

    def ended() -> bool | None:
        row = described(ec2, INSTANCE, id_)
        return True if row is None or state_of(row) == "terminated" else None

    wait_for(ended, f"{id_} to end", LIFECYCLE)
