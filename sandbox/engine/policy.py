"""The policy packs of a run: each a `python -m pulumi.policy`, asked about every resource and about the whole
stack.

A remediation changes the inputs before they are looked at. A mandatory finding fails the run and keeps the
resource from being made; in a preview everything else is still looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import grpc

from sandbox.engine import protocol, urns
from sandbox.engine.children import Child
from sandbox.engine.errors import EngineError
from sandbox.engine.goal import Goal
from sandbox.engine.policy_config import LEVELS, PolicyConfig, reconciled
from sandbox.engine.reporting import Reporter
from sandbox.engine.state import Resource
from sandbox.engine.values import Properties
from sandbox.engine.wire import from_struct, to_struct


class PolicyError(EngineError):
    """A policy pack that could not be run, or a policy that raised."""


class Pack:
    """One policy pack, running and configured."""

    def __init__(self, stub: Any, channel: grpc.aio.Channel, info: Any, config: PolicyConfig) -> None:
        self.name: str = info.name
        self.version: str = info.version
        self._stub = stub
        self._channel = channel
        self.remediates = any(setting.level == "remediate" for setting in config.values())

    @classmethod
    async def open(
        cls, child: Child, folder: str, address: str, config: Mapping[str, Any], stack: Any
    ) -> Pack:
        """Shake hands with a pack's server and configure it; PolicyError if its configuration does not
        fit."""
        channel = grpc.aio.insecure_channel(
            f"127.0.0.1:{await child.port()}", options=protocol.CHANNEL_OPTIONS
        )
        stub = protocol.analyzer_grpc.AnalyzerStub(channel)
        shake = protocol.analyzer.AnalyzerHandshakeRequest(
            engine_address=address, root_directory=folder, program_directory=folder
        )
        await _called(stub.Handshake(shake), optional=True)
        await _called(stub.ConfigureStack(stack), optional=True)
        info = await _called(stub.GetAnalyzerInfo(protocol.Empty()))
        settings, faults = reconciled(info, config)
        if faults:
            raise PolicyError(f"validating policy config: {info.name} {info.version}  {'; '.join(faults)}")
        request = protocol.analyzer.ConfigureAnalyzerRequest(
            policyConfig={
                name: protocol.analyzer.PolicyConfig(
                    enforcementLevel=LEVELS.index(setting.level), properties=to_struct(setting.properties)
                )
                for name, setting in settings.items()
            }
        )
        await _called(stub.Configure(request))
        return cls(stub, channel, info, settings)

    async def remediate(self, request: Any) -> list[Any]:
        answer = await _called(self._stub.Remediate(request), optional=True)
        return list(answer.remediations) if answer else []

    async def analyze(self, request: Any) -> list[Any]:
        return list((await _called(self._stub.Analyze(request))).diagnostics)

    async def analyze_stack(self, request: Any) -> list[Any]:
        answer = await _called(self._stub.AnalyzeStack(request), optional=True)
        return list(answer.diagnostics) if answer else []

    async def close(self) -> None:
        await self._channel.close()


class Policies:
    """All packs of a run; none is a run without policies."""

    def __init__(self, packs: Iterable[asyncio.Task[Pack]], reporter: Reporter) -> None:
        self._opening = list(packs)
        self._reporter = reporter

    async def opened(self) -> None:
        """Return when all packs are ready; PolicyError if one cannot be used."""
        await self._packs()

    async def remediate(self, new: Resource, goal: Goal, provider: Resource | None) -> None:
        """Let the packs change the inputs of a new state, one after the other."""
        for pack in await self._packs():
            if not pack.remediates:
                continue
            request = protocol.analyzer.AnalyzeRequest(
                **_about(
                    new, new.inputs, goal.delete_before_replace, goal.ignore_changes, provider, hidden=False
                )
            )
            for told in await pack.remediate(request):
                self._take(told, new)

    async def analyze(self, new: Resource, goal: Goal, provider: Resource | None) -> bool:
        """Let the packs look at the inputs of a new state; whether a mandatory policy is violated."""
        packs = await self._packs()
        if not packs:
            return False
        request = protocol.analyzer.AnalyzeRequest(
            **_about(new, new.inputs, goal.delete_before_replace, goal.ignore_changes, provider, hidden=True)
        )
        found = await asyncio.gather(*(pack.analyze(request) for pack in packs))
        return self._tell([(new.urn, finding) for findings in found for finding in findings])

    async def analyze_stack(
        self, resources: list[Resource], goals: Mapping[str, Goal], providers: Mapping[str, Resource]
    ) -> bool:
        """Let the packs look at the outputs of all resources; whether a mandatory policy is violated."""
        packs = await self._packs()
        if not packs:
            return False
        known = {resource.urn: resource for resource in resources}
        stack = next((urn for urn, resource in known.items() if resource.is_stack), "")
        request = protocol.analyzer.AnalyzeStackRequest()
        for resource in resources:
            goal = goals.get(resource.urn)
            provider = providers.get(urns.provider_urn(resource.provider))
            about = _about(
                resource, resource.outputs, goal.delete_before_replace if goal else None,
                resource.ignore_changes, provider, hidden=True,
            )  # fmt: skip
            links = {
                key: protocol.analyzer.AnalyzerPropertyDependencies(urns=several)
                for key, several in resource.property_dependencies.items() if several
            }  # fmt: skip
            request.resources.add(
                **about,
                parent=resource.parent,
                dependencies=resource.dependencies,
                propertyDependencies=links,
            )
        found = await asyncio.gather(*(pack.analyze_stack(request) for pack in packs))
        return self._tell([(x.urn if x.urn in known else stack, x) for findings in found for x in findings])

    async def names(self) -> dict[str, str]:
        """The versions of the packs by name."""
        return {pack.name: pack.version for pack in await self._packs()}

    async def close(self) -> None:
        for opening in self._opening:
            opening.cancel()
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                await opening.result().close()

    async def _packs(self) -> list[Pack]:
        return [await asyncio.shield(opening) for opening in self._opening]

    def _take(self, told: Any, new: Resource) -> None:
        if told.diagnostic:
            self._tell_one(new.urn, told, "advisory", told.diagnostic)
            return
        after = from_struct(told.properties)
        self._reporter.remediation(new.urn, _policy(told), new.inputs, after)
        new.inputs = after

    def _tell(self, findings: list[tuple[str, Any]]) -> bool:
        mandatory = False
        for urn, finding in findings:
            level = LEVELS[finding.enforcementLevel]
            level = "mandatory" if level == "remediate" else level
            mandatory = mandatory or level == "mandatory"
            self._tell_one(urn, finding, level, finding.message)
        return mandatory

    def _tell_one(self, urn: str, told: Any, level: str, message: str) -> None:
        self._reporter.violation(urn, {**_policy(told), "message": message, "enforcementLevel": level})


def stack_request(
    *, project: str, stack: str, preview: bool, config: Mapping[str, str], secret_keys: Iterable[str]
) -> Any:
    """What a pack's server is told of the stack."""
    return protocol.analyzer.AnalyzerStackConfigureRequest(
        project=project, stack=stack, organization="organization", dry_run=preview, config=dict(config),
        config_secret_keys=sorted(secret_keys),
    )  # fmt: skip


def _policy(told: Any) -> dict[str, str]:
    return {
        "policyName": told.policyName,
        "policyPackName": told.policyPackName,
        "policyPackVersion": told.policyPackVersion,
        "policyPackVersionTag": told.policyPackVersion,
    }


def _about(
    resource: Resource,
    properties: Properties,
    delete_first: bool | None,  # noqa: FBT001 - three-valued
    ignored: list[str],
    provider: Resource | None,
    *,
    hidden: bool,
) -> dict[str, Any]:
    """What a policy is told of a resource; `hidden` leaves out properties that are Pulumi's own."""
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "properties": _shown(properties, hidden=hidden),
        "options": protocol.analyzer.AnalyzerResourceOptions(
            protect=resource.protect,
            ignoreChanges=ignored,
            deleteBeforeReplace=bool(delete_first),
            deleteBeforeReplaceDefined=delete_first is not None,
            additionalSecretOutputs=resource.additional_secret_outputs,
            customTimeouts=protocol.analyzer.AnalyzerResourceOptions.CustomTimeouts(**resource.custom_timeouts),
            parent=resource.parent,
        ),
        "provider": provider and protocol.analyzer.AnalyzerProviderResource(
            urn=provider.urn, type=provider.type, name=provider.name,
            properties=_shown(provider.inputs, hidden=True),
        ),
    }  # fmt: skip


def _shown(properties: Properties, *, hidden: bool) -> Any:
    shown = {key: value for key, value in properties.items() if not (hidden and key.startswith("__"))}
    return to_struct(shown, secrets=True)


async def _called(call: Any, *, optional: bool = False) -> Any:
    """The answer of a policy server; None if it does not know an optional call."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        if optional and error.code() == grpc.StatusCode.UNIMPLEMENTED:
            return None
        raise PolicyError(f"failed to run policy: {(error.details() or str(error.code())).strip()}") from None
