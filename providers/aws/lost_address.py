"""An Elastic IP that was released behind the stack's back: asked of AWS once more, and told as it is.

AWS gives a released address back to the account that had it, while nobody else has got it and the quota
allows: AllocateAddress with `Address`. It comes without its tags and under a new allocation id.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eip-recovering.html

A new address in its place would make every whitelist that names it wrong, so one is taken only on the
operator's word, which names the lost address (docs/adr/0010-a-lost-address-is-asked-for-again.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from providers.aws.addresses import reallocated
from providers.aws.failures import code_of, is_gone
from providers.errors import AddressLost
from providers.notices import notice

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

# Somebody else's by now, or not to be had: AWS's list of error codes has no one code for it.
GIVEN_AWAY = ("AuthFailure", "InvalidAddress.Locked", "InvalidParameterValue")


class Lost(NamedTuple):
    """Which address is lost, as the state has it."""

    owner: str
    public_ip: str
    allocation_id: str

    def __str__(self) -> str:
        return f"the address {self.public_ip} ({self.allocation_id}) of {self.owner}"

    def tell(self) -> None:
        """Say what a refresh found."""
        notice(
            f"{self} is not there any more: it was released outside this stack, and the whitelist still "
            "names it: `pulumi up` asks AWS for this very address, and takes no other in its place"
        )

    def tell_of_the_new_one(self, other: str) -> None:
        """Say that the address was given up."""
        notice(
            f"{self} is given up as lost, and {other} takes its place: edit the key's whitelist by "
            "the new steps and activate the key again"
        )

    def for_good(self) -> AddressLost:
        """AWS does not give it back."""
        return AddressLost(
            f"{self} was released outside this stack, and AWS does not give it back: it is gone for good, "
            "and the key's whitelist names an address that is not ours. To go on with a new one: `pulumi "
            f"config set cexio-bot:lostAddress {self.public_ip}`, `pulumi refresh`, `pulumi up`; then edit "
            "the whitelist by the new steps and activate the key again"
        )

    def brought(self) -> AddressLost:
        """It was the user's own, for which nothing is allocated."""
        return AddressLost(
            f"{self}, which you brought along, is not there any more, and this stack allocates none in its "
            f"place: get it back (`aws ec2 allocate-address --address {self.public_ip}`), `pulumi refresh`, "
            "and set cexio-bot:allocationId to its new id; or, if it is gone for good, `pulumi config set "
            f"cexio-bot:lostAddress {self.public_ip}`, set cexio-bot:allocationId to another one, `pulumi "
            "refresh`, `pulumi up`"
        )


def got_back(once: EC2Client, ec2: EC2Client, lost: Lost) -> str | None:
    """The lost address's new allocation id; None if AWS gives it to us no more. Other refusals are raised."""
    try:
        allocation_id = reallocated(once, ec2, lost.owner, lost.public_ip)
    except ClientError as error:
        if is_gone(error) or code_of(error) in GIVEN_AWAY:
            return None
        raise
    notice(f"{lost} had been released, and AWS gave it back ({allocation_id}): the whitelist stays right")
    return allocation_id
