"""The processes of a run and the server that they speak to, from start to end.

What needs the program's or the state's secrets waits for them; everything that can starts at once.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sandbox.engine.children import Child, reserved_port, stop_all
from sandbox.engine.operations import Operation
from sandbox.engine.processes import Processes, python_of_pack
from sandbox.engine.registration import Registrations
from sandbox.engine.reporting import Reporter

if TYPE_CHECKING:
    from sandbox.engine.monitor import Monitor

LAST_WORDS = 5.0


class Serving:
    """An asynchronous context: inside it the provider, the policies and, if there is one, the program run."""

    def __init__(self, operation: Operation, reporter: Reporter, *, preview: bool) -> None:
        self._operation = operation
        self._reporter = reporter
        self._preview = preview
        self._holder = reserved_port()
        self._address = f"127.0.0.1:{self._holder.getsockname()[1]}"
        self._started: list[asyncio.Task[Child]] = []
        self._program: asyncio.Task[Child] | None = None
        self._server: Any = None

    async def __aenter__(self) -> Serving:
        operation = self._operation
        processes = Processes(operation, self._address, self._preview, self._say, self._started)
        runs_program = operation.kind in ("up", "preview")
        # First, as this alone may fail: what is started below has to be ended again.
        pythons = {folder: python_of_pack(folder, operation.env) for folder in operation.policy_packs}
        if runs_program:
            self._program = processes.program()
        provider = processes.provider()
        packs = [(folder, processes.policies(folder, python)) for folder, python in pythons.items()]
        await asyncio.gather(*self._started, return_exceptions=True)
        # Only now that the processes are starting is time spent on importing gRPC.
        from sandbox.engine.policy import Policies
        from sandbox.engine.provider import Provider

        self.provider = Provider(provider, processes.provider)
        opening = (
            [self._open(folder, child, place) for place, (folder, child) in enumerate(packs)]
            if runs_program
            else []
        )
        self.policies = Policies([asyncio.create_task(pack) for pack in opening], self._reporter)
        if not runs_program:
            await self._serve(None)  # a provider ends with its engine, which it knows by this address
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program and kind is None:
            await asyncio.wait([asyncio.create_task(self._program.result().ended())], timeout=LAST_WORDS)
        children = [start.result() for start in self._started if start.done() and not start.exception()]
        await asyncio.gather(self.provider.close(), self.policies.close(), stop_all(children))
        if self._server:
            await self._server.stop(grace=0)
        self._holder.close()

    async def run(self, registrations: Registrations) -> Child:
        """Serve the program and return it; it has been starting all the while."""
        from sandbox.engine.monitor import Monitor

        assert self._program
        child = await self._program
        child.listen()
        await self._serve(Monitor(self._operation, registrations, preview=self._preview))
        return child

    async def _serve(self, monitor: Monitor | None) -> None:
        import grpc

        from sandbox.engine import protocol
        from sandbox.engine.monitor import Messages

        self._server = grpc.aio.server(options=[*protocol.CHANNEL_OPTIONS, ("grpc.so_reuseport", 1)])
        if monitor:
            protocol.resource_grpc.add_ResourceMonitorServicer_to_server(monitor, self._server)
        protocol.engine_grpc.add_EngineServicer_to_server(Messages(self._reporter), self._server)
        self._server.add_insecure_port(self._address)
        await self._server.start()

    async def stop_program(self) -> None:
        """End the program, which is not to hear that the run has failed."""
        if self._program:
            await (await self._program).stop()

    def kill(self) -> None:
        """End all processes at once."""
        for start in self._started:
            if start.done() and not start.exception():
                start.result().kill()

    async def _open(self, folder: Any, child: asyncio.Task[Child], place: int) -> Any:
        from sandbox.engine import policy, policy_config

        operation = self._operation
        files = operation.policy_config
        config = policy_config.read(files[place]) if place < len(files) else {}
        stack = policy.stack_request(
            project=operation.project.name, stack=operation.stack, preview=self._preview,
            config=operation.config, secret_keys=operation.secret_keys,
        )  # fmt: skip
        return await policy.Pack.open(await child, str(folder), self._address, config, stack)

    def _say(self, line: str, is_error: bool) -> None:  # noqa: FBT001
        self._reporter.diagnostic("info#err" if is_error else "info", line)
