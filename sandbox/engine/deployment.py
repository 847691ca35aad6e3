"""One run on a stack, from starting its processes to its last event.

The order is that of the CLI: refresh, program, deletes, stack outputs, stack policies. Everything happens in
one event loop; only states are written in a thread beside it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.engine.decisions import Base, ReportedError
from sandbox.engine.deletion import plan_deletes
from sandbox.engine.errors import EngineError
from sandbox.engine.executor import Executor, StoppedError
from sandbox.engine.operations import Deployment, Operation, Outcome
from sandbox.engine.planner import Planner
from sandbox.engine.refresh import refresh
from sandbox.engine.registration import Registrations
from sandbox.engine.reporting import Reporter
from sandbox.engine.serving import Serving
from sandbox.engine.snapshot import Snapshot
from sandbox.engine.steps import Doer
from sandbox.engine.targets import Targets
from sandbox.engine.values import Properties, Secret, masked

if TYPE_CHECKING:
    from sandbox.engine.events import Sink
    from sandbox.engine.secrets import PassphraseSecrets

TOLD = 32
"""The exit status of a program whose failure has been logged."""

PENDING = (
    "Nobody knows whether these were done, as an earlier run was cut off in the middle of them. Objects of "
    "this project are found again by their owner tag; look for others at their provider. `pulumi refresh "
    "--clear-pending-creates` takes the marks off the state."
)


def deploy(
    operation: Operation,
    deployment: Deployment | None,
    secrets: PassphraseSecrets,
    save: Callable[[Deployment], None] | None,
    sink: Sink,
) -> Outcome:
    """Do one run; see `operations.run`."""
    return asyncio.run(Run(operation, deployment, secrets, save, sink).outcome())


class Run:
    """One run. `save` is None for a preview, whatever kind of run it is a preview of."""

    def __init__(
        self,
        operation: Operation,
        deployment: Deployment | None,
        secrets: PassphraseSecrets,
        save: Callable[[Deployment], None] | None,
        sink: Sink,
    ) -> None:
        self._operation = operation
        self._preview = operation.kind == "preview" or save is None
        self._deployment = deployment
        self._secrets = secrets
        self._save = save
        self._reporter = Reporter(sink, preview=self._preview, refresh=operation.kind == "refresh")
        self._interrupts = 0
        self._begun = False
        self._outputs: Properties = {}
        self._main: asyncio.Task[bool] | None = None
        self._executor: Executor | None = None
        self._serving: Serving | None = None
        self._snapshot: Snapshot | None = None

    async def outcome(self) -> Outcome:
        """Do it all; whatever fails is told and makes the exit status 1.

        EngineError is raised by what keeps the run from beginning at all.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupted)
        reporter = self._reporter
        reporter.prelude({key: masked(value) for key, value in self._settings.items()})
        self._main = loop.create_task(self._done())
        succeeded = False
        try:
            succeeded = await self._main
        except asyncio.CancelledError:
            reporter.error("stopped at once: what was under way is marked as pending in the state")
        except (StoppedError, ReportedError):
            pass
        except EngineError as error:
            if not self._begun:
                raise
            reporter.error(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of our own is told in one line too
            reporter.error(f"the engine itself failed: {type(error).__name__}: {error}")
        if succeeded and self._interrupts:
            reporter.error("interrupted when all was done")
            succeeded = False
        reporter.summary(succeeded=succeeded)
        return Outcome(int(not succeeded), dict(reporter.counts), masked(self._outputs), reporter.seconds)

    async def _done(self) -> bool:
        """Do the run between starting and ending its processes; whether nothing failed."""
        async with Serving(self._operation, self._reporter, preview=self._preview) as serving:
            self._serving = serving
            snapshot = self._snapshot = await self._opened()
            await serving.policies.opened()
            self._begun = True
            try:
                return await self._succeeded(serving, snapshot)
            finally:
                await snapshot.finished()

    async def _opened(self) -> Snapshot:
        """The state to start from; opening its secrets takes a moment, in which the processes start."""
        secrets = self._secrets
        return await asyncio.to_thread(
            Snapshot, self._deployment, lambda text: {"ciphertext": secrets.encrypt(text)}, secrets.decrypt,
            None if self._preview else self._save, secrets.salt,
        )  # fmt: skip

    async def _succeeded(self, serving: Serving, snapshot: Snapshot) -> bool:
        """Do the run's phases; whether nothing failed."""
        operation, reporter = self._operation, self._reporter
        if operation.clear_pending_creates:
            snapshot.clear_pending()
        elif snapshot.pending_before and not self._preview and not self._refreshes:
            self._warn_of_pending(snapshot)
        deletes: dict[str, bool] = {}
        doer = Doer(serving.provider, snapshot, deletes, preview=self._preview)
        executor = self._executor = Executor(doer, reporter, parallel=operation.parallel)
        if self._interrupts:
            executor.stop()
        serving.provider.configure(self._provider_settings(snapshot))
        if self._refreshes and not await self._refreshed(snapshot, executor):
            return False
        if operation.kind == "refresh":
            return not self._is_canceled()
        base = Base(snapshot.before)
        planner = Planner(
            base, snapshot, serving.provider, serving.policies, reporter, deletes,
            names=(operation.stack, operation.project.name), targets=operation.targets,
            target_dependents=operation.target_dependents, preview=self._preview,
        )  # fmt: skip
        registrations = Registrations(planner, executor, snapshot, reporter, self._settings)
        if operation.kind != "destroy":
            serving.provider.configure(self._settings)
        try:
            return await self._deployed(serving, base, planner, executor, registrations)
        finally:
            await executor.idle()
            if executor.stopping.is_set():
                await serving.stop_program()
            registrations.closed.set()

    @property
    def _settings(self) -> Properties:
        """The stack's settings, as the default provider's inputs."""
        secret_keys = self._operation.secret_keys
        return {
            key: Secret(text) if key in secret_keys else text for key, text in self._operation.config.items()
        }

    def _provider_settings(self, snapshot: Snapshot) -> Properties:
        """What configures the provider where the program does not run: the settings of the last `up`."""
        known = [resource for resource in snapshot.before if resource.is_provider]
        return known[-1].inputs if known else self._settings

    @property
    def _refreshes(self) -> bool:
        return self._operation.kind == "refresh" or self._operation.refresh_first

    async def _refreshed(self, snapshot: Snapshot, executor: Executor) -> bool:
        operation = self._operation
        if not self._targets_known(Base(snapshot.before), set()):
            return False
        targets = Targets(operation.targets)
        await refresh(snapshot, executor, targets, target_dependents=operation.target_dependents)
        if executor.failed:
            self._reporter.error(f"{self._noun} failed")
        return not executor.failed

    async def _deployed(
        self,
        serving: Serving,
        base: Base,
        planner: Planner,
        executor: Executor,
        registrations: Registrations,
    ) -> bool:
        reporter, decided = self._reporter, planner.decided
        ended = self._operation.kind == "destroy" or await self._program_ended(
            serving, executor, registrations
        )
        if ended and not executor.stopping.is_set():
            known = self._targets_known(base, decided.registered)
            await self._delete(base, planner, executor)
            registrations.bailed = registrations.bailed or not known
        await executor.idle()
        cut_short = registrations.bailed or executor.failed or executor.stopping.is_set()
        self._outputs = registrations.finish_stack(failed=cut_short or decided.failed)
        if registrations.bailed:
            return False
        if not cut_short:
            resources = [step.resource for step in executor.news.values() if not step.skipped]
            if await serving.policies.analyze_stack(resources, planner.goals, planner.providers):
                decided.failed = True
            reporter.packs = await serving.policies.names()
        if executor.failed or decided.failed:
            reporter.error(f"{self._noun} failed")
            return False
        return not self._is_canceled()

    async def _program_ended(
        self, serving: Serving, executor: Executor, registrations: Registrations
    ) -> bool:
        """Run the program until it has registered everything; False if it failed or the run stops."""
        child = await serving.run(registrations)
        ended = asyncio.create_task(child.ended())
        waits = [asyncio.create_task(event.wait()) for event in (registrations.complete, executor.stopping)]
        await asyncio.wait([ended, *waits], return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if executor.stopping.is_set():
            return False
        if not ended.done() or ended.result() == 0:
            return True
        if ended.result() != TOLD:
            self._reporter.error(
                f"an unhandled error occurred: program exited with non-zero exit code: {ended.result()}"
            )
        registrations.bailed = True
        executor.stop()
        return False

    async def _delete(self, base: Base, planner: Planner, executor: Executor) -> None:
        operation = self._operation
        kept, layers = await plan_deletes(
            base, planner.decided, planner.replacements, self._reporter, Targets(operation.targets),
            target_dependents=operation.target_dependents, preview=self._preview,
        )  # fmt: skip
        if kept:
            await executor.submit(kept)
        for layer in layers:
            spared = {needed for refused in executor.refused for needed in base.graph.dependencies(refused)}
            await executor.all(step for step in layer if step.resource not in spared)

    def _targets_known(self, base: Base, registered: set[str]) -> bool:
        """Whether each target is in the state or the program; tells those that are not."""
        unknown = [
            urn
            for urn in Targets(self._operation.targets).literals
            if urn not in base.all and urn not in registered
        ]
        for urn in unknown:
            hint = "." if "$" in urn else ". Did you forget to escape $ in your shell?"
            self._reporter.error(f"Target '{urn}' could not be found in the stack{hint}")
        return not unknown

    def _is_canceled(self) -> bool:
        if self._interrupts:
            self._reporter.error(f"{self._noun} canceled")
        return bool(self._interrupts)

    @property
    def _noun(self) -> str:
        return "preview" if self._preview else "update"

    def _warn_of_pending(self, snapshot: Snapshot) -> None:
        pending = snapshot.pending_before
        listed = "".join(
            f"  * {operation['resource']['urn']}, interrupted while {operation['type']}\n"
            for operation in pending
        )
        self._reporter.warning(
            f"Attempting to deploy or update resources with {len(pending)} pending operations from previous "
            f"deployment.\n{listed}{PENDING}"
        )

    def _interrupted(self) -> None:
        """Ctrl-C: the first lets what is under way finish, the second ends everything."""
        self._interrupts += 1
        if self._interrupts == 1:
            self._reporter.diagnostic(
                "info#err",
                "interrupted: nothing new is begun, what is under way is finished; once more stops at once",
            )
            if self._executor:
                self._executor.stop()
        elif self._main:
            if self._snapshot:
                self._snapshot.freeze()
            if self._serving:
                self._serving.kill()
            self._main.cancel()
