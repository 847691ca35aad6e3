"""What the sandbox's AWS knows beyond what moto keeps: its time, its machines, its commands, its sessions."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from sandbox.aws.clock import Agenda, Clock
from sandbox.aws.quota_table import QuotaTable
from sandbox.aws.visibility import Visibility, ec2_ids, iam_ids

if TYPE_CHECKING:
    from sandbox.aws.agent.commands import Command
    from sandbox.aws.agent.machine import Machine

REGION = "us-east-1"
ACCOUNT = str(DEFAULT_ACCOUNT_ID)
# Whoever uses keys that no metadata service handed out.
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:user/deployer"
SESSION_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class RoleSession:
    """Credentials that an instance's metadata service handed out: who uses them is that instance's role."""

    role_name: str
    instance_id: str
    access_key_id: str
    secret_key: str
    token: str
    expires_at: float

    @property
    def arn(self) -> str:
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role_name}/{self.instance_id}"


@dataclass
class Cloud:
    """One sandbox AWS. Calls take `turn` one at a time, because moto itself is not safe for threads."""

    world: str
    store: Path
    clock: Clock
    endpoint: str
    turn: threading.RLock = field(default_factory=threading.RLock)
    machines: dict[str, Machine] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    sessions: dict[str, RoleSession] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    tokens: dict[tuple[str, str], Any] = field(default_factory=dict)
    profile_known_at: dict[str, float] = field(default_factory=dict)
    names_in_deletion: dict[str, float] = field(default_factory=dict)
    quotas: QuotaTable = field(default_factory=QuotaTable)
    cpu_credits: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.agenda = Agenda(self.clock)
        self.visibility = Visibility(self.clock)
        self.visibility.note([*ec2_ids(self.ec2), *iam_ids(self.iam)])

    @property
    def ec2(self) -> Any:
        return ec2_backends[ACCOUNT][REGION]

    @property
    def iam(self) -> Any:
        return iam_backends[ACCOUNT]["aws"]

    def instances(self) -> Iterator[Any]:
        """Every instance moto holds, terminated ones included."""
        for reservation in list(self.ec2.reservations.values()):
            yield from list(reservation.instances)

    def instance(self, instance_id: str) -> Any | None:
        return next((instance for instance in self.instances() if instance.id == instance_id), None)

    def elastic_ip(self, instance: Any) -> str | None:
        """The Elastic IP on the instance's primary interface: the address its programs send from."""
        primary = instance.nics.get(0)
        return next(
            (str(address.public_ip) for address in self.ec2.addresses if primary and address.eni is primary),
            None,
        )

    def role(self, instance: Any) -> Any | None:
        """The role behind the instance's profile as it is now, or None."""
        profile_arn = (instance.iam_instance_profile or {}).get("Arn")
        for profile in self.iam.instance_profiles.values():
            if profile.arn == profile_arn and profile.roles:
                return profile.roles[0]
        return None

    def role_named(self, name: str) -> Any | None:
        return next((role for role in self.iam.roles.values() if role.name == name), None)

    def open_session(self, role_name: str, instance_id: str) -> RoleSession:
        session = RoleSession(
            role_name=role_name,
            instance_id=instance_id,
            access_key_id="ASIA"
            + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)),
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(120),
            expires_at=self.clock.now() + SESSION_SECONDS,
        )
        self.sessions[session.access_key_id] = session
        return session

    def close(self) -> None:
        """End every machine and the programs on it."""
        for machine in list(self.machines.values()):
            machine.destroy()


def role_documents(role: Any) -> list[str]:
    """The role's inline and attached policies as JSON texts."""
    attached = [
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return [
        text if isinstance(text, str) else json.dumps(text) for text in [*role.policies.values(), *attached]
    ]
