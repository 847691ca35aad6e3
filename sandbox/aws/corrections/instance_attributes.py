"""What of an instance can be changed, when, and that it shows.

moto changes the type of a running instance, takes user data for what it decodes to once more, and leaves an
instance with its old profile when another was put in its place.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
"""

from __future__ import annotations

import base64
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.types import Base64EncodedString

from sandbox.aws.corrections.call import Ec2Call

STOPPED_FOR = ("InstanceType", "UserData")


class InstanceAttributes(Ec2Call):
    """Type and user data change while the instance is stopped, and the profile at any time."""

    def modify_instance_attribute(self) -> ActionResult:
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        for name in STOPPED_FOR:
            if self._get_param(f"{name}.Value") is not None and instance.state != "stopped":
                self.refuse(
                    "IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state."
                )
        user_data = self._get_param("UserData.Value")
        if isinstance(user_data, bytes):
            instance.user_data = Base64EncodedString(base64.b64encode(user_data).decode())
            return EmptyResult()
        return super().modify_instance_attribute()

    def replace_iam_instance_profile_association(self) -> Any:
        answer = super().replace_iam_instance_profile_association()
        for one in self.ec2_backend.iam_instance_profile_associations.values():
            if one.association_id == self._get_param("AssociationId"):
                one.instance.iam_instance_profile = {
                    "Arn": one.iam_instance_profile.arn,
                    "Id": one.association_id,
                }
        return answer
