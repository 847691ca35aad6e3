"""What a machine is asked for with: by the program, or by what settings tell of it before."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from providers.aws.plan import Plan
from providers.aws.resource import OwnedInputs
from providers.contract import Inputs

USER_DATA_BYTES = 16384  # EC2's limit, before base64


class Metadata(Inputs):
    """The instance metadata service: only with a session token, only from the machine itself."""

    http_tokens: Literal["required"] = "required"
    http_endpoint: Literal["enabled"] = "enabled"
    hop_limit: int = Field(default=1, ge=1, le=2)


class RootVolume(Inputs):
    """size in GiB."""

    encrypted: Literal[True] = True
    type: Literal["gp3"] = "gp3"
    size: int = Field(default=8, ge=8, le=16384)


class InstanceInputs(OwnedInputs):
    """imageId: left out, AWS's current Amazon Linux 2023, which then stays. userData: up to 16 KiB.

    imageRequest: any word not used before asks for AWS's current image.
    """

    name: str = Field(min_length=1, max_length=255)
    network_interface_id: str = Field(pattern=r"^eni-")
    instance_profile_name: str
    instance_type: str = Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")
    architecture: Literal["arm64", "x86_64"]
    user_data: str
    image_id: str | None = Field(default=None, pattern=r"^ami-[0-9a-f]+$")
    image_request: str | None = Field(default=None, pattern=r"^[\w.:-]{1,64}$")
    metadata: Metadata = Metadata()
    root_volume: RootVolume = RootVolume()

    @field_validator("user_data")
    @classmethod
    def _short_enough(cls, text: str) -> str:
        size = len(text.encode())
        if size > USER_DATA_BYTES:
            raise ValueError(
                f"has {size} bytes, EC2 takes {USER_DATA_BYTES}: shorten or compress what it installs"
            )
        return text


def of_plan(plan: Plan, interface_id: str) -> InstanceInputs:
    """A machine of the plan on an interface, as far as the settings that a plan takes tell."""
    return InstanceInputs(
        owner=plan.owner("host"),
        tags=plan.tags,
        name=plan.names.name("host", plan.host, limit=255),
        network_interface_id=interface_id,
        instance_profile_name=plan.names.host_profile(plan.host),
        instance_type=plan.instance_type,
        architecture=plan.architecture,
        user_data="",
        image_id=plan.image_id,
        image_request=plan.refresh_image,
    )
