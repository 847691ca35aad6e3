"""What a run's events say so far: a row for each resource, messages, policy findings, outputs, the summary.

This is the model that both displays show; it prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine.events import Event

STACK_TYPE = "pulumi:pulumi:Stack"
PREFIXES = {
    "create": "+ ",
    "update": "~ ",
    "delete": "- ",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "refresh": "~ ",
    "read": "> ",
    "read-replacement": ">>",
    "discard": "< ",
    "discard-replaced": "<<",
    "import": "= ",
    "import-replacement": "=>",
}
DOING = {
    "create": "creating",
    "update": "updating",
    "delete": "deleting",
    "replace": "replacing",
    "create-replacement": "creating replacement",
    "delete-replaced": "deleting original",
    "refresh": "refreshing",
    "read": "reading",
    "discard": "discarding",
    "discard-replaced": "discarding original",
}
DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "created replacement",
    "delete-replaced": "deleted original",
    "read": "read",
    "discard": "discarded",
    "discard-replaced": "discarded original",
}
PROPOSED = {"create-replacement": "create replacement", "delete-replaced": "delete original"}


@dataclass
class Row:
    """One resource in the display; `state` is waiting, doing, done or failed."""

    urn: str
    op: str = "same"
    state: str = "waiting"
    parent: str = ""
    diff: str = ""
    began: float = 0.0
    ended: float = 0.0
    errors: int = 0
    warnings: int = 0
    messages: list[tuple[str, str]] = field(default_factory=list)

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rpartition("$")[2] if self.urn.count("::") >= 2 else ""

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[3] if self.urn.count("::") >= 3 else self.urn

    @property
    def is_stack(self) -> bool:
        return self.type == STACK_TYPE

    @property
    def is_shown(self) -> bool:
        """Whether there is something to tell of it; default providers are of no interest while they work."""
        if self.messages or self.state == "failed":
            return True
        return self.op != "same" and not self.type.startswith("pulumi:providers:")


class Rows:
    """Takes events in; the rows are in the order in which resources first came up."""

    def __init__(self, stack_urn: str, *, preview: bool) -> None:
        self.preview = preview
        self.stack_urn = stack_urn
        self.by_urn: dict[str, Row] = {}
        self.policies: list[Mapping[str, Any]] = []
        self.remediations: list[Mapping[str, Any]] = []
        self.outputs: Mapping[str, Any] | None = None
        self.old_outputs: Mapping[str, Any] | None = None
        self.summary: Mapping[str, Any] | None = None

    def take(self, event: Event) -> Row | None:
        """Take an event in; the row that it changed, if any."""
        if "resourcePreEvent" in event:
            return self._began(event["resourcePreEvent"]["metadata"])
        if "resOutputsEvent" in event:
            return self._ended(event["resOutputsEvent"]["metadata"], "done")
        if "resOpFailedEvent" in event:
            return self._ended(event["resOpFailedEvent"]["metadata"], "failed")
        if "diagnosticEvent" in event:
            return self._told(event["diagnosticEvent"])
        if "policyEvent" in event:
            self.policies.append(event["policyEvent"])
        elif "policyRemediationEvent" in event:
            self.remediations.append(event["policyRemediationEvent"])
        elif "summaryEvent" in event:
            self.summary = event["summaryEvent"]
        return None

    @property
    def errored(self) -> int:
        """How many resources have an error told of them."""
        return sum(1 for row in self.by_urn.values() if row.errors)

    @property
    def blocked(self) -> bool:
        """Whether a mandatory policy has ended the run; outputs and counts then say nothing."""
        return any(found["enforcementLevel"] == "mandatory" for found in self.policies)

    def row(self, urn: str) -> Row:
        return self.by_urn.setdefault(urn or self.stack_urn, Row(urn or self.stack_urn))

    def _began(self, metadata: Mapping[str, Any]) -> Row:
        row = self.row(metadata["urn"])
        row.op, row.state, row.began = metadata["op"], "doing", time.monotonic()
        row.parent = ((metadata.get("new") or metadata.get("old")) or {}).get("parent") or ""
        row.diff = _diff_of(metadata)
        return row

    def _ended(self, metadata: Mapping[str, Any], state: str) -> Row:
        row = self.row(metadata["urn"])
        if not row.began:
            row.began = time.monotonic()
        row.op, row.state, row.ended = metadata["op"], state, time.monotonic()
        row.diff = _diff_of(metadata) or row.diff
        if row.is_stack and state == "done" and metadata.get("new") is not None:
            self.outputs = metadata["new"].get("outputs") or {}
            self.old_outputs = (metadata.get("old") or {}).get("outputs") if metadata.get("old") else None
        return row

    def _told(self, message: Mapping[str, Any]) -> Row | None:
        severity = message.get("severity", "info")
        if severity == "debug" or message.get("ephemeral"):
            return None
        row = self.row(message.get("urn") or "")
        row.errors += severity == "error"
        row.warnings += severity == "warning"
        row.messages.append((severity, message.get("message", "")))
        return row


def description(row: Row, *, preview: bool, now: float) -> str:
    """What is being done or was done to a resource, with the time it takes or took."""
    if row.state == "failed" or (row.state == "done" and row.errors and not preview):
        return f"**{DOING.get(row.op, '')} failed**".replace("** ", "**")
    if row.op == "same":
        return "running" if row.is_stack and row.state == "doing" else ""
    if preview:
        return PROPOSED.get(row.op, row.op)
    if row.state == "doing":
        return f"{DOING.get(row.op, row.op)} ({now - row.began:.0f}s)"
    if row.op not in DONE:
        return ""
    took = row.ended - row.began
    return f"{DONE[row.op]} ({took:.2f}s)" if took < 1 else f"{DONE[row.op]} ({took:.0f}s)"


def _diff_of(metadata: Mapping[str, Any]) -> str:
    if metadata["op"] not in ("update", "replace", "create-replacement"):
        return ""
    old = (metadata.get("old") or {}).get("inputs") or {}
    new = (metadata.get("new") or {}).get("inputs") or {}
    names = metadata.get("diffs") or [
        n for n in sorted({*old, *new}) if (n in old, old.get(n)) != (n in new, new.get(n))
    ]
    names = [name for name in names if name != "__provider"]
    added = [name for name in names if name not in old]
    dropped = [name for name in names if name not in new and name in old]
    changed = [name for name in names if name in old and name in new]
    parts = (("+", added), ("-", dropped), ("~", changed))
    told = "".join(mark + ",".join(group) for mark, group in parts if group)
    return f"[diff: {told}]" if told else ""
