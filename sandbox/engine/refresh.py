"""Refreshes a state: reads every object and takes what is there now, as a new base for the run."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.engine.executor import Executor
from sandbox.engine.snapshot import Snapshot
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step
from sandbox.engine.targets import Targets


async def refresh(
    snapshot: Snapshot, executor: Executor, targets: Targets, *, target_dependents: bool
) -> None:
    """Read the objects side by side; those that could not be read stay as they were."""
    steps: dict[Resource, Step] = {}
    for resource in snapshot.before:
        if resource.urn in targets:
            steps[resource] = Step("refresh", resource, resource)
        elif target_dependents and targets.names_need_of(resource):
            steps[resource] = Step("refresh", resource, resource)
            targets.add(resource.urn)
    await executor.all(steps.values(), keep_going=True)
    found = [steps[resource].new if resource in steps else resource for resource in snapshot.before]
    executor.news.clear()
    snapshot.rebased(mended([resource for resource in found if resource]))


def mended(resources: Sequence[Resource]) -> list[Resource]:
    """The resources with nothing left that points at one which is gone; its children move up to its
    parent."""
    known: set[str] = set()
    parents: dict[str, str] = {}
    result = []
    for resource in resources:
        parent = resource.parent
        if parent and parent not in known:
            parent = parents.get(parent, "")
        changes: dict[str, object] = {"parent": parent} if parent != resource.parent else {}
        if any(urn not in known for urn in resource.needs()):
            changes |= {
                "dependencies": [urn for urn in resource.dependencies if urn in known],
                "property_dependencies": {
                    key: [urn for urn in several or () if urn in known]
                    for key, several in resource.property_dependencies.items()
                },
                "replace_with": [urn for urn in resource.replace_with if urn in known],
                "deleted_with": resource.deleted_with if resource.deleted_with in known else "",
            }
        kept = resource.copy(**changes) if changes else resource
        known.add(kept.urn)
        parents[kept.urn] = kept.parent
        result.append(kept)
    return result
