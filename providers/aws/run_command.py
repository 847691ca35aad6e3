"""One command on a host by Systems Manager Run Command: sent once, waited for within bounds, its output read.

A host that has only just been launched is waited for; after that everything has a deadline, and a command
that outlives it is cancelled. `SendCommand` has no token, so it is sent without automatic repeats, and an
answer that was lost on the way is settled by looking for the run's own id among the host's commands. Once it
was sent, no other error is raised than HostNotReady: what the command did may matter more than why AWS fails.

The command line and its output can be read by everybody who may list commands: nothing secret goes in, and
the text of a failure is cut short. Does not judge the output; its reader checks that it is whole.

Errors: HostNotReady (a ProviderError): the host could not be asked; says nothing about what was to be asked.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from pydantic import BaseModel, ConfigDict

from providers.aws.failures import answer_was_lost, code_of, is_gone, told, was_throttled
from providers.errors import ProviderError

DOCUMENT = "AWS-RunShellScript"
RUNNING = ("Pending", "InProgress", "Delayed", "Cancelling")
NOT_FOUND_YET = (2, 127)  # python for a missing program, sh for a missing python: the boot is not done yet
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
NOT_DELIVERED = ("DeliveryTimedOut", "Undeliverable", "Terminated", "AccessDenied", "InvalidPlatform")
SHOWN = 300  # characters of a failed command's standard error
FAILURES = (ClientError, BotoCoreError, ResponseParserError)


class HostNotReady(ProviderError):
    """The host could not be asked: `stage` is `instance`, `agent`, `command` or `program`.

    may_have_run: the command was sent, and may have done what it does, though no output tells of it.
    """

    def __init__(self, stage: str, text: str, *, may_have_run: bool = False) -> None:
        super().__init__(text)
        self.stage = stage
        self.may_have_run = may_have_run


class Patience(BaseModel):
    """How long to wait, in seconds: for the agent (boot included), for delivery, for the command itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    agent: float = 300.0
    delivery: int = 60  # the least that SendCommand takes is 30
    execution: int = 120
    lost_answer: float = 10.0


class RunCommand:
    """Runs command lines on one host. `ssm` and `ec2` may repeat calls; `ssm_once` must not."""

    def __init__(
        self, ssm: Any, ssm_once: Any, ec2: Any, instance: str, patience: Patience | None = None
    ) -> None:
        self._ssm = ssm
        self._ssm_once = ssm_once
        self._ec2 = ec2
        self._instance = instance
        self._patience = patience or Patience()

    def output(self, line: str) -> str:
        """Standard output of one command line, at most 24,000 characters; HostNotReady where there is none.

        A program that is not installed yet is tried again for as long as the agent may take to come online.
        """
        ready_by = time.monotonic() + self._patience.agent
        pause = _Pause()
        while True:
            self._wait_for_agent(ready_by)
            invocation = self._finished(self._sent(line, ready_by))
            if invocation["Status"] == "Success":
                return str(invocation.get("StandardOutputContent", ""))
            if invocation.get("ResponseCode") not in NOT_FOUND_YET or time.monotonic() > ready_by:
                raise self._failed(invocation)
            pause.take()

    def _wait_for_agent(self, deadline: float) -> None:
        pause = _Pause()
        while True:
            found = self._ssm.describe_instance_information(
                Filters=[{"Key": "InstanceIds", "Values": [self._instance]}]
            )["InstanceInformationList"]
            if any(agent.get("PingStatus") == "Online" for agent in found):
                return
            if time.monotonic() > deadline:
                raise self._agent_missing("lost its connection" if found else "never came online")
            self._see_that_it_runs()
            pause.take()

    def _see_that_it_runs(self) -> None:
        """HostNotReady at once for a machine that no waiting brings back."""
        try:
            reservations = self._ec2.describe_instances(InstanceIds=[self._instance])["Reservations"]
        except ClientError as error:
            if not is_gone(error):
                raise
            reservations = []
        states = [one["State"]["Name"] for found in reservations for one in found["Instances"]] or ["gone"]
        if states[0] not in ("pending", "running"):
            raise HostNotReady(
                "instance",
                f"{self._instance}: the instance is {states[0]}: start it, or let `pulumi refresh` and then "
                "`pulumi up` put another in its place",
            )

    def _sent(self, line: str, deadline: float) -> str:
        """Send the command once; its id. A refusal for want of an agent is tried again until the deadline."""
        run = f"cexio-bot {uuid.uuid4()}"
        pause = _Pause()
        while True:
            try:
                answer = self._ssm_once.send_command(
                    InstanceIds=[self._instance],
                    DocumentName=DOCUMENT,
                    Comment=run,
                    TimeoutSeconds=self._patience.delivery,
                    Parameters={
                        "commands": [line],
                        "executionTimeout": [str(self._patience.execution)],
                    },
                )
                return str(answer["Command"]["CommandId"])
            except FAILURES as error:
                if answer_was_lost(error):
                    return self._sent_after_all(run)
                if code_of(error) != "InvalidInstanceId":
                    raise
                if time.monotonic() > deadline:
                    raise self._agent_missing("takes no commands") from None
            pause.take()

    def _sent_after_all(self, run: str) -> str:
        """The id of the command whose answer was lost, if it did arrive."""
        deadline = time.monotonic() + self._patience.lost_answer
        pause = _Pause()
        while True:
            try:
                found = self._ssm.list_commands(InstanceId=self._instance)["Commands"]
            except FAILURES as error:
                raise self._lost(error) from None
            for command in found:
                if command.get("Comment") == run:
                    return str(command["CommandId"])
            if time.monotonic() > deadline:
                raise HostNotReady(
                    "command",
                    f"{self._instance}: no answer to SendCommand, and no trace of the command: "
                    "run the same command again",
                    may_have_run=True,
                )
            pause.take()

    def _finished(self, command: str) -> dict[str, Any]:
        """The command's invocation once it is over; cancelled and HostNotReady at the deadline. A look that
        gets no answer is made again until then: the command goes on whether or not it is seen."""
        deadline = time.monotonic() + self._patience.delivery + self._patience.execution
        pause = _Pause()
        while True:
            try:
                invocation: dict[str, Any] = self._ssm.get_command_invocation(
                    CommandId=command, InstanceId=self._instance
                )
            except FAILURES as error:
                # Systems Manager may not show for some seconds what it has just accepted.
                fresh = code_of(error) == "InvocationDoesNotExist"
                if not (fresh or answer_was_lost(error) or was_throttled(error)):
                    self._cancel(command)
                    raise self._lost(error) from None
                invocation = {"Status": "Pending"}
            if invocation["Status"] not in RUNNING:
                return invocation
            if time.monotonic() > deadline:
                self._cancel(command)
                raise HostNotReady(
                    "command",
                    f"{self._instance}: command {command} was not done in time and is cancelled: look at it "
                    "with `aws ssm get-command-invocation`, then run the same command again",
                    may_have_run=True,
                )
            pause.take()

    def _cancel(self, command: str) -> None:
        """Best effort: the deadline is what is told, whether or not the command could be stopped."""
        try:
            self._ssm.cancel_command(CommandId=command, InstanceIds=[self._instance])
        except FAILURES:
            return

    def _lost(self, error: Exception) -> HostNotReady:
        """A command that was sent, and of which AWS lets nothing more be seen."""
        return HostNotReady("command", str(told(error, self._instance)), may_have_run=True)

    def _failed(self, invocation: dict[str, Any]) -> HostNotReady:
        details = str(invocation.get("StatusDetails") or invocation["Status"])
        unstarted = details.replace(" ", "") in NOT_DELIVERED
        unstarted = unstarted or invocation.get("ResponseCode") in NOT_FOUND_YET
        said = " ".join(str(invocation.get("StandardErrorContent", "")).split())[-SHOWN:]
        return HostNotReady(
            "program",
            f"{self._instance}: the command on the host ended as {details} with status "
            f"{invocation.get('ResponseCode')}{': ' + said if said else ''}: look at the host's boot with "
            f"`aws ec2 get-console-output --instance-id {self._instance}`, then run the same command again",
            may_have_run=not unstarted,
        )

    def _agent_missing(self, seen: str) -> HostNotReady:
        return HostNotReady(
            "agent",
            f"{self._instance}: its Systems Manager agent {seen} within {self._patience.agent:.0f} s: see "
            f"its boot with `aws ec2 get-console-output --instance-id {self._instance}`, then run this again",
        )


class _Pause:
    """Short first pauses, then longer ones."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    def take(self) -> None:
        time.sleep(self._next)
        self._next = min(self._next * 1.6, LONGEST_PAUSE)
