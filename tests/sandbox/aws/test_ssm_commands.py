from __future__ import annotations

import pytest

from tests.sandbox.aws.world import World, refused, user_data


def reachable(aws: World, instance: str) -> bool:
    wanted = [{"Key": "InstanceIds", "Values": [instance]}]
    return bool(aws.ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"])


class TestHostsRegisterAMomentAfterLaunch:
    """A command sent at once works on moto and is refused by AWS.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html (InvalidInstanceId),
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
    """

    def test_before_that_a_command_is_refused(self, still: World) -> None:
        profile = still.profile()
        still.forward(1000)
        instance = still.launch(still.network()["interface"], IamInstanceProfile={"Name": profile})
        still.forward(500)
        assert still.state(instance) == "running"
        assert not reachable(still, instance)
        with refused("InvalidInstanceId"):
            still.send(instance)
        still.forward(600)
        assert reachable(still, instance)
        assert still.send(instance)

    @pytest.mark.parametrize("rights", ["no profile", "no right"])
    def test_without_a_role_that_allows_it_a_host_never_registers(self, aws: World, rights: str) -> None:
        more = {}
        if rights == "no right":
            name = aws.profile()
            aws.iam.delete_role_policy(RoleName=name, PolicyName="rights")
            more = {"IamInstanceProfile": {"Name": name}}
        instance = aws.launch(aws.network()["interface"], **more)
        assert aws.state(instance) == "running"
        aws.forward(600)
        assert not reachable(aws, instance)

    def test_the_managed_policy_for_hosts_is_enough(self, aws: World) -> None:
        name = aws.profile()
        aws.iam.delete_role_policy(RoleName=name, PolicyName="rights")
        arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
        aws.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        instance = aws.launch(aws.network()["interface"], IamInstanceProfile={"Name": name})
        assert aws.state(instance) == "running"
        assert reachable(aws, instance)

    def test_stopped_and_terminated_hosts_are_not_listed(self, aws: World) -> None:
        instance, _ = aws.host()
        assert reachable(aws, instance)
        aws.ec2.stop_instances(InstanceIds=[instance])
        assert not reachable(aws, instance)
        aws.ec2.start_instances(InstanceIds=[instance])
        aws.state(instance)
        assert reachable(aws, instance)
        aws.ec2.terminate_instances(InstanceIds=[instance])
        assert not reachable(aws, instance)
        with refused("InvalidInstanceId"):
            aws.send(instance)


class TestACommandTakesItsCourse:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html and
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
    """

    def test_unknown_then_pending_then_success(self, still: World) -> None:
        profile = still.profile()
        still.forward(1000)
        network = still.network()
        still.address(network["interface"])
        instance = still.launch(
            network["interface"], UserData=user_data("print('it ran')"), IamInstanceProfile={"Name": profile}
        )
        still.forward(2000)
        still.state(instance)
        still.forward(2000)
        command = still.send(instance)
        with refused("InvocationDoesNotExist"):
            still.invocation(command, instance)
        still.forward(60)
        seen = still.invocation(command, instance)
        assert (seen["Status"], seen["ResponseCode"], seen["StandardOutputContent"]) == ("Pending", -1, "")
        still.forward(60)
        done = still.ended(command, instance)
        assert (done["Status"], done["ResponseCode"]) == ("Success", 0)
        assert done["StandardOutputContent"] == "it ran\n"

    def test_a_program_that_fails_is_a_failed_command(self, aws: World) -> None:
        instance, _ = aws.host("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
        done = aws.output(instance)
        assert (done["Status"], done["ResponseCode"]) == ("Failed", 3)
        assert (done["StandardOutputContent"], done["StandardErrorContent"]) == ("out\n", "err\n")

    def test_output_is_cut_in_silence(self, aws: World) -> None:
        instance, _ = aws.host("import sys; print('x' * 30000); print('y' * 30000, file=sys.stderr)")
        done = aws.output(instance)
        assert len(done["StandardOutputContent"]) == 24_000
        assert len(done["StandardErrorContent"]) == 8_000
        assert done["Status"] == "Success"

    def test_a_program_that_overruns_is_ended(self, aws: World) -> None:
        instance, _ = aws.host("import time; time.sleep(600)")
        command = aws.send(instance, Parameters={"executionTimeout": ["1"]})
        done = aws.ended(command, instance)
        assert (done["Status"], done["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")

    def test_a_command_can_be_cancelled(self, aws: World) -> None:
        instance, _ = aws.host("import time; time.sleep(600)")
        command = aws.send(instance)
        aws.ssm.cancel_command(CommandId=command)
        assert aws.ended(command, instance)["Status"] == "Cancelled"

    def test_a_stopped_host_keeps_it_pending_until_the_delivery_time_is_over(self, aws: World) -> None:
        instance, _ = aws.host()
        aws.ec2.stop_instances(InstanceIds=[instance])
        aws.state(instance)
        command = aws.send(instance, TimeoutSeconds=60)
        assert aws.invocation(command, instance)["Status"] == "Pending"
        aws.forward(61)
        done = aws.invocation(command, instance)
        assert (done["Status"], done["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")

    def test_commands_are_found_by_instance_and_show_their_comment(self, aws: World) -> None:
        instance, _ = aws.host()
        command = aws.send(instance, Comment="run 7")
        aws.ended(command, instance)
        (listed,) = aws.ssm.list_commands(InstanceId=instance)["Commands"]
        assert (listed["CommandId"], listed["Comment"], listed["Status"]) == (command, "run 7", "Success")
        (row,) = aws.ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
        assert row["CommandPlugins"][0]["Output"] == "it ran\n"

    def test_what_was_never_sent_does_not_exist(self, aws: World) -> None:
        instance, _ = aws.host()
        with refused("InvocationDoesNotExist"):
            aws.invocation("00000000-0000-0000-0000-000000000000", instance)

    def test_documents_and_parameters_that_aws_does_not_take(self, aws: World) -> None:
        instance, _ = aws.host()
        with refused("InvalidDocument"):
            aws.ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunPowerShellScript")
        with refused("InvalidParameters"):
            aws.ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript")
        with refused("InvalidParameters"):
            aws.send(instance, "echo {{x}}")


class TestOnlyWhatCanBeBoundIsRun:
    """A command that runs unbound would reach the exchange from an address nobody whitelisted, or from one
    that makes a refusal look like an acceptance."""

    @pytest.mark.parametrize(
        "line",
        [
            "echo hello",
            "/usr/bin/python3 -I /opt/cexio-bot/probe.py; curl http://127.0.0.1",
            "/usr/bin/python3 -I /opt/cexio-bot/probe.py\nid",
            "/usr/bin/python3 -I /opt/cexio-bot/../../bin/probe.py",
            "/usr/bin/python3 -c pass",
            "/usr/bin/python3 -I /opt/cexio-bot/probe.py $(id)",
        ],
    )
    def test_any_other_line_is_refused_in_so_many_words(self, aws: World, line: str) -> None:
        instance, _ = aws.host()
        done = aws.output(instance, line)
        assert (done["Status"], done["ResponseCode"]) == ("Failed", 126)
        assert "not run unbound" in done["StandardErrorContent"]

    def test_a_file_that_the_user_data_did_not_write_is_named(self, aws: World) -> None:
        instance, _ = aws.host()
        done = aws.output(instance, "/usr/bin/python3 -I /opt/cexio-bot/other.py")
        assert "/opt/cexio-bot/other.py" in done["StandardErrorContent"]
        assert done["Status"] == "Failed"

    def test_a_host_without_an_elastic_ip_runs_nothing(self, aws: World) -> None:
        instance, _ = aws.host()
        association = aws.ec2.describe_addresses()["Addresses"][0]["AssociationId"]
        aws.ec2.disassociate_address(AssociationId=association)
        done = aws.output(instance)
        assert done["Status"] == "Failed"
        assert "no Elastic IP" in done["StandardErrorContent"]
