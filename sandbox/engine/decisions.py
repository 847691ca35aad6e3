"""What a run starts from and what it has decided so far, shared by those who plan it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.engine.errors import EngineError
from sandbox.engine.graph import Graph
from sandbox.engine.state import Resource


class ReportedError(EngineError):
    """The run cannot go on, and why has been told already."""


class Base:
    """The state that a run starts from, as a refresh has left it.

    `current` has what is in use by URN; `all` also the old objects that wait to be deleted.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.resources = list(resources)
        self.current: dict[str, Resource] = {}
        self.all: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self.all.setdefault(resource.urn, []).append(resource)
            if not resource.delete:
                self.current[resource.urn] = resource
        self.graph = Graph(self.resources)


@dataclass
class Decisions:
    """URNs by what was decided of them.

    `aliased` leads from a former URN to the new one, `former` the other way. `deletes` is read while the run
    deletes: what goes with another object is not deleted by itself. `failed` tells that something was found
    that fails the run, though planning went on.
    """

    registered: set[str] = field(default_factory=set)
    sames: set[str] = field(default_factory=set)
    creates: set[str] = field(default_factory=set)
    updates: set[str] = field(default_factory=set)
    replaces: set[str] = field(default_factory=set)
    deletes: dict[str, bool] = field(default_factory=dict)
    skipped_creates: set[str] = field(default_factory=set)
    condemned: set[Resource] = field(default_factory=set)
    replace_keys: dict[str, list[str]] = field(default_factory=dict)
    aliased: dict[str, str] = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)
    failed: bool = False

    def planned(self, urn: str) -> bool:
        """Whether there is a step for a URN."""
        return any(
            urn in some for some in (self.creates, self.sames, self.updates, self.deletes, self.replaces)
        )

    def kept(self, urn: str) -> bool:
        """Whether the object of a URN, which may be a former one, stays or was replaced, so that it is not to
        go."""
        urn = self.aliased.get(urn, urn)
        return any(urn in some for some in (self.sames, self.updates, self.replaces))
