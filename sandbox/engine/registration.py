"""Takes what the program registers, one thing after the other, and has it planned and done.

The program hears nothing of a failure: its calls stay unanswered until the run is over, and then it is ended.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sandbox.engine import urns
from sandbox.engine.decisions import ReportedError
from sandbox.engine.errors import EngineError
from sandbox.engine.executor import Executor, StoppedError
from sandbox.engine.goal import Goal
from sandbox.engine.planner import Planner, provider_goal
from sandbox.engine.reporting import Reporter
from sandbox.engine.snapshot import Snapshot
from sandbox.engine.state import Resource
from sandbox.engine.values import Properties, same


@dataclass(frozen=True)
class Registered:
    """What the program is told: the resource, and whether nothing of it is known as it was not made."""

    resource: Resource
    unknown: bool = False


class Registrations:
    """All registrations of one run.

    `bailed` tells that one of them failed in a way that has been told; `stack_outputs` are kept until the
    end.
    """

    def __init__(
        self, planner: Planner, executor: Executor, snapshot: Snapshot, reporter: Reporter, config: Properties
    ) -> None:
        self._planner = planner
        self._executor = executor
        self._snapshot = snapshot
        self._reporter = reporter
        self._config = config
        self._turn = asyncio.Lock()
        self._provider_turn = asyncio.Lock()
        self._reference = ""
        self.bailed = False
        self.stack_outputs: tuple[str, Properties] | None = None
        self.complete = asyncio.Event()
        self.closed = asyncio.Event()

    async def register(self, goal: Goal) -> Registered:
        """Have a resource made, changed or left as it is; StoppedError if the run stops instead."""
        parent = self._planner.goals.get(goal.parent)
        if parent:
            goal.inherit(parent)
        reference = await self._default_provider() if goal.custom else ""
        return await self._registered(goal, reference)

    def refuse(self, error: EngineError, urn: str = "") -> StoppedError:
        """Tell an error that ends the run; what to raise then."""
        if not isinstance(error, ReportedError):
            self._reporter.error(str(error), urn)
        self.bailed = True
        self._executor.stop()
        return StoppedError(str(error))

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Take the outputs of a component, or of the stack; StoppedError if it is not registered."""
        if urns.type_of(urn) == urns.STACK_TYPE:
            self.stack_outputs = (urn, outputs)
            return
        try:
            self._enter_outputs(urn, outputs)
        except Exception as error:
            raise self._broken(error, urn) from error

    def finish_stack(self, *, failed: bool) -> Properties:
        """Enter the outputs of the stack: of a failed run only those that there are, beside the old ones."""
        if not self.stack_outputs:
            return {}
        urn, outputs = self.stack_outputs
        step = self._executor.news.get(urn)
        if step is None:
            return {}
        if failed and step.old:
            outputs = {**step.old.outputs, **outputs}
        self._enter_outputs(urn, outputs)
        return outputs

    async def _default_provider(self) -> str:
        """The reference of the default provider, which is registered before the first object."""
        async with self._provider_turn:
            if not self._reference:
                registered = await self._registered(provider_goal(self._config), "")
                resource = registered.resource
                self._reference = urns.provider_reference(resource.urn, resource.id)
        return self._reference

    async def _registered(self, goal: Goal, reference: str) -> Registered:
        try:
            async with self._turn:
                self._executor.check()
                steps = await self._planner.plan(goal, reference)
                done = self._executor.submit(steps)
            await done
        except StoppedError:
            raise
        except EngineError as error:
            raise self.refuse(error, self._planner.urn(goal)) from None
        except Exception as error:
            raise self._broken(error, self._planner.urn(goal)) from error
        step = [step for step in steps if step.op != "replace" and step.new][-1]
        return Registered(step.resource, step.skipped)

    def _broken(self, error: Exception, urn: str) -> StoppedError:
        """What to raise when something went wrong that should not have."""
        if isinstance(error, StoppedError):
            return error
        return self.refuse(EngineError(f"the engine itself failed: {type(error).__name__}: {error}"), urn)

    def _enter_outputs(self, urn: str, outputs: Properties) -> None:
        step = self._executor.news.get(urn)
        if step is None:
            raise self.refuse(
                EngineError(f"cannot complete a resource '{urn}' whose registration isn't pending"), urn
            )
        if step.skipped:
            return
        resource = step.resource
        unchanged = same(resource.outputs, outputs)
        resource.outputs = outputs
        if not unchanged:
            self._snapshot.changed(resource)
        self._reporter.outputs(step)
