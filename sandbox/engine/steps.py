"""One thing done to one resource: its kind, the states before and after, and doing it.

Steps are made by planning and done by the executor. In a preview no provider is called: what was given to an
object stands in for what it will be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sandbox.engine import state, urns
from sandbox.engine.errors import EngineError
from sandbox.engine.provider import Provider
from sandbox.engine.snapshot import Snapshot
from sandbox.engine.state import Resource
from sandbox.engine.values import same

Op = Literal[
    "same", "create", "update", "delete", "replace", "create-replacement", "delete-replaced", "refresh",
    "remove-pending-replace",
]  # fmt: skip


class ProtectedError(EngineError):
    """A protected resource was to be deleted."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted\nbecause it is protected. Take `protect` away from it in '
            "the program and run `pulumi up` first"
        )


@dataclass
class Step:
    """A step.

    `keys` are the properties that make a replacement needed; `pending` means: the old object is deleted later
    (create-replacement, replace), or is to be made anew later (delete-replaced). `skipped` marks the same of
    a resource that was to be made but is no target: it is in no state. `result` is what a refresh came to.
    """

    op: Op
    old: Resource | None = None
    new: Resource | None = None
    keys: list[str] = field(default_factory=list)
    pending: bool = False
    skipped: bool = False
    result: Op = "same"

    @property
    def resource(self) -> Resource:
        """The state that the step is about: the new one if there is one."""
        resource = self.new or self.old
        assert resource
        return resource

    @property
    def urn(self) -> str:
        return self.resource.urn

    @property
    def logical(self) -> bool:
        """Whether the step by itself tells what becomes of its resource."""
        return self.op in ("same", "create", "update", "delete", "replace")

    @property
    def internal(self) -> bool:
        """Whether the step is the engine's own affair, and counted nowhere."""
        return self.op == "remove-pending-replace" or urns.is_default_provider(self.urn)


class Doer:
    """Does steps: calls the provider and enters what comes of it in the snapshot.

    `deleted` are the URNs that this run deletes, which those that go with one of them have to know.
    """

    def __init__(
        self, provider: Provider, snapshot: Snapshot, deleted: Mapping[str, bool], *, preview: bool
    ) -> None:
        self._provider = provider
        self._snapshot = snapshot
        self._deleted = deleted
        self._preview = preview

    async def do(self, step: Step) -> None:
        """Do a step; ProviderError if the provider fails, ProtectedError, or what the snapshot raises.

        After a failure the snapshot is as it was before.
        """
        if step.op == "same":
            self._same(step)
        elif step.op in ("create", "create-replacement"):
            await self._create(step)
        elif step.op == "update":
            await self._update(step)
        elif step.op in ("delete", "delete-replaced"):
            await self._delete(step)
        elif step.op == "refresh":
            await self._refresh(step)
        elif step.op == "remove-pending-replace":
            assert step.old
            self._snapshot.gone(step.old)

    def enter(self, step: Step) -> None:
        """Enter a step that is done in the snapshot."""
        old, new = step.old, step.new
        if step.op == "same" and not step.skipped:
            assert old
            assert new
            unchanged = _unchanged(old, new)
            if unchanged:
                new.original = old.original
            self._snapshot.gone(old, quietly=True)
            self._snapshot.made(new, unchanged=unchanged)
        elif step.op in ("create", "create-replacement", "update"):
            assert new
            replaced = step.op == "create-replacement" and old is not None and old.pending_replacement
            if old and (step.op == "update" or replaced):
                self._snapshot.gone(old, quietly=True)
            self._snapshot.made(new)
        elif step.op in ("delete", "delete-replaced"):
            assert old
            if not old.pending_replacement:
                self._snapshot.gone(old)

    def _same(self, step: Step) -> None:
        if step.skipped:
            return
        assert step.old
        assert step.new
        step.new.id = step.old.id
        step.new.outputs = step.old.outputs

    async def _create(self, step: Step) -> None:
        new = step.new
        assert new
        if new.custom:
            if self._preview:
                new.outputs = new.inputs
            elif new.is_provider:
                from uuid import uuid4

                new.id, new.outputs = str(uuid4()), new.inputs
            else:
                await self._snapshot.begun(new, "creating")
                try:
                    new.id, new.outputs = await self._provider.create(new)
                finally:
                    self._snapshot.ended(new)
        new.created = new.modified = state.now()
        if step.op == "create-replacement" and step.pending:
            assert step.old
            step.old.delete = True
            self._snapshot.changed(step.old)

    async def _update(self, step: Step) -> None:
        old, new = step.old, step.new
        assert old
        assert new
        provides = new.custom and not self._preview and not new.is_provider
        if provides:
            await self._snapshot.begun(new, "updating")
        new.id, new.created, new.modified = old.id, old.created, old.modified
        if provides:
            try:
                new.outputs = await self._provider.update(old, new)
            finally:
                self._snapshot.ended(new)
        elif new.custom:
            new.outputs = new.inputs
        if new.custom:
            new.modified = state.now()

    async def _delete(self, step: Step) -> None:
        old = step.old
        assert old
        if step.op == "delete" and old.protect:
            raise ProtectedError(old.urn)
        spared = old.external or old.retain_on_delete or bool(self._deleted.get(old.deleted_with))
        if not self._preview and old.custom and not old.is_provider and not spared:
            await self._snapshot.begun(old, "deleting")
            try:
                await self._provider.delete(old)
            finally:
                self._snapshot.ended(old)
        if step.pending:
            old.pending_replacement = True
            self._snapshot.changed(old)

    async def _refresh(self, step: Step) -> None:
        old = step.old
        assert old
        if not old.custom or old.is_provider or old.pending_replacement:
            return
        id_, inputs, outputs = await self._provider.read(old)
        if not id_:
            step.new, step.result = None, "delete"
            return
        new = old.copy(
            id=id_, inputs=old.inputs if inputs is None else inputs, outputs=outputs, init_errors=[]
        )
        if not (same(new.inputs, old.inputs) and same(new.outputs, old.outputs)):
            new.modified = state.now()
        elif new.id == old.id:
            new.original = old.original
        step.new = new
        difference = await self._provider.diff(
            new.urn, new.id, new.inputs, new.outputs, old.inputs, old.ignore_changes
        )
        step.result = "update" if difference.changes else "same"


_WRITTEN_FIELDS = (
    "urn",
    "type",
    "custom",
    "id",
    "provider",
    "parent",
    "protect",
    "retain_on_delete",
    "deleted_with",
    "replace_with",
    "custom_timeouts",
    "additional_secret_outputs",
    "ignore_changes",
    "replace_on_changes",
    "hide_diff",
    "import_id",
)


def _unchanged(old: Resource, new: Resource) -> bool:
    """Whether a state that stays the same differs in nothing that a checkpoint holds."""
    if any(getattr(old, name) != getattr(new, name) for name in _WRITTEN_FIELDS):
        return False
    links = {key: sorted(several) for key, several in old.property_dependencies.items() if several}
    return (
        sorted(old.dependencies) == sorted(new.dependencies)
        and links == {key: sorted(several) for key, several in new.property_dependencies.items() if several}
        and same(old.inputs, new.inputs)
        and same(old.outputs, new.outputs)
    )
