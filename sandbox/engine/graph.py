"""Who depends on whom among the resources of a state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sandbox.engine import urns
from sandbox.engine.state import Resource


class Graph:
    """The resources of a state, in an order in which each comes after what it needs."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = list(resources)
        self._place = {resource: place for place, resource in enumerate(self._resources)}

    def __contains__(self, resource: Resource) -> bool:
        return resource in self._place

    def dependents(
        self, root: Resource, *, ignored: Collection[str] = (), with_children: bool = False
    ) -> list[Resource]:
        """All that depends on a resource, directly or not, in order; also its children if so asked."""
        found: list[Resource] = []
        reached = {root.urn}
        for candidate in self._resources[self._place[root] + 1 :]:
            if candidate.urn in ignored:
                continue
            needs = [*candidate.needs(), urns.provider_urn(candidate.provider)]
            if with_children:
                needs.append(candidate.parent)
            if not reached.isdisjoint(needs):
                found.append(candidate)
                reached.add(candidate.urn)
        return found

    def dependencies(self, root: Resource) -> set[Resource]:
        """All that a resource needs, directly or not: dependencies, parent and provider."""
        by_urn: dict[str, list[Resource]] = {}
        for resource in self._resources:
            by_urn.setdefault(resource.urn, []).append(resource)
        found: set[Resource] = set()
        waiting = [root]
        while waiting:
            resource = waiting.pop()
            for urn in (*resource.needs(), resource.parent, urns.provider_urn(resource.provider)):
                for other in by_urn.get(urn, ()):
                    if other not in found and other is not root:
                        found.add(other)
                        waiting.append(other)
        return found


def delete_layers(resources: Sequence[Resource], doomed: Iterable[Resource]) -> list[list[Resource]]:
    """The doomed resources in layers: all of a layer may be deleted at once, when the layers before it are
    gone.

    `resources` is the whole state, in its order. A resource goes after its dependents and its children, and
    after the dependents of a component that it is below.
    """
    doomed = set(doomed)
    depth: dict[Resource, int] = {}
    by_urn: dict[str, list[Resource]] = {}
    below: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource in doomed:
            needed: list[Resource] = []
            for urn in (*resource.needs(), urns.provider_urn(resource.provider)):
                needed.extend(by_urn.get(urn, ()))
                needed.extend(below.get(urn, ()))
            needed.extend(by_urn.get(resource.parent, ()))
            depth[resource] = 1 + max((depth[other] for other in needed), default=-1)
        if resource in doomed:
            by_urn.setdefault(resource.urn, []).append(resource)
        _note_below(resource, below, by_urn, doomed)
    layers: list[list[Resource]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for resource, level in depth.items():
        layers[level].append(resource)
    return layers[::-1]


def _note_below(
    resource: Resource,
    below: dict[str, list[Resource]],
    by_urn: dict[str, list[Resource]],
    doomed: set[Resource],
) -> None:
    """Enter a doomed resource under each component above it."""
    if resource not in doomed:
        return
    parent = resource.parent
    while parent:
        above = by_urn.get(parent, ())
        if not above:
            return
        if not above[-1].custom:
            below.setdefault(parent, []).append(resource)
        parent = above[-1].parent
