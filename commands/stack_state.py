"""What a stack's state knows and what it was about to do, as `pulumi stack export` tells it.

Only names, ids and owner tags are looked at; secrets stay sealed, as they are exported.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commands.stack_config import NoStack
from providers.aws.fates import Recorded

CREATING = "creating"
LONGEST = timedelta(minutes=15)  # of one operation, from its first call to the last write of the state


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
    """pending: how many operations a killed run left. written: when, or None if the state does not say."""

    recorded: Recorded
    pending: int
    written: datetime | None

    def age(self, now: datetime | None = None) -> float:
        """Seconds since the state was written; 0 where it does not say, as then it may have been just now."""
        if self.written is None:
            return 0.0
        return max(((now or datetime.now(timezone.utc)) - self.written).total_seconds(), 0.0)


def stack_state(deployment: Any) -> StackState:
    """An exported deployment as what it says; NoStack if it is none."""
    try:
        state = _Deployment.model_validate(deployment)
    except ValidationError:
        raise NoStack("the exported state is not one that this program knows: use a newer version") from None
    resources, pending = state.resources or (), state.pending_operations or ()
    written = _moment(state.manifest.time)
    recorded = Recorded(
        ids=frozenset().union(*(one.ids for one in resources)),
        owners=frozenset(one.owner for one in resources if one.owner and one.id),
        creating=frozenset(
            one.resource.owner for one in pending if one.type == CREATING and one.resource.owner
        ),
        begun=None if written is None else written - LONGEST,
    )
    return StackState(recorded, len(pending), written)


def _moment(text: str) -> datetime | None:
    """A time as states have it, whose fraction of a second may have nine digits; None if it is none.

    A stack that was never deployed has Go's zero time, which is none either.
    """
    try:
        zone = text[-6:] if text[-6] in "+-" else "+00:00"
        found = datetime.fromisoformat(f"{text[:19]}{zone}")
    except (ValueError, IndexError):
        return None
    return found if found.year > 1 else None
