"""What a stack's state knows and what it was about to do, as `pulumi stack export` tells it.

Only names, ids and owner tags are looked at; secrets stay sealed, as they are exported.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commands.stack_config import NoStack
from providers.aws.orphans import Recorded

CREATING = "creating"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Resource(_Model):
    id: str = ""
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The owner tag, or nothing."""
        owner = self.inputs.get("owner") or self.outputs.get("owner")
        return owner if isinstance(owner, str) else ""

    @property
    def ids(self) -> frozenset[str]:
        """What it is by: an address that was got back has another id than the resource until a refresh."""
        allocation = self.outputs.get("allocationId")
        return frozenset({self.id, allocation if isinstance(allocation, str) else ""} - {""})


class _Operation(_Model):
    type: str
    resource: _Resource


class _Manifest(_Model):
    time: str = ""


class _Deployment(_Model):
    manifest: _Manifest = _Manifest()
    resources: tuple[_Resource, ...] | None = None
    pending_operations: tuple[_Operation, ...] | None = None


class StackState(NamedTuple):
    """pending: how many operations a killed run left. age: seconds since the state was last written."""

    recorded: Recorded
    pending: int
    age: float


def stack_state(deployment: Any, now: datetime | None = None) -> StackState:
    """An exported deployment as what it says; NoStack if it is none."""
    try:
        state = _Deployment.model_validate(deployment)
    except ValidationError:
        raise NoStack("the exported state is not one that this program knows: use a newer version") from None
    resources, pending = state.resources or (), state.pending_operations or ()
    recorded = Recorded(
        ids=frozenset().union(*(one.ids for one in resources)),
        owners=frozenset(one.owner for one in resources if one.owner and one.id),
        creating=frozenset(
            one.resource.owner for one in pending if one.type == CREATING and one.resource.owner
        ),
    )
    return StackState(recorded, len(pending), _age(state.manifest.time, now or datetime.now(timezone.utc)))


def _age(moment: str, now: datetime) -> float:
    """Seconds since a time as states have it; 0 where there is none, as then it may have been just now."""
    try:
        whole = datetime.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        zone = moment[-6:]
        if zone[0] in "+-" and zone != "+00:00":
            whole = datetime.fromisoformat(f"{moment[:19]}{zone}")
    except (ValueError, IndexError):
        return 0.0
    return max((now - whole).total_seconds(), 0.0)
