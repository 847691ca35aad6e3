"""Plans replacements: the new object first and the old one deleted at the end, or the other way round.

Where the old object has to go first, those that depend on it and would need replacing too go before it.
Whether they would is asked of the provider, with what comes from a replaced object given as unknown.
"""

from __future__ import annotations

from sandbox.engine import paths, urns
from sandbox.engine.decisions import Base, Decisions, ReportedError
from sandbox.engine.provider import Diff, Provider
from sandbox.engine.reporting import Reporter
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step
from sandbox.engine.values import UNKNOWN


class Replacements:
    """Plans the steps of replacements in one run."""

    def __init__(self, base: Base, decided: Decisions, provider: Provider, reporter: Reporter) -> None:
        self._base = base
        self._decided = decided
        self._provider = provider
        self._reporter = reporter

    async def steps(self, old: Resource, new: Resource, diff: Diff, *, delete_first: bool) -> list[Step]:
        """The steps that put a new object in the place of an old one; ReportedError if a protected one is in
        the way."""
        keys = diff.replaces
        if not delete_first:
            return [
                Step("create-replacement", old, new, keys, pending=True),
                Step("replace", old, new, keys, pending=True),
            ]
        steps = await self._dependents_first(old)
        if not old.pending_replacement:
            self._decided.deletes[old.urn] = True
            steps.append(Step("delete-replaced", old, pending=True))
        return [*steps, Step("replace", old, new, keys), Step("create-replacement", old, new, keys)]

    async def affected(self, root: Resource) -> list[tuple[Resource, list[str]]]:
        """What has to be replaced if an object is deleted, in the order of dependencies, and because of which
        keys."""
        replaced = {root.urn}
        found = []
        decided = self._decided
        seen = decided.creates | decided.sames | decided.updates | decided.replaces | decided.deletes.keys()
        for dependent in self._base.graph.dependents(root, ignored=seen):
            keys = await self._keys_needing_replacement(dependent, replaced)
            if keys is not None:
                found.append((dependent, keys))
                replaced.add(dependent.urn)
        return found

    def cascading(self, urn: str) -> list[Resource]:
        """What is replaced or deleted together with a resource by its own wish."""
        return [
            resource for resource in self._base.current.values()
            if urn in resource.replace_with or resource.deleted_with == urn
        ]  # fmt: skip

    async def _dependents_first(self, old: Resource) -> list[Step]:
        dependents = await self.affected(old) if old in self._base.graph else []
        known = {resource for resource, _ in dependents}
        dependents += [(resource, []) for resource in self.cascading(old.urn) if resource not in known]
        steps = []
        for dependent, keys in reversed(dependents):
            if dependent in self._decided.condemned:
                continue
            self._decided.replace_keys[dependent.urn] = keys
            if dependent.delete:
                steps.append(Step("delete", dependent))
            else:
                if dependent.protect:
                    self._refuse(dependent, old.urn)
                steps.append(Step("delete-replaced", dependent, pending=True))
            self._decided.deletes[dependent.urn] = True
            self._decided.condemned.add(dependent)
        return steps

    def _refuse(self, dependent: Resource, urn: str) -> None:
        message = (
            f'unable to replace resource "{dependent.urn}" as part of replacing "{urn}" as it is currently '
            "marked for protection. Take `protect` away from it in the program first, then run `pulumi up`"
        )
        self._reporter.error(message, urn)
        self._decided.failed = True
        raise ReportedError(message)

    async def _keys_needing_replacement(self, dependent: Resource, replaced: set[str]) -> list[str] | None:
        """The keys because of which a dependent needs replacing too; None if it does not."""
        if not dependent.custom or dependent.external or dependent.is_provider:
            return None
        if urns.provider_urn(dependent.provider) in replaced or dependent.deleted_with in replaced:
            return []
        unknown = {
            key
            for key, needs in dependent.property_dependencies.items()
            if not replaced.isdisjoint(needs or ())
        }
        if unknown.isdisjoint(dependent.inputs):
            return None
        inputs = {key: UNKNOWN if key in unknown else value for key, value in dependent.inputs.items()}
        diff = await self._provider.diff(
            dependent.urn, dependent.id, dependent.inputs, dependent.outputs, inputs, dependent.ignore_changes
        )
        diff = replacing_on_changes(diff, dependent.replace_on_changes)
        return diff.replaces or None


def replacing_on_changes(diff: Diff, wanted: list[str]) -> Diff:
    """The difference with the changed properties that are declared to need a new object among those that do.

    Only where the engine itself has compared the inputs is it known which have changed.
    """
    keys = {(paths.parse(text) or ["*"])[0] for text in wanted}
    found = [key for key in diff.changed_keys if (key in keys or "*" in keys) and key not in diff.replaces]
    return diff if not found else Diff(
        diff.changes, [*diff.replaces, *found], diff.delete_before_replace, diff.changed_keys
    )  # fmt: skip
