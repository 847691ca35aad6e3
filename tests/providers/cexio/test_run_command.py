"""run_command.py against the sandbox's Systems Manager and a host that really runs the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from providers.aws.run_command import HostNotReady, Patience, RunCommand
from tests.providers.cexio.conftest import Sandbox

PROBE = "/usr/bin/python3 -I /opt/cexio-bot/probe.py e30="
ABSENT = "/usr/bin/python3 -I /opt/cexio-bot/absent.py"
SHORT = Patience(agent=0.3, lost_answer=0.3)


class Client:
    """A real client some of whose calls are replaced, and which counts the others."""

    def __init__(self, client: Any, **replaced: Callable[..., Any]) -> None:
        self.client, self.replaced, self.calls = client, replaced, list[str]()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.calls.append(name)
            return self.replaced.get(name, getattr(self.client, name))(**parameters)

        return call


def runner(sandbox: Sandbox, ssm: Any = None, instance: str | None = None) -> RunCommand:
    client = ssm or sandbox.aws.client("ssm")
    return RunCommand(client, client, sandbox.aws.client("ec2"), instance or sandbox.instance, SHORT)


class TestOutput:
    """A command that runs twice, or whose output is of another run, proves nothing."""

    def test_it_runs_on_the_host_and_its_output_comes_back(self, sandbox: Sandbox) -> None:
        assert runner(sandbox).output(PROBE).startswith('{"v":1')

    def test_an_invocation_that_does_not_show_yet_is_waited_for(self, sandbox: Sandbox) -> None:
        real = sandbox.aws.client("ssm")
        times = iter(range(9))

        def late(**parameters: Any) -> Any:
            if next(times) < 2:
                raise real.exceptions.InvocationDoesNotExist(
                    {"Error": {"Code": "InvocationDoesNotExist"}}, "GetCommandInvocation"
                )
            return real.get_command_invocation(**parameters)

        ssm = Client(real, get_command_invocation=late)
        assert runner(sandbox, ssm).output(PROBE)
        assert ssm.calls.count("send_command") == 1

    def test_a_lost_answer_is_settled_by_the_runs_id_and_not_sent_twice(self, sandbox: Sandbox) -> None:
        real = sandbox.aws.client("ssm")

        def cut(**parameters: Any) -> Any:
            real.send_command(**parameters)
            raise ConnectionClosedError(endpoint_url="cut")

        ssm = Client(real, send_command=cut)
        assert runner(sandbox, ssm).output(PROBE)
        assert ssm.calls.count("send_command") == 1

    def test_a_poll_that_fails_on_the_way_loses_no_command(self, sandbox: Sandbox) -> None:
        real = sandbox.aws.client("ssm")
        failures = iter(
            [
                ConnectionClosedError(endpoint_url="cut"),
                refusal("ThrottlingException", 400),
                refusal("InternalServerError", 500),
            ]
        )

        def shaky(**parameters: Any) -> Any:
            failure = next(failures, None)
            if failure is not None:
                raise failure
            return real.get_command_invocation(**parameters)

        assert runner(sandbox, Client(real, get_command_invocation=shaky)).output(PROBE)


def refusal(code: str, status: int) -> ClientError:
    told: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "GetCommandInvocation")


class TestWhatMayHaveRun:
    """A command may have sent an order: what fails after it must say so, and what fails before must not."""

    def fault(self, sandbox: Sandbox, patience: Patience = SHORT, **replaced: Any) -> HostNotReady:
        sent: Any = {"Command": {"CommandId": "c" * 36}}
        ssm = Client(sandbox.aws.client("ssm"), **{"send_command": lambda **_: sent, **replaced})
        with pytest.raises(HostNotReady) as caught:
            RunCommand(ssm, ssm, sandbox.aws.client("ec2"), sandbox.instance, patience).output(PROBE)
        return caught.value

    def test_a_refused_poll_is_a_host_not_ready_with_its_line(self, sandbox: Sandbox) -> None:
        def refuse(**_: Any) -> Any:
            raise refusal("ExpiredTokenException", 400)

        found = self.fault(sandbox, get_command_invocation=refuse)
        assert (found.stage, found.may_have_run) == ("command", True)
        assert "ExpiredToken" in str(found)

    def test_a_deadline_that_passed_while_no_poll_was_answered(self, sandbox: Sandbox) -> None:
        def cut(**_: Any) -> Any:
            raise ConnectionClosedError(endpoint_url="cut")

        hurried = Patience(agent=0.3, delivery=30, execution=-30)
        assert self.fault(sandbox, hurried, get_command_invocation=cut).may_have_run

    def test_a_send_whose_answer_and_trace_are_lost(self, sandbox: Sandbox) -> None:
        def cut(**_: Any) -> Any:
            raise ConnectionClosedError(endpoint_url="cut")

        assert self.fault(sandbox, send_command=cut).may_have_run
        assert self.fault(sandbox, send_command=cut, list_commands=cut).may_have_run

    @pytest.mark.parametrize(
        ("details", "code", "ran"),
        [
            ("Execution Timed Out", -1, True),
            ("Failed", 137, True),
            ("Cancelled", -1, True),
            ("Delivery Timed Out", -1, False),
            ("DeliveryTimedOut", -1, False),
            ("Undeliverable", -1, False),
            ("Failed", 127, False),
        ],
    )
    def test_how_the_command_ended_tells(self, sandbox: Sandbox, details: str, code: int, ran: bool) -> None:
        over = {"Status": "Failed", "StatusDetails": details, "ResponseCode": code}
        quick = Patience(agent=-1)
        assert self.fault(sandbox, quick, get_command_invocation=lambda **_: over).may_have_run == ran

    def test_an_agent_that_never_came_online_ran_nothing(self, sandbox: Sandbox) -> None:
        none = {"InstanceInformationList": list[Any]()}
        assert not self.fault(sandbox, describe_instance_information=lambda **_: none).may_have_run


class TestNotReady:
    """A host that could not be asked says nothing about the key, so it must never look like an answer."""

    def stage(self, host: RunCommand, line: str = PROBE) -> str:
        with pytest.raises(HostNotReady) as caught:
            host.output(line)
        assert "\n" not in str(caught.value)
        return caught.value.stage

    def test_an_instance_that_is_not_there(self, sandbox: Sandbox) -> None:
        assert self.stage(runner(sandbox, instance="i-00000000000000000")) == "instance"

    def test_an_agent_that_never_comes_online(self, sandbox: Sandbox) -> None:
        none = {"InstanceInformationList": list[Any]()}
        ssm = Client(sandbox.aws.client("ssm"), describe_instance_information=lambda **_: none)
        assert self.stage(runner(sandbox, ssm)) == "agent"

    def test_a_send_whose_answer_is_lost_and_that_left_no_trace(self, sandbox: Sandbox) -> None:
        def cut(**_: Any) -> Any:
            raise ConnectionClosedError(endpoint_url="cut")

        assert self.stage(runner(sandbox, Client(sandbox.aws.client("ssm"), send_command=cut))) == "command"

    def test_a_command_that_outlives_its_deadline_is_cancelled(self, sandbox: Sandbox) -> None:
        ssm = Client(sandbox.aws.client("ssm"), get_command_invocation=lambda **_: {"Status": "InProgress"})
        hurried = Patience(agent=0.3, delivery=30, execution=-30)
        host = RunCommand(ssm, ssm, sandbox.aws.client("ec2"), sandbox.instance, hurried)
        ssm.replaced["send_command"] = lambda **_: {"Command": {"CommandId": "c" * 36}}
        assert self.stage(host) == "command"
        assert "cancel_command" in ssm.calls

    def test_a_program_that_is_not_installed_yet_is_tried_again_and_then_told(self, sandbox: Sandbox) -> None:
        ssm = Client(sandbox.aws.client("ssm"))
        host = RunCommand(ssm, ssm, sandbox.aws.client("ec2"), sandbox.instance, Patience(agent=2))
        assert self.stage(host, ABSENT) == "program"
        assert ssm.calls.count("send_command") >= 2
