"""One network interface serves one instance, and is free only when that instance has ended.

moto launches a second instance with an interface in use, deletes it under a running instance, and lets the
primary interface be detached: two bots on one address, and nobody would see it here first. It takes the wish
that an interface go with its instance, and forgets it.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.corrections.call import Ec2Call


class InterfaceAttachment(Ec2Call):
    """An interface counts as in use until termination is over; the lifecycle frees it then."""

    def run_instances(self) -> Any:
        for entry in self._get_param("NetworkInterfaces", []):
            if entry.get("NetworkInterfaceId"):
                self._refuse_in_use(entry["NetworkInterfaceId"])
        return super().run_instances()

    def attach_network_interface(self) -> Any:
        self._refuse_in_use(self._get_param("NetworkInterfaceId"))
        return super().attach_network_interface()

    def detach_network_interface(self) -> Any:
        attachment = self._get_param("AttachmentId")
        for interface in self.ec2_backend.enis.values():
            if interface.attachment_id == attachment and interface.device_index == 0:
                self.refuse(
                    "OperationNotPermitted", "The network interface at device index 0 cannot be detached."
                )
        return super().detach_network_interface()

    def modify_network_interface_attribute(self) -> Any:
        answer = super().modify_network_interface_attribute()
        wish = self._get_param("Attachment", {})
        if wish:
            interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
            if wish.get("AttachmentId") != interface.attachment_id:
                self.refuse(
                    "InvalidAttachmentID.NotFound",
                    f"The attachment ID '{wish.get('AttachmentId')}' does not exist",
                )
            interface.delete_on_termination = wish.get("DeleteOnTermination") in (True, "true")
        return answer

    def delete_network_interface(self) -> Any:
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if interface.instance is not None:
            self.refuse("InvalidParameterValue", f"Network interface '{interface.id}' is currently in use.")
        return super().delete_network_interface()

    def _refuse_in_use(self, interface_id: str) -> None:
        if self.ec2_backend.get_network_interface(interface_id).instance is not None:
            self.refuse("InvalidNetworkInterface.InUse", f"Interface: [{interface_id}] in use.")
