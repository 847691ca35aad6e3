"""sandbox/aws/corrections/instance_attributes.py.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.aws.world import World, refused


class TestWhileStopped:
    """A host changed its type while its bot ran, which no machine can."""

    @pytest.mark.parametrize(
        "change", [{"InstanceType": {"Value": "t4g.large"}}, {"UserData": {"Value": b"#!/bin/sh\n"}}], ids=str
    )
    def test_type_and_user_data_change_only_then(self, aws: World, change: dict[str, Any]) -> None:
        instance = aws.launch(aws.network()["interface"])
        assert aws.state(instance) == "running"
        with refused("IncorrectInstanceState"):
            aws.ec2.modify_instance_attribute(InstanceId=instance, **change)

    def test_user_data_is_what_was_given(self, aws: World) -> None:
        instance = aws.launch(aws.network()["interface"])
        aws.ec2.stop_instances(InstanceIds=[instance])
        assert aws.state(instance) == "stopped"
        aws.ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"#cloud-config\n"})
        found = aws.ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")
        assert base64.b64decode(found["UserData"]["Value"]) == b"#cloud-config\n"


class TestWhileRunning:
    """A drift that did not show could not be found, and its finding not be tried."""

    def test_an_interface_goes_with_its_instance_if_that_is_wished(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.launch(interface)
        ids = {"NetworkInterfaceIds": [interface]}
        [row] = aws.ec2.describe_network_interfaces(**ids)["NetworkInterfaces"]
        wish = {"AttachmentId": row["Attachment"]["AttachmentId"], "DeleteOnTermination": True}
        aws.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Attachment=wish)
        [row] = aws.ec2.describe_network_interfaces(**ids)["NetworkInterfaces"]
        assert row["Attachment"]["DeleteOnTermination"] is True
        with refused("InvalidAttachmentID.NotFound"):
            aws.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=interface, Attachment={**wish, "AttachmentId": "eni-attach-0"}
            )
