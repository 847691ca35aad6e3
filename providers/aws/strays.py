"""What somebody changed on a machine that the stack does not change back while it runs.

The type and the user data can change only while the machine stands still: that is an outage, and nobody but
the operator orders one. So the state goes on saying what the machine was launched with, `strays` says what it
has become, and the next `up` refuses with the ways out. Termination protection is the operator's own doing:
it is shown and left alone, and a replacement asks for it to be taken off (providers/aws/ending.py).

Another instance profile is exchanged back at once: that needs no stop, and it decides what the host may do.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from providers.aws.failures import is_unknown_call
from providers.aws.ownership import Row
from providers.aws.user_data import unpacked
from providers.errors import HostAltered

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def strays(ec2: EC2Client, row: Row, recorded: Mapping[str, Any]) -> list[str]:
    """What differs from the launch that is on record, a text each."""
    found = []
    launched_as, runs_as = recorded.get("instanceType"), row["InstanceType"]
    if launched_as not in (None, runs_as):
        found.append(f"type {runs_as}, launched as {launched_as}")
    given, there = recorded.get("userData"), _attribute(ec2, row["InstanceId"], "userData")
    if isinstance(given, str) and there is not None and unpacked(given) != unpacked(_text(there)):
        found.append("user data other than it was launched with")
    return found


def refuse_strays(id_: str, found: list[str]) -> None:
    """HostAltered if there are any."""
    if found:
        raise HostAltered(
            f"{id_} was changed while it stood still: {'; '.join(found)}: nothing is done by itself, as it "
            "would be an outage: change it back (`aws ec2 stop-instances`, `modify-instance-attribute`, "
            "`start-instances`), or have the host made anew: `aws ec2 terminate-instances --instance-ids "
            f"{id_}`, then `pulumi up --refresh`"
        )


def is_protected(ec2: EC2Client, id_: str) -> bool:
    """Whether termination protection is on."""
    protection = _attribute(ec2, id_, "disableApiTermination") or {}
    return bool(protection.get("Value"))


def profile_of(row: Row) -> str:
    """The name of the machine's instance profile; empty for none."""
    return str((row.get("IamInstanceProfile") or {}).get("Arn", "")).rpartition("/")[2]


def give_profile(ec2: EC2Client, id_: str, name: str) -> None:
    """Put the instance profile on the machine, in place of another one."""
    of_machine: list[Any] = [{"Name": "instance-id", "Values": [id_]}]
    found = ec2.describe_iam_instance_profile_associations(Filters=of_machine)
    there = [one for one in found["IamInstanceProfileAssociations"] if one["State"] == "associated"]
    if there:
        ec2.replace_iam_instance_profile_association(
            AssociationId=there[0]["AssociationId"], IamInstanceProfile={"Name": name}
        )
    else:
        ec2.associate_iam_instance_profile(InstanceId=id_, IamInstanceProfile={"Name": name})


def _attribute(ec2: EC2Client, id_: str, name: Any) -> Mapping[str, Any] | None:
    """An attribute that descriptions leave out; None where it cannot be asked for."""
    try:
        answer: Mapping[str, Any] = ec2.describe_instance_attribute(InstanceId=id_, Attribute=name)
    except ClientError as error:
        if is_unknown_call(error):
            return None  # an emulator's gap
        raise
    found: Mapping[str, Any] | None = answer.get(f"{name[0].upper()}{name[1:]}")
    return found


def _text(user_data: Mapping[str, Any]) -> str:
    value = str(user_data.get("Value") or "")
    try:
        return base64.b64decode(value).decode(errors="replace")
    except binascii.Error:
        return value
