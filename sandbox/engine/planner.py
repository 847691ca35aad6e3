"""Decides, for each resource that the program registers, what is to be done: the steps.

One registration is planned at a time. The provider checks the inputs, the policies look at them, and the
provider says what differs from what is there.
"""

from __future__ import annotations

from sandbox.engine import aliases, urns
from sandbox.engine.decisions import Base, Decisions, ReportedError
from sandbox.engine.errors import EngineError
from sandbox.engine.goal import Goal
from sandbox.engine.paths import with_ignored
from sandbox.engine.policy import Policies
from sandbox.engine.provider import CheckFailure, Diff, Provider
from sandbox.engine.replacement import Replacements, replacing_on_changes
from sandbox.engine.reporting import Reporter
from sandbox.engine.snapshot import Snapshot
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step
from sandbox.engine.targets import Targets
from sandbox.engine.untargeted import dependencies_first, kept_as_they_are
from sandbox.engine.values import Properties, Secret, same


class Planner:
    """Plans the registrations of one run.

    `reference` is the default provider's, once it is registered; `goals` has what was registered so far by
    URN.
    """

    def __init__(
        self,
        base: Base,
        snapshot: Snapshot,
        provider: Provider,
        policies: Policies,
        reporter: Reporter,
        deletes: dict[str, bool],
        *,
        names: tuple[str, str],
        targets: tuple[str, ...],
        target_dependents: bool,
        preview: bool,
    ) -> None:
        self.decided = Decisions(deletes=deletes)
        self.goals: dict[str, Goal] = {}
        self.providers: dict[str, Resource] = {}
        self._base = base
        self._snapshot = snapshot
        self._provider = provider
        self._policies = policies
        self._reporter = reporter
        self._stack, self._project = names
        self._targets = Targets(targets)
        self._reached = Targets(targets)
        self._target_dependents = target_dependents
        self._preview = preview
        self.replacements = Replacements(base, self.decided, provider, reporter)

    def urn(self, goal: Goal) -> str:
        return urns.make(self._stack, self._project, goal.parent, goal.type, goal.name)

    async def plan(self, goal: Goal, reference: str) -> list[Step]:
        """The steps for a resource; the last one but a `replace` holds its new state.

        ReportedError if it is invalid or in the way of a protected one, ProviderError if the provider fails.
        """
        urn = self._claimed_urn(goal)
        old, valid = self._found(urn, goal)
        self.goals[urn] = goal
        new = _wanted(goal, urn, reference, old)
        if new.is_provider:
            self.providers[urn] = new
        targeted = new.is_provider or new.is_stack or self._is_target(new)
        recreating = urn in self.decided.deletes
        if targeted:
            valid = await self._check(goal, new, None if recreating else old) and valid
            before = [] if not self._targets else dependencies_first(new, self._base, self.decided)
        elif old:
            new.inputs = old.inputs
        await self._review(goal, new, valid=valid)
        if recreating:
            return self._recreated(urn, old, new)
        if targeted and self._targets and self._is_named(new):
            self._reached.add(urn)
        if not targeted:
            steps = self._left_alone(urn, old, new)
        elif old:
            steps = before + await self._changed(goal, old, new)
        else:
            self.decided.creates.add(urn)
            steps = [*before, Step("create", None, new)]
        self._refuse_what_needs_the_skipped(steps)
        return steps

    def _claimed_urn(self, goal: Goal) -> str:
        urn = self.urn(goal)
        if goal.parent and goal.parent not in self.decided.registered:
            raise EngineError(f"could not find parent resource {goal.parent}")
        if urn in self.decided.registered:
            self._reporter.error(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
            raise ReportedError("duplicate URN")
        self.decided.registered.add(urn)
        return urn

    def _found(self, urn: str, goal: Goal) -> tuple[Resource | None, bool]:
        """The old state of a resource, by its URN or an alias, and whether no other resource claims it."""
        decided, valid = self.decided, True
        if urn in decided.aliased:
            self._reporter.error(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN "
                f"'{decided.aliased[urn]}'",
                urn,
            )
            valid = False
        former = aliases.former_urns(goal, stack=self._stack, project=self._project, taken=decided.former)
        for name in (urn, *former):
            old = self._base.current.get(name)
            if old is None:
                continue
            if name == urn:
                return old, valid
            if name in decided.registered or name in decided.aliased:
                other = decided.aliased.get(name, urn)
                self._reporter.error(
                    f"Duplicate resource alias '{name}' applied to resource with URN '{urn}' conflicting "
                    f"with resource with URN '{other}'",
                    urn,
                )
                valid = False
            decided.aliased[name] = urn
            decided.former[urn] = name
            self._snapshot.renamed(name, urn)
            return old, valid
        return None, valid

    async def _check(self, goal: Goal, new: Resource, old: Resource | None) -> bool:
        """Let the provider check the inputs; whether it takes them."""
        if not new.custom or new.is_provider:
            return True
        wanted = goal.properties
        if old and not old.taint and not old.external:
            wanted, failed = with_ignored(wanted, old.inputs, goal.ignore_changes)
            if failed:
                self._reporter.info(
                    f'cannot ignore changes in added or removed elements of the path: "{", ".join(failed)}"',
                    new.urn,
                )
            new.inputs, failures = await self._provider.check(new.urn, old.inputs, wanted)
        else:
            new.inputs, failures = await self._provider.check(new.urn, {}, wanted)
        self._tell(failures, goal, new)
        return not failures

    def _tell(self, failures: list[CheckFailure], goal: Goal, new: Resource) -> None:
        for failure in failures:
            what = f"{new.type} resource '{new.name}'"
            if failure.property:
                value = _shown(goal.properties.get(failure.property))
                what += f": property {failure.property} value {{{value}}}"
            self._reporter.error(f"{what} has a problem: {failure.reason}", new.urn)

    async def _review(self, goal: Goal, new: Resource, *, valid: bool) -> None:
        """Let the policies put right and look at the inputs; ReportedError if the resource may not be made
        so."""
        provider = self.providers.get(urns.provider_urn(new.provider))
        await self._policies.remediate(new, goal, provider)
        violated = await self._policies.analyze(new, goal, provider)
        if violated:
            self.decided.failed = True
        if not valid or (violated and not self._preview):
            raise ReportedError(f"resource {new.urn} is invalid")

    def _recreated(self, urn: str, old: Resource | None, new: Resource) -> list[Step]:
        """The steps for a resource that was deleted because one that it depends on had to go first."""
        del self.decided.deletes[urn]
        self.decided.replaces.add(urn)
        keys = self.decided.replace_keys.get(urn, [])
        return [Step("replace", old, new), Step("create-replacement", old, new, keys)]

    def _left_alone(self, urn: str, old: Resource | None, new: Resource) -> list[Step]:
        if old:
            return kept_as_they_are(urn, old, self._base, self.decided)
        self.decided.sames.add(urn)
        self.decided.skipped_creates.add(urn)
        return [Step("same", new, new, skipped=True)]

    async def _changed(self, goal: Goal, old: Resource, new: Resource) -> list[Step]:
        """The steps for a resource that is there already."""
        diff = replacing_on_changes(await self._difference(old, new), goal.replace_on_changes)
        if diff.changes or old.pending_replacement:
            if diff.replaces or old.pending_replacement:
                return await self._replaced(goal, old, new, diff)
            self.decided.updates.add(new.urn)
            return [Step("update", old, new)]
        if old.init_errors:
            self.decided.updates.add(new.urn)
            return [Step("update", old, new)]
        self.decided.sames.add(new.urn)
        return [Step("same", old, new)]

    async def _difference(self, old: Resource, new: Resource) -> Diff:
        if old.external:
            return Diff(changes=True, replaces=["external"])
        if old.taint:
            return Diff(changes=True, replaces=["id"])
        if any(urn in self.decided.replaces for urn in new.replace_with):
            return Diff(changes=True, replaces=["replaceWith"])
        if new.deleted_with in self.decided.replaces:
            return Diff(changes=True, replaces=["deletedWith"])
        if bool(old.provider) != bool(new.provider):
            return Diff(changes=True, replaces=["provider"])
        if new.is_provider:
            return Diff(changes=not same(old.outputs, new.inputs))
        if not new.custom:
            return Diff(changes=not same(old.inputs, new.inputs))
        return await self._provider.diff(
            new.urn, old.id, old.inputs, old.outputs, new.inputs, new.ignore_changes
        )

    async def _replaced(self, goal: Goal, old: Resource, new: Resource, diff: Diff) -> list[Step]:
        if new.protect and old.protect:
            message = (
                f'unable to replace resource "{new.urn}"\nas it is currently marked for protection. '
                "Take `protect` away from it in the program first, then run `pulumi up`"
            )
            self._reporter.error(message, new.urn)
            self.decided.failed = True
            if not self._preview:
                raise ReportedError(message)
        self.decided.replaces.add(new.urn)
        if not old.taint and not await self._check(goal, new, None):
            raise ReportedError(f"resource {new.urn} has check errors")
        first = (
            diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        )
        return await self.replacements.steps(old, new, diff, delete_first=first)

    def _is_target(self, resource: Resource) -> bool:
        return not self._targets or self._is_named(resource)

    def _is_named(self, resource: Resource) -> bool:
        """Whether a resource is a target, by name or as a dependent of one."""
        return resource.urn in self._targets or (
            self._target_dependents and self._reached.names_need_of(resource)
        )

    def _refuse_what_needs_the_skipped(self, steps: list[Step]) -> None:
        """Refuse steps that need what is not made because it is no target."""
        for step in steps if self._targets else ():
            if step.new is None or step.skipped:
                continue
            for urn in (*step.new.needs(), step.new.parent):
                if urn in self.decided.skipped_creates:
                    self._reporter.error(
                        f"Resource '{step.urn}' depends on '{urn}' which was was not specified in "
                        "--target list.",  # the CLI's words, the doubled one too
                        step.urn,
                    )
                    self.decided.failed = True
                    self.decided.skipped_creates.discard(urn)
                    if not self._preview:
                        raise ReportedError("untargeted create")


def _wanted(goal: Goal, urn: str, reference: str, old: Resource | None) -> Resource:
    """The new state of a resource as far as it is known before the provider was asked."""
    return Resource(
        urn=urn, type=goal.type, custom=goal.custom, inputs=goal.properties, parent=goal.parent,
        protect=bool(goal.protect), dependencies=goal.dependencies,
        provider=reference if goal.custom and not urns.is_provider(goal.type) else "",
        property_dependencies=goal.property_dependencies,
        additional_secret_outputs=goal.additional_secret_outputs,
        custom_timeouts=goal.custom_timeouts, retain_on_delete=bool(goal.retain_on_delete),
        deleted_with=goal.deleted_with, replace_with=goal.replace_with, ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes, hide_diff=goal.hide_diff,
        created=old.created if old else "", modified=old.modified if old else "",
    )  # fmt: skip


def _shown(value: object) -> str:
    """A value as a check failure tells it; never a secret."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "..."
    return "<nil>" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def provider_goal(config: Properties) -> Goal:
    """The goal for the default provider, which has the settings of the stack as its inputs."""
    return Goal(type=f"{urns.PROVIDER_PREFIX}{urns.DYNAMIC}", name="default", custom=True, properties=config)
