from __future__ import annotations

from tests.sandbox.aws.world import World, refused


class TestInstancesTakeTheirTime:
    """Code that never waits works on moto and races on AWS.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
    """

    def test_pending_running_stopping_stopped_pending_running(self, still: World) -> None:
        instance = still.launch(still.network()["interface"])
        seen = [still.state(instance)]
        still.forward(1000)
        seen.append(still.state(instance))
        still.ec2.stop_instances(InstanceIds=[instance])
        seen.append(still.state(instance))
        still.forward(1000)
        seen.append(still.state(instance))
        still.ec2.start_instances(InstanceIds=[instance])
        seen.append(still.state(instance))
        still.forward(1000)
        seen.append(still.state(instance))
        assert seen == ["pending", "running", "stopping", "stopped", "pending", "running"]

    def test_the_dead_stay_dead(self, aws: World) -> None:
        instance = aws.launch(aws.network()["interface"])
        aws.ec2.terminate_instances(InstanceIds=[instance])
        assert aws.state(instance) == "terminated"
        with refused("IncorrectInstanceState"):
            aws.ec2.start_instances(InstanceIds=[instance])
        with refused("IncorrectInstanceState"):
            aws.ec2.stop_instances(InstanceIds=[instance])
        again = aws.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]
        assert again["CurrentState"]["Name"] == "terminated"

    def test_a_terminated_instance_has_no_interface_and_disappears_within_two_hours(self, aws: World) -> None:
        instance = aws.launch(aws.network()["interface"])
        aws.ec2.terminate_instances(InstanceIds=[instance])
        assert aws.described(instance)["NetworkInterfaces"] == []
        assert "PublicIpAddress" not in aws.described(instance)
        aws.forward(7200)
        with refused("InvalidInstanceID.NotFound"):
            aws.described(instance)


class TestTerminationProtection:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html"""

    def test_a_protected_instance_is_not_terminated(self, aws: World) -> None:
        instance = aws.launch(aws.network()["interface"], DisableApiTermination=True)
        with refused("OperationNotPermitted"):
            aws.ec2.terminate_instances(InstanceIds=[instance])
        assert aws.state(instance) == "running"
        aws.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
        aws.ec2.terminate_instances(InstanceIds=[instance])
        assert aws.state(instance) == "terminated"
