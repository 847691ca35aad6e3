"""One resource as the engine knows it, and its form in a checkpoint.

Source positions and stack traces of the program are not kept: they change nothing in what a run does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from sandbox.engine import urns
from sandbox.engine.values import Properties, from_state, to_state

_PLAIN_FIELDS = {
    "custom": "custom",
    "delete": "delete",
    "id": "id",
    "parent": "parent",
    "protect": "protect",
    "taint": "taint",
    "external": "external",
    "dependencies": "dependencies",
    "initErrors": "init_errors",
    "provider": "provider",
    "propertyDependencies": "property_dependencies",
    "pendingReplacement": "pending_replacement",
    "additionalSecretOutputs": "additional_secret_outputs",
    "customTimeouts": "custom_timeouts",
    "importID": "import_id",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "replaceWith": "replace_with",
    "created": "created",
    "modified": "modified",
    "ignoreChanges": "ignore_changes",
    "hideDiff": "hide_diff",
    "replaceOnChanges": "replace_on_changes",
}


@dataclass(eq=False)
class Resource:
    """A resource; two of one URN may exist, when an old one still waits to be deleted.

    `original` is what the checkpoint held, as long as nothing in it has changed.
    """

    urn: str
    type: str
    custom: bool = False
    delete: bool = False
    id: str = ""
    inputs: Properties = field(default_factory=dict, repr=False)
    outputs: Properties = field(default_factory=dict, repr=False)
    parent: str = ""
    protect: bool = False
    taint: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[Any] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    original: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return urns.name_of(self.urn)

    @property
    def is_provider(self) -> bool:
        return urns.is_provider(self.type)

    @property
    def is_stack(self) -> bool:
        return self.type == urns.STACK_TYPE

    def needs(self) -> list[str]:
        """The URNs it depends on, but for its parent and its provider."""
        found = dict.fromkeys(self.dependencies)
        for several in self.property_dependencies.values():
            found.update(dict.fromkeys(several))
        found.update(dict.fromkeys(self.replace_with))
        if self.deleted_with:
            found[self.deleted_with] = None
        return list(found)

    def copy(self, **changes: Any) -> Resource:
        """A copy that is no longer what the checkpoint held."""
        return replace(self, **{"original": None, **changes})


def now() -> str:
    """The time as a checkpoint tells it."""
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


def read(content: Mapping[str, Any], decrypt: Callable[[str], str]) -> Resource:
    """The resource that a checkpoint's entry describes; the errors are those of `decrypt`."""
    known = {name: content[key] for key, name in _PLAIN_FIELDS.items() if content.get(key) is not None}
    return Resource(
        urn=content["urn"],
        type=content["type"],
        inputs=from_state(content.get("inputs") or {}, decrypt),
        outputs=from_state(content.get("outputs") or {}, decrypt),
        original=content,
        **known,
    )


def written(resource: Resource, seal: Callable[[str], Mapping[str, str]]) -> dict[str, Any]:
    """The checkpoint's entry of a resource, empty members left out but for `custom`."""
    entry: dict[str, Any] = {"urn": resource.urn, "custom": resource.custom, "type": resource.type}
    if resource.inputs:
        entry["inputs"] = to_state(resource.inputs, seal)
    if resource.outputs:
        entry["outputs"] = to_state(resource.outputs, seal)
    for key, name in _PLAIN_FIELDS.items():
        value = getattr(resource, name)
        if value and key not in entry:
            entry[key] = value
    return entry
