"""One launch of a host: its request, its client token, and what EC2 says while the world is not ready.

The request names a ready-made interface and nothing else of the network, as EC2 wants it. A profile or
interface that EC2 does not know yet, and an interface or room in a quota that the last machine still takes,
are waited out. A token that EC2 remembers from a machine that was ended raises the generation once. The token
goes by what the user data says and not by how it was packed; if EC2 knows it with other bytes, the machine is
looked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from providers.aws.failures import code_of, is_gone, text_of, was_throttled
from providers.aws.image import Image
from providers.aws.tokens import client_token
from providers.aws.user_data import unpacked
from providers.aws.waiting import LOST, PROFILE, made_once

LAUNCH = "cexio-bot:launch"  # the tag that tells a launch from every other
BURSTABLE = ("t2", "t3", "t3a", "t4g")
OTHER_BYTES = "IdempotentParameterMismatch"
SPENT = ("IdempotentInstanceTerminated", OTHER_BYTES)
FULL = ("VcpuLimitExceeded", "InstanceLimitExceeded")
UNKNOWN_PROFILE = ("Invalid IAM Instance Profile", "has no associated IAM Roles")


def launch_request(wanted: Any, image: Image) -> dict[str, Any]:
    """RunInstances' parameters for an instance's inputs, without token and tags."""
    volume, metadata = wanted.root_volume, wanted.metadata
    request: dict[str, Any] = {
        "ImageId": image.id,
        "InstanceType": wanted.instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "IamInstanceProfile": {"Name": wanted.instance_profile_name},
        "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": wanted.network_interface_id}],
        "UserData": wanted.user_data,
        "MetadataOptions": {
            "HttpTokens": metadata.http_tokens,
            "HttpEndpoint": metadata.http_endpoint,
            "HttpPutResponseHopLimit": metadata.hop_limit,
            "InstanceMetadataTags": "disabled",
        },
        "BlockDeviceMappings": [
            {
                "DeviceName": image.root,
                "Ebs": {
                    "Encrypted": volume.encrypted,
                    "VolumeType": volume.type,
                    "VolumeSize": volume.size,
                    "DeleteOnTermination": True,
                },
            }
        ],
        "InstanceInitiatedShutdownBehavior": "stop",
    }
    if wanted.instance_type.split(".")[0] in BURSTABLE:
        request["CreditSpecification"] = {"CpuCredits": "standard"}  # EC2's default may cost more
    return request


def launched(
    ec2: Any,
    owner: str,
    request: dict[str, Any],
    tags: Callable[[int], list[Any]],
    generation: int,
    raised: Callable[[], int],
    find: Callable[[int], str | None],
    *,
    follows: bool = False,
) -> str:
    """Send the launch once for a generation; the instance's id.

    ec2 sends a call once. tags gives the launch's TagSpecifications and find its instance, both by
    generation; raised counts one more. follows: a machine has just ended for this one, and a quota may count
    it for a while yet.
    """

    def passes(error: ClientError) -> bool:
        return _passes(error) or (follows and code_of(error) in FULL)

    def send(count: int) -> str:
        token = client_token(owner, {**request, "UserData": unpacked(request["UserData"])}, count)
        answer = ec2.run_instances(**request, ClientToken=token, TagSpecifications=tags(count))
        return str(answer["Instances"][0]["InstanceId"])

    try:
        return made_once(lambda: send(generation), lambda: find(generation), within=PROFILE, passing=passes)
    except ClientError as error:
        if code_of(error) not in SPENT:
            raise
        found = _found_late(lambda: find(generation)) if code_of(error) == OTHER_BYTES else None
        if found is not None:
            return found
    count = raised()
    return made_once(lambda: send(count), lambda: find(count), within=PROFILE, passing=passes)


def _found_late(find: Callable[[], str | None]) -> str | None:
    """A machine that EC2 knows by its token and does not show yet: the same user data, packed otherwise."""
    for pause in LOST:
        time.sleep(pause)
        found = find()
        if found is not None:
            return found
    return None


def _passes(error: ClientError) -> bool:
    """What changes by itself: a new profile, a new interface, an interface not free yet, too many calls."""
    code, text = code_of(error), text_of(error)
    if code == "InvalidParameterValue":
        return any(part in text for part in UNKNOWN_PROFILE) or "currently in use" in text
    fresh = is_gone(error) and not code.startswith("InvalidAMIID")
    return fresh or was_throttled(error) or code in ("NoSuchEntity", "InvalidNetworkInterface.InUse")
