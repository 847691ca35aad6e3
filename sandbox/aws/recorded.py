"""Everything the sandbox's AWS holds outside the values in Secrets Manager, as one JSON text.

Made to be searched: a canary secret that is found here has left its path. It is generous on purpose, user
data is shown decoded, the files of hosts are shown as written, and what AWS was told is shown call by call.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from sandbox.aws.cloud import ACCOUNT, REGION, Cloud

# Parts of moto's EC2 that the account itself makes; the rest are moto's own tables.
_EC2_PARTS = (
    "reservations",
    "addresses",
    "enis",
    "vpcs",
    "subnets",
    "groups",
    "route_tables",
    "internet_gateways",
    "volumes",
    "snapshots",
    "tags",
    "launch_templates",
    "iam_instance_profile_associations",
)
_IAM_PARTS = ("roles", "instance_profiles", "users", "groups", "managed_policies")


def recorded(cloud: Cloud, request_log: Path) -> dict[str, Any]:
    """Sections ec2, iam, ssm, secrets (no values), machines, user_data, commands, requests."""
    parameters = ssm_backends[ACCOUNT][REGION]._parameters  # noqa: SLF001  moto offers no view of all
    return {
        "world": cloud.world,
        "ec2": {part: _plain(_own(getattr(cloud.ec2, part, None))) for part in _EC2_PARTS},
        "iam": {part: _plain(_own(getattr(cloud.iam, part, None))) for part in _IAM_PARTS},
        "ssm": _plain(
            {name: value for name, value in parameters.items() if not str(name).startswith("/aws/")}
        ),
        "secrets": [
            _without_values(secret) for secret in secretsmanager_backends[ACCOUNT][REGION].secrets.values()
        ],
        "machines": {name: _machine(machine) for name, machine in cloud.machines.items()},
        "user_data": {instance.id: _decoded(instance.user_data) for instance in cloud.instances()},
        "commands": [_command(command) for command in cloud.commands.values()],
        "requests": [json.loads(line) for line in request_log.read_text(encoding="utf-8").splitlines()],
    }


def _own(objects: Any) -> Any:
    """Without Amazon's own snapshots and policies, which moto holds in great number."""
    if not isinstance(objects, dict):
        return objects
    return {
        name: item
        for name, item in objects.items()
        if getattr(item, "owner_id", ACCOUNT) == ACCOUNT and not str(name).startswith("arn:aws:iam::aws:")
    }


def _without_values(secret: Any) -> dict[str, Any]:
    description = secret.to_dict()
    description["Policy"] = secret.policy
    return dict(_plain(description))


def _decoded(user_data: Any) -> str:
    return base64.b64decode(str(user_data)).decode(errors="replace") if user_data else ""


def _machine(machine: Any) -> dict[str, Any]:
    files = [path for path in sorted(machine.root.rglob("*")) if path.is_file()]
    return {
        "online": machine.online,
        "boot_log": machine.boot_log,
        "files": {f"/{path.relative_to(machine.root)}": path.read_text(errors="replace") for path in files},
    }


def _command(command: Any) -> dict[str, Any]:
    return {
        "id": command.command_id,
        "comment": command.comment,
        "parameters": command.parameters,
        "invocations": [vars(invocation) for invocation in command.invocations.values()],
    }


def _plain(value: Any, seen: frozenset[int] = frozenset(), depth: int = 0) -> Any:
    """moto's objects as JSON: attributes in place of objects, ids in place of what is shown already."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if id(value) in seen or depth > 12:
        return str(getattr(value, "id", type(value).__name__))
    seen = seen | {id(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item, seen, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, seen, depth + 1) for item in value]
    if hasattr(value, "__dict__") and type(value).__module__.startswith("moto."):
        attributes = {name: item for name, item in vars(value).items() if not name.endswith("backend")}
        return _plain(attributes, seen, depth)
    return str(value)
