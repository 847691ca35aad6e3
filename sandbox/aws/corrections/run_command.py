"""Systems Manager: hosts register a moment after launch, and commands are really delivered and run.

moto takes any instance id, answers Success at once with empty output, and does not know the agent at all.
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from sandbox.aws.agent.commands import VISIBLE_SECONDS, Command, Invocation
from sandbox.aws.corrections.call import SsmCall

STDOUT_CHARACTERS = 24_000
STDERR_CHARACTERS = 8_000
LISTED_CHARACTERS = 2_500
DOCUMENT = "AWS-RunShellScript"
PLUGIN = "aws:runShellScript"


class RunCommand(SsmCall):
    """Answers the calls of Run Command from the machines instead of from moto."""

    def describe_instance_information(self) -> ActionResult:
        wanted: dict[str, list[str]] = {}
        for entry in self._get_param("Filters", []) or []:
            wanted[entry["Key"]] = entry["Values"]
        for entry in self._get_param("InstanceInformationFilterList", []) or []:
            wanted[entry["key"]] = entry["valueSet"]
        unknown = set(wanted) - {"InstanceIds", "PingStatus", "ResourceType"}
        if unknown:
            self.refuse("InvalidFilterKey", f"the sandbox does not filter by {sorted(unknown)}")
        rows = [
            row
            for row in (
                self._information(machine) for machine in self.cloud.machines.values() if machine.online
            )
            if row["InstanceId"] in wanted.get("InstanceIds", [row["InstanceId"]])
            and row["PingStatus"] in wanted.get("PingStatus", [row["PingStatus"]])
            and row["ResourceType"] in wanted.get("ResourceType", [row["ResourceType"]])
        ]
        start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or 10)
        following = str(start + size) if len(rows) > start + size else None
        return ActionResult({"InstanceInformationList": rows[start : start + size], "NextToken": following})

    def send_command(self) -> ActionResult:
        document = self._get_param("DocumentName")
        if document not in (DOCUMENT, f"arn:aws:ssm:us-east-1::document/{DOCUMENT}"):
            self.refuse("InvalidDocument", f"document {document} does not exist in the sandbox")
        if self._get_param("Targets"):
            self.refuse("InvalidTarget", "the sandbox takes InstanceIds, not Targets")
        parameters = self._get_param("Parameters", {})
        timeout = int(self._get_param("TimeoutSeconds") or 3600)
        self._check(parameters, timeout)
        ids = self._get_param("InstanceIds", [])
        if not ids or not all(self._reachable(instance_id) for instance_id in ids):
            self.refuse(
                "InvalidInstanceId",
                f"Instances {ids} not in a valid state for account {self.current_account}",
            )
        visible_at = self.cloud.clock.now() + VISIBLE_SECONDS * self.cloud.clock.pace
        command = Command(
            cloud=self.cloud,
            document=DOCUMENT,
            parameters=parameters,
            comment=self._get_param("Comment") or "",
            timeout_seconds=timeout,
            execution_timeout=float((parameters.get("executionTimeout") or ["3600"])[0]),
            invocations={instance_id: Invocation(instance_id, visible_at) for instance_id in ids},
        )
        self.cloud.commands[command.command_id] = command
        row = _row(command)
        command.deliver()
        return ActionResult({"Command": row})

    def get_command_invocation(self) -> ActionResult:
        command = self.cloud.commands.get(self._get_param("CommandId"))
        invocation = command.invocations.get(self._get_param("InstanceId")) if command else None
        plugin = self._get_param("PluginName")
        if command is None or invocation is None or invocation.visible_at > self.cloud.clock.now():
            self.refuse("InvocationDoesNotExist", "the command id and instance id match no invocation")
        if plugin not in (None, PLUGIN):
            self.refuse("InvalidPluginName", f"plugin {plugin} is not part of the command")
        return ActionResult(
            {
                "CommandId": command.command_id,
                "InstanceId": invocation.instance_id,
                "Comment": command.comment,
                "DocumentName": command.document,
                "DocumentVersion": "$DEFAULT",
                "PluginName": PLUGIN,
                "ResponseCode": invocation.response_code,
                "ExecutionStartDateTime": _stamp(invocation.started),
                "ExecutionElapsedTime": _elapsed(invocation),
                "ExecutionEndDateTime": _stamp(invocation.ended),
                "Status": invocation.status,
                "StatusDetails": invocation.details,
                "StandardOutputContent": invocation.stdout[:STDOUT_CHARACTERS],
                "StandardOutputUrl": "",
                "StandardErrorContent": invocation.stderr[:STDERR_CHARACTERS],
                "StandardErrorUrl": "",
            }
        )

    def list_commands(self) -> ActionResult:
        return ActionResult({"Commands": [_row(command) for command in self._matching()]})

    def list_command_invocations(self) -> ActionResult:
        rows = []
        for command in self._matching():
            for invocation in command.invocations.values():
                if self._get_param("InstanceId") in (None, invocation.instance_id):
                    rows.append(_listed(command, invocation, details=bool(self._get_param("Details"))))
        return ActionResult({"CommandInvocations": rows})

    def cancel_command(self) -> ActionResult:
        command = self.cloud.commands.get(self._get_param("CommandId"))
        if command is None:
            self.refuse("InvalidCommandId", "no command has this id")
        command.cancel(self._get_param("InstanceIds", []))
        return EmptyResult()

    def _check(self, parameters: dict[str, list[str]], timeout: int) -> None:
        lines = parameters.get("commands")
        if not lines or set(parameters) - {"commands", "workingDirectory", "executionTimeout"}:
            self.refuse("InvalidParameters", f"{DOCUMENT} takes commands, workingDirectory, executionTimeout")
        if any("{{" in line for line in lines):
            self.refuse("InvalidParameters", "commands hold {{: AWS would look for a parameter of that name")
        if not 30 <= timeout <= 2_592_000:
            self.refuse("ValidationException", "TimeoutSeconds must be between 30 and 2592000")
        if len(self._get_param("Comment") or "") > 100:
            self.refuse("ValidationException", "Comment must have at most 100 characters")

    def _reachable(self, instance_id: str) -> bool:
        """Online, or stopped: AWS takes a command for a stopped host and never delivers it."""
        instance = self.cloud.instance(instance_id)
        machine = self.cloud.machines.get(instance_id)
        return (
            instance is not None and machine is not None and (machine.online or instance.state == "stopped")
        )

    def _matching(self) -> list[Command]:
        command_id, instance_id = self._get_param("CommandId"), self._get_param("InstanceId")
        return [
            command
            for command in reversed(self.cloud.commands.values())
            if command_id in (None, command.command_id)
            and (instance_id is None or instance_id in command.invocations)
        ]

    def _information(self, machine: Any) -> dict[str, Any]:
        return {
            "InstanceId": machine.instance.id,
            "PingStatus": "Online",
            "LastPingDateTime": datetime.now(timezone.utc),
            "AgentVersion": "3.3.4624.0",
            "IsLatestVersion": True,
            "PlatformType": "Linux",
            "PlatformName": "Amazon Linux",
            "PlatformVersion": "2023",
            "ResourceType": "EC2Instance",
            "IPAddress": machine.instance.private_ip,
            "ComputerName": machine.instance.private_dns_name,
        }


def _row(command: Command) -> dict[str, Any]:
    endings = [invocation for invocation in command.invocations.values() if invocation.is_final()]
    return {
        "CommandId": command.command_id,
        "DocumentName": command.document,
        "DocumentVersion": "$DEFAULT",
        "Comment": command.comment,
        "ExpiresAfter": command.expires,
        "Parameters": command.parameters,
        "InstanceIds": list(command.invocations),
        "Targets": [],
        "RequestedDateTime": command.requested,
        "Status": command.status,
        "StatusDetails": command.status,
        "TargetCount": len(command.invocations),
        "CompletedCount": len(endings),
        "ErrorCount": sum(invocation.status == "Failed" for invocation in endings),
        "DeliveryTimedOutCount": sum(invocation.details == "DeliveryTimedOut" for invocation in endings),
        "TimeoutSeconds": command.timeout_seconds,
    }


def _listed(command: Command, invocation: Invocation, *, details: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "CommandId": command.command_id,
        "InstanceId": invocation.instance_id,
        "Comment": command.comment,
        "DocumentName": command.document,
        "RequestedDateTime": command.requested,
        "Status": invocation.status,
        "StatusDetails": invocation.details,
    }
    if details:
        row["CommandPlugins"] = [
            {
                "Name": PLUGIN,
                "Status": invocation.status,
                "StatusDetails": invocation.details,
                "ResponseCode": invocation.response_code,
                "Output": invocation.stdout[:LISTED_CHARACTERS],
            }
        ]
    return row


def _stamp(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z" if moment else ""


def _elapsed(invocation: Invocation) -> str:
    if invocation.started is None or invocation.ended is None:
        return ""
    return f"PT{(invocation.ended - invocation.started).total_seconds():.3f}S"
