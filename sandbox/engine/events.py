"""The events of a run, and the file that `--event-log` writes of them.

An event is a JSON object with one key that names its kind, as in the CLI's event log:

- `preludeEvent` {config}: the run begins;
- `resourcePreEvent`, `resOutputsEvent`, `resOpFailedEvent`: a step on a resource begins, ends, fails; each
  has `metadata` {op, urn, type, old, new, diffs}, `old` and `new` being states (inputs, outputs) or None;
- `diagnosticEvent` {urn, prefix, message, severity}: severity is debug, info, info#err, warning or error;
- `policyEvent` {resourceUrn, message, policyName, policyPackName, policyPackVersion, enforcementLevel};
- `policyRemediationEvent` {resourceUrn, policyName, policyPackName, policyPackVersion, before, after};
- `summaryEvent` {durationSeconds, resourceChanges, policyPacks, isPreview, result};
- `cancelEvent` {}: the last one.

Secrets are masked by whoever emits an event: nothing after that point holds one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

from sandbox.engine.errors import UsageError
from sandbox.engine.terminal import silence

Event = Mapping[str, Any]


class Sink(Protocol):
    """Takes the events of a run; may be called from any thread, one call at a time."""

    def emit(self, event: Event) -> None: ...


class Fanout:
    """Passes each event on to several sinks, in order."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def emit(self, event: Event) -> None:
        for sink in self._sinks:
            sink.emit(event)


class EventLog:
    """Writes events as JSON lines with a running number and the time in whole seconds, each at once."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._sequence = 0

    @classmethod
    def open(cls, path: Path) -> EventLog:
        """A log in a new, empty file; UsageError if it cannot be written."""
        try:
            return cls(path.open("w", encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"--event-log: could not write {path}: {error.strerror}") from None

    def emit(self, event: Event) -> None:
        line = {"sequence": self._sequence, "timestamp": int(time.time()), **event}
        self._sequence += 1
        try:
            self._stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            self._stream.flush()
        except OSError as error:
            silence(self._stream)
            print(f"warning: the event log ends here: {error.strerror}", file=sys.stderr)

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
