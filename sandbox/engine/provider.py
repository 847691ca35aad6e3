"""The client of `python -m pulumi.dynamic`, which makes, changes and deletes all dynamic objects of a run.

That server takes no secrets: they are given to it in plain, and what it answers under the name of a secret is
made one again. It is started when a run begins, and waited for at the first call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc

from sandbox.engine import protocol, urns
from sandbox.engine.children import Child
from sandbox.engine.errors import EngineError
from sandbox.engine.paths import with_ignored
from sandbox.engine.state import Resource
from sandbox.engine.values import Properties, same, unwrapped, with_secrets_of
from sandbox.engine.wire import from_struct, to_struct

UNKNOWN_CHANGES, NO_CHANGES, SOME_CHANGES = 0, 1, 2


class ProviderError(EngineError):
    """A provider call that failed; the text is the provider's."""


@dataclass(frozen=True)
class CheckFailure:
    """What a provider refuses of an input; `property` is empty if it is the object as a whole."""

    property: str
    reason: str


@dataclass(frozen=True)
class Diff:
    """Whether an object differs from what is wanted, and which properties need a new one.

    `changed_keys` are known only where the engine has compared the inputs itself.
    """

    changes: bool
    replaces: list[str] = field(default_factory=list)
    delete_before_replace: bool = False
    changed_keys: list[str] = field(default_factory=list)


class Provider:
    """The dynamic provider of one run.

    `child` is its server as it starts, `start` starts another one.
    """

    def __init__(self, child: asyncio.Task[Child], start: Callable[[], asyncio.Task[Child]]) -> None:
        self._child = child
        self._start = start
        self._config: Properties = {}
        self._opening: asyncio.Task[Any] | None = None
        self._channels: list[grpc.aio.Channel] = []

    def configure(self, config: Properties) -> None:
        """Set what the calls from now on are configured with.

        A server keeps the settings that a provider first had, so other settings need another server.
        """
        if self._opening and not same(config, self._config):
            self._child, self._opening = self._start(), None
        self._config = config

    async def check(
        self, urn: str, old: Properties, new: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        """The inputs as the provider takes them, and what it refuses; `old` is empty for a new object."""
        request = protocol.provider.CheckRequest(
            urn=urn, name=urns.name_of(urn), type=urns.type_of(urn), olds=to_struct(old), news=to_struct(new)
        )
        answer = await self._call("Check", request)
        failures = [CheckFailure(failure.property, failure.reason) for failure in answer.failures]
        return with_secrets_of(from_struct(answer.inputs), new), failures

    async def diff(
        self,
        urn: str,
        id_: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new: Properties,
        ignored: list[str],
    ) -> Diff:
        """How an object differs from new inputs; where the provider does not say, by comparing the inputs."""
        request = protocol.provider.DiffRequest(
            id=id_, urn=urn, name=urns.name_of(urn), type=urns.type_of(urn), old_inputs=to_struct(old_inputs),
            olds=to_struct(old_outputs), news=to_struct(new), ignoreChanges=ignored,
        )  # fmt: skip
        answer = await self._call("Diff", request)
        replaces, first = list(answer.replaces), answer.deleteBeforeReplace
        if answer.changes != UNKNOWN_CHANGES:
            return Diff(answer.changes == SOME_CHANGES, replaces, first)
        wanted, _ = with_ignored(new, old_inputs, ignored)
        changed = _changed_keys(unwrapped(old_inputs), unwrapped(wanted))
        return Diff(bool(changed), replaces, first, changed)

    async def create(self, new: Resource) -> tuple[str, Properties]:
        """Make an object; its id and outputs."""
        request = protocol.provider.CreateRequest(
            urn=new.urn, name=new.name, type=new.type, properties=to_struct(new.inputs),
            timeout=new.custom_timeouts.get("create", 0),
        )  # fmt: skip
        answer = await self._call("Create", request)
        if not answer.id:
            raise ProviderError(f"plugin returned empty resource.ID from create '{new.urn}'")
        return answer.id, with_secrets_of(from_struct(answer.properties), new.inputs)

    async def update(self, old: Resource, new: Resource) -> Properties:
        """Change an object; its outputs from then on."""
        request = protocol.provider.UpdateRequest(
            id=old.id, urn=new.urn, name=new.name, type=new.type, old_inputs=to_struct(old.inputs),
            olds=to_struct(old.outputs), news=to_struct(new.inputs), ignoreChanges=new.ignore_changes,
            timeout=new.custom_timeouts.get("update", 0),
        )  # fmt: skip
        answer = await self._call("Update", request)
        return with_secrets_of(from_struct(answer.properties), new.inputs)

    async def read(self, old: Resource) -> tuple[str, Properties | None, Properties]:
        """What an object is now: its id (empty if it is gone), its inputs if the provider tells them, its
        outputs."""
        request = protocol.provider.ReadRequest(
            id=old.id, urn=old.urn, name=old.name, type=old.type, inputs=to_struct(old.inputs),
            properties=to_struct(old.outputs),
        )  # fmt: skip
        answer = await self._call("Read", request)
        inputs = (
            with_secrets_of(from_struct(answer.inputs), old.inputs) if answer.HasField("inputs") else None
        )
        return answer.id, inputs, with_secrets_of(from_struct(answer.properties), old.outputs)

    async def delete(self, old: Resource) -> None:
        """Delete an object."""
        request = protocol.provider.DeleteRequest(
            id=old.id, urn=old.urn, name=old.name, type=old.type, old_inputs=to_struct(old.inputs),
            properties=to_struct(old.outputs), timeout=old.custom_timeouts.get("delete", 0),
        )  # fmt: skip
        await self._call("Delete", request)

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    async def _call(self, method: str, request: Any) -> Any:
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
        stub = await asyncio.shield(self._opening)
        try:
            return await getattr(stub, method)(request)
        except grpc.aio.AioRpcError as error:
            raise ProviderError(_told(error)) from None

    async def _open(self) -> Any:
        """The stub of the configured server."""
        child = await self._child
        address = f"127.0.0.1:{await child.port()}"
        channel = grpc.aio.insecure_channel(address, options=protocol.CHANNEL_OPTIONS)
        self._channels.append(channel)
        stub = protocol.provider_grpc.ResourceProviderStub(channel)
        plain = {k: str(unwrapped(v)) for k, v in self._config.items()}
        request = protocol.provider.ConfigureRequest(
            variables={f"{urns.DYNAMIC}:config:{k}": v for k, v in plain.items()},
            args=to_struct(self._config, secrets=True), acceptSecrets=True, acceptResources=True,
        )  # fmt: skip
        try:
            await stub.Configure(request)
        except grpc.aio.AioRpcError as error:
            raise ProviderError(_told(error)) from None
        return stub


def _changed_keys(old: Properties, new: Properties) -> list[str]:
    everything = dict.fromkeys([*old, *new])
    return [key for key in everything if not (key in old and key in new and same(old[key], new[key]))]


def _told(error: grpc.aio.AioRpcError) -> str:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return "the provider process has ended in the middle of its work"
    return (error.details() or str(error.code())).strip()
