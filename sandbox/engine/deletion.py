"""Plans what a run deletes: old objects that were replaced, and what the program no longer registers."""

from __future__ import annotations

from sandbox.engine.decisions import Base, Decisions
from sandbox.engine.graph import delete_layers
from sandbox.engine.replacement import Replacements
from sandbox.engine.reporting import Reporter
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step
from sandbox.engine.targets import Targets


async def plan_deletes(
    base: Base,
    decided: Decisions,
    replacements: Replacements,
    reporter: Reporter,
    targets: Targets,
    *,
    target_dependents: bool,
    preview: bool,
) -> tuple[list[Step], list[list[Step]]]:
    """The steps for what is left as it is, and the deletes in layers, each of which may begin when the last
    is done.

    With targets, only they go, with what cannot stay without them; that there is such is an error unless
    dependents were asked for.
    """
    doomed = await _doomed(base, replacements, targets) if targets else None
    kept: list[Step] = []
    deletes: dict[Resource, Step] = {}
    for resource in base.resources:
        if doomed is not None and resource.urn not in doomed:
            if not decided.kept(resource.urn):
                kept.append(Step("same", resource, resource.copy(id="", original=resource.original)))
            continue
        step = _delete(resource, decided)
        if step:
            deletes[resource] = step
    if targets and not target_dependents:
        unnamed = [urn for urn in dict.fromkeys(step.urn for step in deletes.values()) if urn not in targets]
        for urn in unnamed:
            reporter.error(
                f"Resource '{urn}' will be destroyed but was not specified in --target list.\nEither include "
                "resource in --target list or pass --target-dependents to proceed.", urn
            )  # fmt: skip
        if unnamed:
            decided.failed = True
            if not preview:
                return [], []
    layers = delete_layers(base.resources, deletes)
    return kept, [[deletes[resource] for resource in layer] for layer in layers]


def _delete(resource: Resource, decided: Decisions) -> Step | None:
    """The step that deletes a resource, if it is to go."""
    if resource.delete:
        if resource in decided.condemned:
            return None
        decided.deletes[resource.urn] = True
        return Step("delete-replaced", resource)
    if decided.kept(resource.urn):
        return None
    decided.deletes[resource.urn] = True
    return Step("remove-pending-replace" if resource.pending_replacement else "delete", resource)


async def _doomed(base: Base, replacements: Replacements, targets: Targets) -> set[str]:
    """The targets, what depends on them or is below them, and what would have to be replaced without them."""
    reached: set[str] = set()
    for root in base.resources:
        if root.urn in targets and root.urn not in reached:
            reached.add(root.urn)
            reached.update(other.urn for other in base.graph.dependents(root, with_children=True))
    doomed = set(reached)
    for urn in sorted(reached):
        for resource in base.all.get(urn, ()):
            doomed.update(other.urn for other, _ in await replacements.affected(resource))
        doomed.update(other.urn for other in replacements.cascading(urn))
    return doomed
