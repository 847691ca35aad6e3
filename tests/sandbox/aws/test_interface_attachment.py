from __future__ import annotations

from tests.sandbox.aws.world import World, refused


class TestOneInterfaceServesOneInstance:
    """Two hosts on one interface would be two bots on one key, and moto would launch the second gladly.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    (InvalidNetworkInterface.InUse), https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
    """

    def test_a_second_launch_with_the_interface_is_refused(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.launch(interface)
        with refused("InvalidNetworkInterface.InUse"):
            aws.launch(interface)

    def test_it_stays_taken_until_the_instance_is_terminated(self, still: World) -> None:
        interface = still.network()["interface"]
        instance = still.launch(interface)
        still.forward(1000)
        still.ec2.terminate_instances(InstanceIds=[instance])
        assert still.state(instance) == "shutting-down"
        with refused("InvalidNetworkInterface.InUse"):
            still.launch(interface)
        with refused("InvalidParameterValue"):
            still.ec2.delete_network_interface(NetworkInterfaceId=interface)
        still.forward(1000)
        assert still.state(instance) == "terminated"
        assert still.launch(interface) != instance

    def test_the_freed_interface_is_available_and_keeps_its_address(self, aws: World) -> None:
        interface = aws.network()["interface"]
        address = aws.address(interface)["PublicIp"]
        instance = aws.launch(interface)
        aws.ec2.terminate_instances(InstanceIds=[instance])
        (seen,) = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
        assert seen["Status"] == "available"
        assert "Attachment" not in seen
        assert seen["Association"]["PublicIp"] == address

    def test_an_interface_in_use_is_not_deleted(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.launch(interface)
        with refused("InvalidParameterValue") as messages:
            aws.ec2.delete_network_interface(NetworkInterfaceId=interface)
        assert "currently in use" in messages[0]

    def test_the_primary_interface_cannot_be_detached(self, aws: World) -> None:
        network = aws.network()
        instance = aws.launch(network["interface"])
        second = aws.interface(network["subnet"])
        attached = aws.ec2.attach_network_interface(
            NetworkInterfaceId=second, InstanceId=instance, DeviceIndex=1
        )
        (primary,) = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[network["interface"]])[
            "NetworkInterfaces"
        ]
        with refused("OperationNotPermitted"):
            aws.ec2.detach_network_interface(AttachmentId=primary["Attachment"]["AttachmentId"])
        aws.ec2.detach_network_interface(AttachmentId=attached["AttachmentId"])
