"""What a run shows: a line for each step on a resource, then policies, messages by resource, outputs, counts.

The words and the order are the CLI's. In a pipe every step is a line when it happens; on a terminal the same
rows are shown live (`live.py`). `--json` is the event stream and not shown here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import IO, Any

from sandbox.engine import output_text
from sandbox.engine.events import Event
from sandbox.engine.rows import PREFIXES, Row, Rows, description
from sandbox.engine.terminal import silence

HEADINGS = {
    "up": ("Updating", "update"),
    "refresh": ("Refreshing", "refresh"),
    "destroy": ("Destroying", "destroy"),
}
PAST = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced", "read": "read"}
COUNTED = (
    "create",
    "update",
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "refresh",
    "import",
)
_COLOURS = {"+": "32", "-": "31", "~": "33", "error": "31", "warning": "33", "heading": "1;35", "bold": "1"}


class Paint:
    """Colours texts by ANSI codes, or leaves them alone."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, kind: str) -> str:
        code = _COLOURS.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if self._on and code and text else text


class Display:
    """Shows one run as lines of text; `kind` is the command, `preview` whether it only previews it."""

    def __init__(
        self,
        out: IO[str],
        *,
        kind: str,
        preview: bool,
        stack: str,
        project: str,
        colour: bool = False,
        suppress_outputs: bool = False,
        diff: bool = False,
    ) -> None:
        self.out = out
        self.kind = kind
        self.stack = stack
        self.rows = Rows(
            f"urn:pulumi:{stack}::{project}::pulumi:pulumi:Stack::{project}-{stack}", preview=preview
        )
        self.paint = Paint(on=colour)
        self._suppress_outputs = suppress_outputs
        self._diff = diff
        self._printed: dict[str, str] = {}

    def begin(self) -> None:
        doing, noun = HEADINGS[self.kind]
        title = f"Previewing {noun}" if self.rows.preview else doing
        self.say(self.paint(f"{title} ({self.stack}):", "heading"), "")

    def __enter__(self) -> Display:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def emit(self, event: Event) -> None:
        row = self.rows.take(event)
        if row is None:
            return
        if self._diff and "resourcePreEvent" in event:
            self.say(*_changes(event["resourcePreEvent"]["metadata"]))
        self.show(row)

    def show(self, row: Row) -> None:
        """Print a row's line, if there is something new to tell."""
        if not row.is_shown:
            return
        line = self.line(row)
        if self._printed.get(row.urn) != line:
            self._printed[row.urn] = line
            self.say(line)

    def line(self, row: Row) -> str:
        """A row as one line: operation, type, name, what is done, differences, number of messages."""
        prefix = PREFIXES.get(row.op, "  ")
        doing = description(row, preview=self.rows.preview, now=time.monotonic())
        told = _latest(row) if row.state in ("waiting", "doing") else _counted(row)
        parts = (f"{row.type} {row.name} {self.paint(doing, prefix[0])}", row.diff, told)
        return f" {self.paint(prefix, prefix[0])} " + " ".join(part for part in parts if part)

    def end(self) -> None:
        """Print what comes after the rows."""
        stack = self.rows.by_urn.get(self.rows.stack_urn)
        if stack is not None and self.rows.stack_urn not in self._printed:
            self.say(self.line(stack).rstrip())
        self._section("Policies", self._policies())
        self._section("Diagnostics", self._diagnostics())
        if self.rows.blocked:
            return
        self._section("Outputs", self._outputs())
        if self.rows.summary is not None:
            self._section("Resources", self._counts(self.rows.summary), always=True)
            if not self.rows.preview:
                seconds = math.ceil(float(self.rows.summary.get("durationSeconds") or 0)) or 1
                self.say(f"{self.paint('Duration:', 'heading')} {_duration(seconds)}", "")

    def say(self, *lines: str) -> None:
        """Print lines; once nobody reads them any more (`up | head`), the run goes on unseen."""
        try:
            for line in lines:
                self.out.write(line + "\n")
            self.out.flush()
        except OSError:
            silence(self.out)

    def _section(self, title: str, lines: Iterable[str], *, always: bool = False) -> None:
        lines = list(lines)
        if lines or always:
            self.say(self.paint(f"{title}:", "heading"), *lines, "")

    def _counts(self, summary: Any) -> list[str]:
        changes = summary.get("resourceChanges") or {}
        to = "to " if self.rows.preview else ""
        lines, kinds, total = [], 0, 0
        for op in COUNTED:
            number = changes.get(op) or 0
            if number:
                prefix = PREFIXES[op]
                lines.append(
                    "    " + self.paint(f"{prefix}{number} {to}{op if to else PAST.get(op, op)}", prefix[0])
                )
                kinds, total = kinds + 1, total + number
        pieces = [self.paint(f"{total} changes", "bold")] if kinds > 1 else []
        if changes.get("same"):
            pieces.append(f"{changes['same']} unchanged")
        if pieces:
            lines.append("    " + ". ".join(pieces))
        if self.rows.errored:
            lines.append("    " + self.paint(f"{self.rows.errored} errored", "error"))
        return lines

    def _outputs(self) -> list[str]:
        rows = self.rows
        if rows.outputs is None or self._suppress_outputs or self.kind == "destroy":
            return []
        if rows.preview and not output_text.changed(rows.outputs, rows.old_outputs):
            return []
        lines = output_text.rendered(rows.outputs, rows.old_outputs)
        return [self.paint(line, line[2:3]) for line in lines]

    def _diagnostics(self) -> list[str]:
        lines: list[str] = []
        for row in self.rows.by_urn.values():
            if row.messages:
                lines.append(f"  {row.type} ({row.name}):")
                for severity, message in row.messages:
                    lines.extend(self._message(severity, message))
                if row is not list(self.rows.by_urn.values())[-1]:
                    lines.append("")
        while lines and not lines[-1].strip():
            lines.pop()
        return lines

    def _message(self, severity: str, message: str) -> list[str]:
        told = message.strip("\n").splitlines()
        if severity in ("error", "warning") and told:
            told[0] = f"{self.paint(f'{severity}:', severity)} {told[0].removeprefix(f'{severity}: ')}"
        return [f"    {line}".rstrip() for line in told]

    def _policies(self) -> list[str]:
        packs: dict[str, list[str]] = {}
        worst: dict[str, str] = {}
        for found in self.rows.remediations:
            packs.setdefault(_pack(found), []).append(
                f"        - [remediate]  {found['policyName']}  ({_resource(found)})"
            )
        for found in self.rows.policies:
            pack, level = _pack(found), found["enforcementLevel"]
            worst[pack] = "mandatory" if "mandatory" in (level, worst.get(pack)) else level
            about = f"  ({_resource(found)})" if found.get("resourceUrn") else ""
            colour = "error" if level == "mandatory" else "warning"
            told = [f"        - {self.paint(f'[{level}]', colour)}  {found['policyName']}{about}"]
            told += [f"          {line}" for line in found["message"].strip().splitlines()]
            packs.setdefault(pack, []).extend(told)
        marks = {"mandatory": "❌", "advisory": "⚠️"}
        return [
            line
            for pack, told in packs.items()
            for line in (f"    {marks.get(worst.get(pack, ''), '✅')} {pack}", *told)
        ]


def _pack(found: Any) -> str:
    version = found.get("policyPackVersion") or ""
    return f"{found['policyPackName']}@v{version}" if version else str(found["policyPackName"])


def _resource(found: Any) -> str:
    row = Row(found.get("resourceUrn") or "")
    return f"{row.type}: {row.name}"


def _latest(row: Row) -> str:
    """The first line of what was told last, so that long steps can show how far they are."""
    if not row.messages:
        return ""
    severity, message = row.messages[-1]
    first = message.strip().partition("\n")[0]
    return f"{severity}: {first}" if severity in ("error", "warning") else first


def _counted(row: Row) -> str:
    several = [
        f"{row.errors} error{'s' if row.errors > 1 else ''}" if row.errors else "",
        f"{row.warnings} warning{'s' if row.warnings > 1 else ''}" if row.warnings else "",
    ]
    others = len(row.messages) - row.errors - row.warnings
    several.append(f"{others} message{'s' if others > 1 else ''}" if others > 0 else "")
    return "; ".join(part for part in several if part)


def _changes(metadata: Any) -> list[str]:
    """The changed inputs of a resource, one a line: `--diff`."""
    if metadata["op"] in ("same", "refresh", "read"):
        return []
    old = (metadata.get("old") or {}).get("inputs") or {}
    new = (metadata.get("new") or {}).get("inputs") or {}
    if metadata["op"] == "delete":
        return []
    shown = {key: value for key, value in new.items() if key != "__provider"}
    before = (
        {key: value for key, value in old.items() if key != "__provider"} if metadata.get("old") else None
    )
    return ["  " + line for line in output_text.rendered(shown, before)]


def _duration(seconds: int) -> str:
    return f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"
