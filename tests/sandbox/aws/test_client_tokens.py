from __future__ import annotations

from tests.sandbox.aws.world import World, refused


class TestAClientTokenMakesACreateHappenOnce:
    """A create whose answer was lost is sent again; without tokens that is a second host, or a second disk.

    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """

    def test_the_same_launch_again_brings_up_the_same_instance(self, aws: World) -> None:
        interface = aws.network()["interface"]
        first = aws.launch(interface, ClientToken="one")
        assert aws.launch(interface, ClientToken="one") == first
        assert len(aws.ec2.describe_instances()["Reservations"]) == 1

    def test_a_repeated_launch_shows_the_state_the_instance_is_in(self, aws: World) -> None:
        interface = aws.network()["interface"]
        assert aws.run(interface, ClientToken="one")["Instances"][0]["State"]["Name"] == "pending"
        assert aws.run(interface, ClientToken="one")["Instances"][0]["State"]["Name"] == "running"

    def test_other_parameters_under_the_same_token_are_refused(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.launch(interface, ClientToken="one")
        with refused("IdempotentParameterMismatch"):
            aws.launch(interface, ClientToken="one", InstanceType="t4g.small")

    def test_the_token_of_a_terminated_instance_is_refused_for_a_day_even_when_it_is_seen_no_more(
        self, aws: World
    ) -> None:
        interface = aws.network()["interface"]
        first = aws.launch(interface, ClientToken="one")
        aws.ec2.terminate_instances(InstanceIds=[first])
        with refused("IdempotentInstanceTerminated"):
            aws.launch(interface, ClientToken="one")
        aws.forward(2 * 3600)
        assert aws.ec2.describe_instances()["Reservations"] == []
        with refused("IdempotentInstanceTerminated"):
            aws.launch(interface, ClientToken="one")
        aws.forward(24 * 3600)
        assert aws.launch(interface, ClientToken="one") != first

    def test_a_launch_that_failed_does_not_burn_its_token(self, aws: World) -> None:
        network = aws.network()
        first = aws.launch(network["interface"])
        with refused("InvalidNetworkInterface.InUse"):
            aws.launch(network["interface"], ClientToken="two")
        aws.ec2.terminate_instances(InstanceIds=[first])
        assert aws.state(first) == "terminated"
        assert aws.launch(network["interface"], ClientToken="two")

    def test_a_lost_launch_is_found_by_its_token(self, aws: World) -> None:
        instance = aws.launch(aws.network()["interface"], ClientToken="one")
        wanted = [{"Name": "client-token", "Values": ["one"]}]
        (reservation,) = aws.ec2.describe_instances(Filters=wanted)["Reservations"]
        assert [found["InstanceId"] for found in reservation["Instances"]] == [instance]
        other = [{"Name": "client-token", "Values": ["two"]}]
        assert aws.ec2.describe_instances(Filters=other)["Reservations"] == []

    def test_interfaces_route_tables_and_volumes_are_made_once(self, aws: World) -> None:
        network = aws.network()
        interfaces = {aws.interface(network["subnet"], ClientToken="i") for _ in range(2)}
        tables = {
            aws.ec2.create_route_table(VpcId=network["vpc"], ClientToken="t")["RouteTable"]["RouteTableId"]
            for _ in range(2)
        }
        volumes = {
            aws.ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, ClientToken="v")["VolumeId"]
            for _ in range(2)
        }
        assert (len(interfaces), len(tables), len(volumes)) == (1, 1, 1)
        with refused("IdempotentParameterMismatch"):
            aws.ec2.create_volume(AvailabilityZone="us-east-1a", Size=9, ClientToken="v")

    def test_the_token_of_a_deleted_interface_brings_nothing_back(self, aws: World) -> None:
        subnet = aws.network()["subnet"]
        aws.ec2.delete_network_interface(NetworkInterfaceId=aws.interface(subnet, ClientToken="i"))
        with refused("InvalidNetworkInterfaceID.NotFound"):
            aws.interface(subnet, ClientToken="i")
