"""Does chains of steps, several chains at once, and stops when one fails or the user says so.

After a failure nothing new is begun, and what is under way is finished and kept. Only a refused delete of a
protected resource lets the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from sandbox.engine.errors import EngineError
from sandbox.engine.provider import ProviderError
from sandbox.engine.reporting import Reporter
from sandbox.engine.state import Resource
from sandbox.engine.steps import Doer, ProtectedError, Step
from sandbox.engine.values import Secret


class StoppedError(EngineError):
    """The run begins nothing new."""


class Executor:
    """Does steps with at most `parallel` chains at a time.

    `stopping` is set when nothing new may begin; `failed` tells whether a step has failed, and `news` has the
    states that the run has come to, in order.
    """

    def __init__(self, doer: Doer, reporter: Reporter, *, parallel: int) -> None:
        self._doer = doer
        self._reporter = reporter
        self._places = asyncio.Semaphore(max(parallel, 1))
        self._running: set[asyncio.Task[None]] = set()
        self.stopping = asyncio.Event()
        self.failed = False
        self.refused: list[Resource] = []
        self.news: dict[str, Step] = {}

    def stop(self) -> None:
        self.stopping.set()

    def check(self) -> None:
        """Raise StoppedError if nothing new may begin."""
        if self.stopping.is_set():
            raise StoppedError("the run is being stopped")

    def submit(self, steps: Sequence[Step], *, keep_going: bool = False) -> asyncio.Future[None]:
        """Have steps done one after the other; it raises StoppedError if one fails or the run stops.

        With `keep_going` a failure is told but stops nobody else. To give up waiting stops nothing.
        """
        task = asyncio.get_running_loop().create_task(self._chain(steps, keep_going=keep_going))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return asyncio.shield(task)

    async def all(self, steps: Iterable[Step], *, keep_going: bool = False) -> None:
        """Do steps side by side, and return when all have ended, whatever came of them."""
        tasks = [self.submit([step], keep_going=keep_going) for step in steps]
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, StoppedError):
                raise result

    async def idle(self) -> None:
        """Return when no step is under way."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _chain(self, steps: Sequence[Step], *, keep_going: bool) -> None:
        async with self._places:
            for step in steps:
                self.check()
                await self._do(step, keep_going=keep_going)

    async def _do(self, step: Step, *, keep_going: bool) -> None:
        self._reporter.began(step)
        try:
            await self._doer.do(step)
        except (ProviderError, ProtectedError) as error:
            self.failed = True
            self._reporter.failed(step, str(error))
            if isinstance(error, ProtectedError):
                self.refused.append(step.resource)
            elif not keep_going:
                self.stop()
            raise StoppedError(str(error)) from None
        except Exception:
            self.stop()
            raise
        if step.new and step.op != "replace":
            _mark_secrets(step.new)
            self.news[step.urn] = step
        self._doer.enter(step)
        self._reporter.finished(step)


def _mark_secrets(resource: Resource) -> None:
    """Make secrets of the outputs that are declared so, or whose inputs of that name are."""
    marked = {
        key: value if isinstance(value, Secret) or not _is_marked(resource, key) else Secret(value)
        for key, value in resource.outputs.items()
    }
    if any(marked[key] is not value for key, value in resource.outputs.items()):
        resource.outputs = marked


def _is_marked(resource: Resource, key: str) -> bool:
    return key in resource.additional_secret_outputs or isinstance(resource.inputs.get(key), Secret)
