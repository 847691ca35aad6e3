"""What the program asks for when it registers a resource, and what of that this engine does not do.

Transforms, hooks, imports, remote components, explicit providers and providers of other languages are
refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.values import Properties
from sandbox.engine.wire import from_struct

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")


class UnsupportedRequestError(EngineError):
    """The program asks for something that only the CLI does."""


@dataclass(frozen=True)
class Alias:
    """Another name that a resource had: a whole URN, or the parts of one that differ."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass
class Goal:
    """A resource as the program wants it; None stands for what it leaves open."""

    type: str
    name: str
    custom: bool
    properties: Properties = field(default_factory=dict, repr=False)
    parent: str = ""
    protect: bool | None = None
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    replace_on_changes: list[str] = field(default_factory=list)
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    hide_diff: list[Any] = field(default_factory=list)

    def inherit(self, parent: Goal) -> None:
        """Take over from the parent what is left open."""
        self.deleted_with = self.deleted_with or parent.deleted_with
        if self.protect is None:
            self.protect = parent.protect
        if self.retain_on_delete is None:
            self.retain_on_delete = parent.retain_on_delete


def from_request(request: Any) -> Goal:
    """The goal of a RegisterResourceRequest; UnsupportedRequestError for what is not known here."""
    _refuse_unsupported(request)
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        properties=from_struct(request.object),
        parent=request.parent,
        protect=request.protect if request.HasField("protect") else None,
        dependencies=list(dict.fromkeys(request.dependencies)),
        property_dependencies={
            k: list(dict.fromkeys(v.urns)) for k, v in request.propertyDependencies.items()
        },
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=list(request.ignoreChanges),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        aliases=[_alias(alias) for alias in request.aliases] + [Alias(urn=urn) for urn in request.aliasURNs],
        custom_timeouts=_timeouts(request),
        replace_on_changes=list(request.replaceOnChanges),
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        deleted_with=request.deletedWith,
        replace_with=list(request.replace_with),
        hide_diff=[[path] for path in request.hideDiffs],
    )


def _refuse_unsupported(request: Any) -> None:
    package = request.type.partition(":")[0]
    unsupported = [
        (request.remote, "remote components"),
        (request.importId, "import"),
        (request.transforms, "transforms"),
        (
            request.HasField("hooks") and any(field_[1] for field_ in request.hooks.ListFields()),
            "resource hooks",
        ),
        (request.state_migrations, "state migrations"),
        (request.HasField("replacement_trigger"), "replacement_trigger"),
        (request.packageRef, "parameterized packages"),
        (urns.is_provider(request.type), "explicit providers"),
        (request.custom and package != urns.DYNAMIC, f"resources of the package '{package}'"),
        (request.provider, "explicit providers"),
    ]
    for asked, what in unsupported:
        if asked:
            raise UnsupportedRequestError(
                f"{request.type} resource '{request.name}': {what} are not known to the stand-in engine, "
                "which runs dynamic resources in Python; use the pulumi CLI"
            )


def _alias(alias: Any) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name, type=spec.type, stack=spec.stack, project=spec.project,
        parent=spec.parentUrn, no_parent=spec.noParent,
    )  # fmt: skip


def _timeouts(request: Any) -> dict[str, float]:
    named = {name: getattr(request.customTimeouts, name) for name in ("create", "update", "delete", "read")}
    return {name: _seconds(text) for name, text in named.items() if text}


def _seconds(duration: str) -> float:
    """The seconds in a duration such as `1h30m`; UnsupportedRequestError if it is none."""
    if not re.fullmatch(rf"(?:{_DURATION.pattern})+", duration):
        raise UnsupportedRequestError(f"custom_timeouts: {duration!r} is no duration such as 90s or 1h30m")
    return sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(duration))
