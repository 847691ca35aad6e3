"""RunInstances refuses what AWS refuses, keeps what it was told, and fills in AWS's own defaults.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html
"""

from __future__ import annotations

import base64
from typing import Any

from moto.core.responses import ActionResult

from sandbox.aws.corrections.call import Ec2Call

USER_DATA_BYTES = 16_384
# With a ready-made interface the network is settled; these may not be said again.
SETTLED_BY_INTERFACE = (
    "SubnetId",
    "SecurityGroupIds",
    "SecurityGroups",
    "PrivateIpAddress",
    "Ipv6AddressCount",
)
UNLIMITED_FAMILIES = ("t3.", "t3a.", "t4g.")
BURSTABLE_FAMILIES = ("t2.", *UNLIMITED_FAMILIES)


class LaunchParameters(Ec2Call):
    def run_instances(self) -> Any:
        self._check_user_data()
        self._check_image_and_type()
        self._check_interfaces()
        result = super().run_instances()
        for instance in result.result.instances:
            instance.disable_api_termination = self._get_param("DisableApiTermination") is True
            if not self._get_param("MetadataOptions"):
                # Amazon Linux 2023 asks for it in the image.
                instance.metadata_options.http_tokens = "required"
                instance.metadata_options.http_put_response_hop_limit = 2
            self.cloud.cpu_credits[instance.id] = self._get_param("CreditSpecification.CpuCredits") or (
                "unlimited" if instance.instance_type.startswith(UNLIMITED_FAMILIES) else "standard"
            )
        return result

    def describe_instance_credit_specifications(self) -> ActionResult:
        ids = self._get_param("InstanceIds", [])
        instances = self.ec2_backend.describe_instance_credit_specifications(ids)
        return ActionResult(
            {
                "InstanceCreditSpecifications": [
                    {"InstanceId": instance.id, "CpuCredits": self.cloud.cpu_credits.get(instance.id)}
                    for instance in instances
                    if instance.instance_type.startswith(BURSTABLE_FAMILIES)
                ]
            }
        )

    def _check_user_data(self) -> None:
        encoded = self._get_param("UserData")
        if encoded and len(base64.b64decode(str(encoded))) > USER_DATA_BYTES:
            self.refuse("InvalidParameterValue", f"User data is limited to {USER_DATA_BYTES} bytes")

    def _check_image_and_type(self) -> None:
        image_id, type_name = self._get_param("ImageId"), self._get_param("InstanceType")
        if not image_id:
            self.refuse("MissingParameter", "The request must contain the parameter ImageId")
        images = [image for image in self.ec2_backend.amis.values() if image.id == image_id]
        if not images:
            self.refuse("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        types = [known for known in self.ec2_backend.describe_instance_types() if known["name"] == type_name]
        if not types:
            self.refuse("InvalidParameterValue", f"Invalid value '{type_name}' for InstanceType.")
        fitting = types[0]["ProcessorInfo"]["SupportedArchitectures"]
        if images[0].architecture not in fitting:
            self.refuse(
                "InvalidParameterValue",
                f"The architecture '{','.join(fitting)}' of the specified instance type does not match the "
                f"architecture '{images[0].architecture}' of the specified AMI. Specify an instance type and "
                "an AMI that have matching architectures, and try again.",
            )

    def _check_interfaces(self) -> None:
        interfaces = self._get_param("NetworkInterfaces", [])
        settled = [name for name in SETTLED_BY_INTERFACE if self._get_param(name)]
        if interfaces and settled:
            self.refuse(
                "InvalidParameterCombination",
                f"Network interfaces and an instance-level {settled[0]} may not be specified "
                "on the same request",
            )
        for entry in interfaces:
            if entry.get("NetworkInterfaceId") and entry.get("DeleteOnTermination"):
                self.refuse(
                    "InvalidParameterCombination",
                    "A network interface cannot have both a NetworkInterfaceId and DeleteOnTermination.",
                )
        ready_made = any(entry.get("NetworkInterfaceId") for entry in interfaces)
        if ready_made and int(self._get_param("MaxCount") or 1) > 1:
            self.refuse(
                "InvalidParameterCombination", "One network interface cannot serve more than one instance."
            )
