"""Ending a machine for good: its launch token is spent first, and it counts as ended when it is terminated.

Until then the bot on it may run, so a machine that is still shutting down is waited for. EC2 answers from
copies: one "not found" does not say that there is no machine. It is told to end all the same, and counts as
gone only when it stays unseen for some seconds.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from providers.aws.failures import code_of, is_gone
from providers.aws.generation import raise_generation
from providers.aws.ownership import INSTANCE, INTERFACE, Row, described
from providers.aws.patience import patiently
from providers.aws.waiting import LIFECYCLE, fresh, persistently, wait_for
from providers.errors import EndRefused

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

UNSEEN = 6.0  # seconds; a new object is usually seen within five
ENDING = ("shutting-down", "terminated")


def state_of(row: Row) -> str:
    """An instance's state, in EC2's words."""
    return str(row["State"]["Name"])


def end(ec2: EC2Client, id_: str, interface_id: str) -> None:
    """Terminate an instance and wait until it is; its interface notes that the host is down from now on."""
    machine = described(ec2, INSTANCE, id_)
    if machine is not None and state_of(machine) in ENDING:
        wait_until_ended(ec2, id_)
        return
    interface = described(ec2, INTERFACE, interface_id) if interface_id else None
    if interface is not None:
        raise_generation(ec2, interface, datetime.now(timezone.utc))
    try:
        persistently(lambda: ec2.terminate_instances(InstanceIds=[id_]), fresh, UNSEEN)
    except ClientError as error:
        if code_of(error) == "OperationNotPermitted":
            raise EndRefused(
                f"{id_} has to end and may not: its termination protection was switched on in AWS: take it "
                f"off (`aws ec2 modify-instance-attribute --instance-id {id_} --no-disable-api-termination`)"
                ", then run the same command again"
            ) from None
        if not is_gone(error):
            raise
    wait_until_ended(ec2, id_)


def wait_until_ended(ec2: EC2Client, id_: str) -> None:
    """Return when the instance is terminated, or was not to be seen for UNSEEN seconds on end."""
    unseen_since: float | None = None

    def ended() -> bool | None:
        nonlocal unseen_since
        row = described(ec2, INSTANCE, id_)
        if row is not None:
            unseen_since = None
            return True if state_of(row) == "terminated" else None
        unseen_since = time.monotonic() if unseen_since is None else unseen_since
        return True if time.monotonic() - unseen_since >= patiently(UNSEEN) else None

    wait_for(ended, f"{id_} to end", LIFECYCLE)
