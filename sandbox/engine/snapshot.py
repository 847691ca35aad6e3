"""The state of a stack while a run changes it, and when it is written.

What the run has made comes first, then what it has not yet come to of what was there before, then what is
under way (`pending_operations`). A provider is called only after the mark of that call is on disk (`begun`).
Writes are grouped: while one is being done, all that changes meanwhile waits for the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.engine import VERSION, state
from sandbox.engine.decisions import ReportedError
from sandbox.engine.state import Resource

Deployment = dict[str, Any]


class Snapshot:
    """The resources of a stack before and during a run.

    `save` puts a deployment on disk and returns when it is there; None for a preview, which writes nothing. A
    save that failed is raised by every `begun` and `flushed` from then on.
    """

    def __init__(
        self,
        deployment: Deployment | None,
        seal: Callable[[str], Mapping[str, str]],
        decrypt: Callable[[str], str],
        save: Callable[[Deployment], None] | None,
        salt: str,
    ) -> None:
        deployment = deployment or {}
        self.before = [state.read(entry, decrypt) for entry in deployment.get("resources") or ()]
        self.pending_before: list[Mapping[str, Any]] = list(deployment.get("pending_operations") or ())
        self._rest: Deployment = {
            key: deployment[key] for key in ("metadata", "snippets", "extensions") if key in deployment
        }
        self._secrets = deployment.get("secrets_providers") or {"type": "passphrase", "state": {"salt": salt}}
        self._seal = seal
        self._save = save
        self._made: dict[Resource, None] = {}
        self._done: set[Resource] = set()
        self._pending: dict[Resource, str] = {}
        self._renamed: dict[str, str] = {}
        self._entries: dict[Resource, Mapping[str, Any]] = {}
        self._version = self._written = 0
        self._writing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        if any(operation["type"] != "creating" for operation in self.pending_before):
            self._version += 1

    @property
    def resources(self) -> list[Resource]:
        """What the state holds now."""
        return [*self._made, *(resource for resource in self.before if resource not in self._done)]

    async def begun(self, resource: Resource, operation: str) -> None:
        """Return when it is on disk that a provider is about to be asked for an operation."""
        self._pending[resource] = operation
        self._version += 1
        try:
            await self.flushed()
        except ReportedError:
            del self._pending[resource]
            raise

    def ended(self, resource: Resource) -> None:
        """Note that the operation which was begun on a resource is over, whatever came of it."""
        if self._pending.pop(resource, None):
            self._changed()

    def made(self, resource: Resource, *, unchanged: bool = False) -> None:
        """Take in a new state; one that differs in nothing from what is on disk need not be written."""
        self._entries.pop(resource, None)
        self._made[resource] = None
        if not unchanged:
            self._changed()

    def gone(self, resource: Resource, *, quietly: bool = False) -> None:
        """Let go of an old state; quietly if another one took its place."""
        self._done.add(resource)
        if not quietly:
            self._changed()

    def changed(self, resource: Resource) -> None:
        """Note that a resource which the state holds was changed in place."""
        resource.original = None
        self._entries.pop(resource, None)
        self._changed()

    def renamed(self, old: str, new: str) -> None:
        """Note that a resource goes by another URN, so that those who name it are written with the new
        one."""
        self._renamed[old] = new

    def rebased(self, resources: list[Resource]) -> None:
        """Put other resources in the place of those before the run, as a refresh found them."""
        unchanged = resources == self.before
        self.before = resources
        if not unchanged:
            self._changed()

    def clear_pending(self) -> None:
        """Forget the creates that an earlier run did not see the end of."""
        if self.pending_before:
            self.pending_before = []
            self._changed()

    def freeze(self) -> None:
        """Write nothing more: what is on disk tells best what an abandoned run was doing."""
        self._save = None

    async def flushed(self) -> None:
        """Return when all that has changed so far is on disk."""
        wanted = self._version
        while self._save and self._written < wanted and not self._failure:
            await asyncio.shield(self._writer())
        if self._failure:
            raise ReportedError(str(self._failure))

    async def finished(self) -> None:
        """Write what is not written yet, trying anew if a write has failed; raises what `save` raised."""
        failure, self._failure = self._failure, None
        with contextlib.suppress(ReportedError):
            await self.flushed()
        if self._failure or failure:
            raise self._failure or failure

    def deployment(self) -> Deployment:
        """The state as a checkpoint holds it under `latest`."""
        entries: list[Any] = [self._entry(resource) for resource in self.resources]
        pending: list[Any] = [
            {"resource": self._entry(resource), "type": kind} for resource, kind in self._pending.items()
        ]
        pending += [operation for operation in self.pending_before if operation["type"] == "creating"]
        return {
            "manifest": {
                "time": state.now(),
                "magic": hashlib.sha256(VERSION.encode()).hexdigest(),
                "version": VERSION,
            },
            "secrets_providers": self._secrets,
            **({"resources": entries} if entries else {}),
            **({"pending_operations": pending} if pending else {}),
            "metadata": {},
            **self._rest,
        }

    def _changed(self) -> None:
        self._version += 1
        if self._save and not self._failure:
            self._writer()

    def _writer(self) -> asyncio.Task[None]:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())
        return self._writing

    async def _write(self) -> None:
        while self._save and self._written < self._version and not self._failure:
            version = self._version
            deployment = self.deployment()
            try:
                await asyncio.to_thread(self._save, deployment)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised to those who wait
                self._failure = error
                return
            self._written = version

    def _entry(self, resource: Resource) -> Mapping[str, Any]:
        entry = self._entries.get(resource)
        if entry is None:
            entry = resource.original or state.written(resource, self._seal)
            self._entries[resource] = entry
        return entry if not self._renamed else self._with_new_names(entry)

    def _with_new_names(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        def new(urn: str) -> str:
            return self._renamed.get(urn, urn)

        changed = dict(entry)
        for key in ("parent", "deletedWith"):
            if key in changed:
                changed[key] = new(changed[key])
        for key in ("dependencies", "replaceWith"):
            if key in changed:
                changed[key] = [new(urn) for urn in changed[key]]
        if "provider" in changed:
            urn, _, id_ = changed["provider"].rpartition("::")
            changed["provider"] = f"{new(urn)}::{id_}"
        if "propertyDependencies" in changed:
            links = changed["propertyDependencies"]
            changed["propertyDependencies"] = {k: [new(urn) for urn in v or ()] for k, v in links.items()}
        return changed
