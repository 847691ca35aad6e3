"""One SSM command to one or more instances: delivered, run, ended, kept.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from sandbox.aws.agent import programs
from sandbox.aws.agent.machine import Machine
from sandbox.aws.cloud import Cloud

DELIVERY_SECONDS = 0.1
# GetCommandInvocation does not know a fresh command for a moment.
VISIBLE_SECONDS = 0.05


def _utc() -> datetime:
    return datetime.now(timezone.utc)


@dataclass
class Invocation:
    """The command on one instance. `status` and `details` are SSM's words; output is kept whole."""

    instance_id: str
    visible_at: float
    status: str = "Pending"
    details: str = "Pending"
    response_code: int = -1
    stdout: str = ""
    stderr: str = ""
    started: datetime | None = None
    ended: datetime | None = None

    def is_final(self) -> bool:
        return self.status in ("Success", "Failed", "Cancelled", "TimedOut")

    def end(self, status: str, details: str | None = None) -> None:
        if not self.is_final():
            self.status, self.details, self.ended = status, details or status, _utc()


@dataclass
class Command:
    cloud: Cloud
    document: str
    parameters: dict[str, list[str]]
    comment: str
    timeout_seconds: int
    execution_timeout: float
    invocations: dict[str, Invocation]
    command_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    requested: datetime = field(default_factory=_utc)

    @property
    def expires(self) -> datetime:
        return self.requested + timedelta(seconds=self.timeout_seconds + self.execution_timeout)

    @property
    def status(self) -> str:
        """The worst of its invocations; Success only when all succeeded."""
        seen = {invocation.status for invocation in self.invocations.values()}
        order = ("InProgress", "Pending", "Cancelling", "Failed", "TimedOut", "Cancelled", "Success")
        return next(status for status in order if status in seen)

    def deliver(self) -> None:
        """Bring it to every instance; one that is away keeps it pending until the delivery time is over."""
        limit = self.cloud.clock.now() + self.timeout_seconds
        for invocation in self.invocations.values():
            machine = self.cloud.machines.get(invocation.instance_id)
            if machine is None or not machine.online:
                self.cloud.agenda.at(limit, lambda late=invocation: _not_delivered(late))  # type: ignore[misc]
            else:
                threading.Thread(target=self._carry_out, args=(machine, invocation), daemon=True).start()

    def cancel(self, instance_ids: list[str]) -> None:
        for instance_id in instance_ids or list(self.invocations):
            invocation = self.invocations.get(instance_id)
            if invocation is None or invocation.is_final():
                continue
            invocation.end("Cancelled")
            machine = self.cloud.machines.get(instance_id)
            if machine is not None:
                machine.end_programs(self.command_id)

    def _carry_out(self, machine: Machine, invocation: Invocation) -> None:
        self.cloud.clock.wait(DELIVERY_SECONDS)
        with self.cloud.turn:
            if invocation.is_final():
                return
            invocation.status = invocation.details = "InProgress"
            invocation.started = _utc()
        program = programs.parse(self.parameters["commands"])
        ending = (
            machine.run(program, self.execution_timeout, self.command_id)
            if isinstance(program, programs.Program)
            else program
        )
        with self.cloud.turn:
            if invocation.is_final():
                return
            invocation.response_code = ending.exit_code
            invocation.stdout, invocation.stderr = ending.stdout, ending.stderr
            if ending.timed_out:
                invocation.end("TimedOut", "ExecutionTimedOut")
            else:
                invocation.end("Success" if ending.exit_code == 0 else "Failed")


def _not_delivered(invocation: Invocation) -> None:
    invocation.end("TimedOut", "DeliveryTimedOut")
