"""The engine's end of the gRPC that the program speaks: ResourceMonitor and Engine.

Invokes, reads of foreign resources, transforms and hooks are refused in one line, which ends the run.
"""

from __future__ import annotations

from typing import Any, NoReturn

import grpc

from sandbox.engine import protocol
from sandbox.engine.errors import EngineError
from sandbox.engine.executor import StoppedError
from sandbox.engine.goal import UnsupportedRequestError, from_request
from sandbox.engine.operations import Operation
from sandbox.engine.registration import Registrations
from sandbox.engine.reporting import Reporter
from sandbox.engine.wire import from_struct, to_struct

FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "ALIAS_SPECS",
    "DELETED_WITH",
    "REPLACE_WITH",
    "REPLACEMENT_TRIGGER",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
    "RESOURCE_HOOKS",
    "ERROR_HOOKS",
)
"""What the SDK may send; transforms, hooks and triggers only so that their refusal is ours, not the SDK's."""

SEVERITIES = ("debug", "info", "warning", "error")


class Monitor(protocol.resource_grpc.ResourceMonitorServicer):  # type: ignore[misc]
    """Answers the program's ResourceMonitor calls. Method names are the protocol's."""

    def __init__(self, operation: Operation, registrations: Registrations, *, preview: bool) -> None:
        self._operation = operation
        self._registrations = registrations
        self._preview = preview

    async def GetDeploymentInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        operation = self._operation
        prefix = "RESOURCE_MONITOR_FEATURE_"
        return protocol.resource.DeploymentInfo(
            project=operation.project.name, stack=operation.stack, organization="organization",
            config=dict(operation.config), configSecretKeys=sorted(operation.secret_keys),
            dryRun=self._preview, parallel=operation.parallel,
            supportedFeatures=[getattr(protocol.resource, prefix + feature) for feature in FEATURES],
        )  # fmt: skip

    async def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        registrations = self._registrations
        try:
            try:
                goal = from_request(request)
            except EngineError as error:
                raise registrations.refuse(error) from None
            registered = await registrations.register(goal)
        except StoppedError:
            await self._leave_waiting(context)
        resource = registered.resource
        return protocol.resource.RegisterResourceResponse(
            urn=resource.urn,
            id=resource.id,
            # A component's outputs may refer to what is not registered yet, so they are not given back.
            object=to_struct(resource.outputs if resource.custom else {}, secrets=True, references=True),
            result=protocol.resource.SUCCESS,
            unknown=registered.unknown,
        )

    async def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        try:
            self._registrations.register_outputs(request.urn, from_struct(request.outputs))
        except StoppedError:
            await self._leave_waiting(context)
        return protocol.Empty()

    async def SignalAndWaitForShutdown(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        self._registrations.complete.set()
        await self._registrations.closed.wait()
        return protocol.Empty()

    async def Invoke(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse(f"the function {request.tok}", context)

    async def Call(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse(f"the method {request.tok}", context)

    async def ReadResource(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse(f"reading the foreign resource {request.type} '{request.name}'", context)

    async def RegisterPackage(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse(f"the package {request.name}", context)

    async def RegisterStackTransform(self, _request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse("a stack transform", context)

    async def RegisterStackInvokeTransform(self, _request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse("a stack transform", context)

    async def RegisterResourceHook(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse(f"the resource hook {request.name}", context)

    async def RegisterErrorHook(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        await self._refuse(f"the error hook {request.name}", context)

    async def _refuse(self, what: str, context: Any) -> NoReturn:
        message = f"the program asks for {what}, which the stand-in engine does not know; use the pulumi CLI"
        self._registrations.refuse(UnsupportedRequestError(message))
        await self._leave_waiting(context)

    async def _leave_waiting(self, context: Any) -> NoReturn:
        """Leave a call unanswered until the run is over."""
        await self._registrations.closed.wait()
        await context.abort(grpc.StatusCode.UNAVAILABLE, "the engine has shut down")
        raise AssertionError


class Messages(protocol.engine_grpc.EngineServicer):  # type: ignore[misc]
    """Takes the messages of the program, and of the provider and policies if they send any."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._root = ""

    async def Log(self, request: Any, _context: Any) -> Any:  # noqa: N802
        severity = SEVERITIES[request.severity]
        if severity == "error":
            self._reporter.error(request.message, request.urn)
        elif severity != "debug":
            self._reporter.diagnostic(severity, request.message, request.urn, ephemeral=request.ephemeral)
        return protocol.Empty()

    async def GetRootResource(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return protocol.engine.GetRootResourceResponse(urn=self._root)

    async def SetRootResource(self, request: Any, _context: Any) -> Any:  # noqa: N802
        self._root = request.urn
        return protocol.engine.SetRootResourceResponse()

    async def RequirePulumiVersion(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return protocol.engine.RequirePulumiVersionResponse()
