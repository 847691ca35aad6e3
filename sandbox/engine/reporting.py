"""Tells a run's events, secrets masked, and counts what was done."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from sandbox.engine import urns
from sandbox.engine.state import Resource
from sandbox.engine.values import Properties, masked

if TYPE_CHECKING:
    from sandbox.engine.events import Sink
    from sandbox.engine.steps import Step


class Reporter:
    """Emits the events of one run to a sink.

    `preview` and `refresh` say what kind of run it is; a refresh counts what its reads came to.
    """

    def __init__(self, sink: Sink, *, preview: bool, refresh: bool) -> None:
        self._sink = sink
        self._preview = preview
        self._refresh = refresh
        self._began = time.monotonic()
        self.counts: Counter[str] = Counter()
        self.errors = 0
        self.packs: dict[str, str] = {}

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def prelude(self, config: dict[str, str]) -> None:
        self._sink.emit({"preludeEvent": {"config": config}})

    def began(self, step: Step) -> None:
        self._sink.emit({"resourcePreEvent": self._about(step, step.op)})

    def finished(self, step: Step) -> None:
        """Tell that a step is done, and count it if it stands for a change (or none) of its resource."""
        operation, counts = step.op, step.logical
        if self._refresh and step.op == "refresh":
            operation, counts = step.result, True
        if counts and not step.internal:
            self.counts[operation] += 1
        resource = step.resource
        if self._preview or resource.custom or step.op == "delete" or self._refresh:
            self._sink.emit({"resOutputsEvent": self._about(step, operation)})

    def outputs(self, step: Step) -> None:
        """Tell of the outputs that a component or the stack has registered."""
        self._sink.emit({"resOutputsEvent": self._about(step, step.op)})

    def failed(self, step: Step, message: str) -> None:
        """Tell that a step has failed, and why."""
        prefix = "Preview failed: " if self._preview else ""
        self.error(prefix + message, "" if step.internal else step.urn)
        if not self._preview:
            self._sink.emit({"resOpFailedEvent": {**self._about(step, step.op), "status": 0, "steps": 0}})

    def error(self, message: str, urn: str = "") -> None:
        self.errors += 1
        self.diagnostic("error", message, urn)

    def warning(self, message: str, urn: str = "") -> None:
        self.diagnostic("warning", message, urn)

    def info(self, message: str, urn: str = "") -> None:
        self.diagnostic("info", message, urn)

    def diagnostic(self, severity: str, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Tell a message of one of the severities info, info#err, warning, error."""
        prefix = {"error": "error: ", "warning": "warning: ", "debug": "debug: "}.get(severity, "")
        event: dict[str, Any] = {"prefix": prefix, "message": message.rstrip("\n") + "\n", "color": "never"}
        event["severity"] = severity
        if urn:
            event["urn"] = urn
        if ephemeral:
            event["ephemeral"] = True
        self._sink.emit({"diagnosticEvent": event})

    def violation(self, urn: str, finding: dict[str, Any]) -> None:
        """Tell what a policy found; `finding` has message, policyName, policyPackName and
        enforcementLevel."""
        prefix = f"{finding['enforcementLevel']}: "
        message = finding["message"] + "\n"
        self._sink.emit(
            {
                "policyEvent": {
                    **finding,
                    "resourceUrn": urn,
                    "prefix": prefix,
                    "message": message,
                    "color": "never",
                }
            }
        )

    def remediation(self, urn: str, told: dict[str, Any], before: Properties, after: Properties) -> None:
        """Tell that a policy changed the properties of a resource."""
        event = {
            **told,
            "resourceUrn": urn,
            "color": "never",
            "before": masked(before),
            "after": masked(after),
        }
        self._sink.emit({"policyRemediationEvent": event})

    def summary(self, *, succeeded: bool) -> None:
        event = {
            "maybeCorrupt": False,
            "durationSeconds": round(self.seconds),
            "resourceChanges": dict(self.counts),
            "PolicyPacks": self.packs,
            "isPreview": self._preview,
            "result": "succeeded" if succeeded else "failed",
        }
        self._sink.emit({"summaryEvent": event})
        self._sink.emit({"cancelEvent": {}})

    def _about(self, step: Step, operation: str) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "op": sys.intern(operation),
            "urn": step.urn,
            "type": urns.type_of(step.urn),
            "old": _described(step.old),
            "new": _described(step.new),
            "detailedDiff": None,
            "provider": step.resource.provider,
        }
        if step.keys:
            metadata["keys"] = step.keys
        if step.logical:
            metadata["logical"] = True
        return {"metadata": metadata, **({"planning": True} if self._preview else {})}


def _described(resource: Resource | None) -> dict[str, Any] | None:
    """What an event tells of a resource."""
    if resource is None:
        return None
    told: dict[str, Any] = {"type": resource.type, "urn": resource.urn}
    for key, value in (
        ("custom", resource.custom),
        ("delete", resource.delete),
        ("protect", resource.protect),
        ("retainOnDelete", resource.retain_on_delete),
    ):
        if value:
            told[key] = value
    return told | {
        "id": resource.id,
        "parent": resource.parent,
        "inputs": masked(resource.inputs),
        "outputs": masked(resource.outputs),
        "provider": resource.provider,
    }
