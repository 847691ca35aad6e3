"""The display on a terminal: the rows of what is done and under way, redrawn in place until the end."""

from __future__ import annotations

import time
from typing import IO, Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from sandbox.engine.display import Display
from sandbox.engine.events import Event
from sandbox.engine.rows import Row


class LiveDisplay(Display):
    """Shows the same rows as `Display`, each once, with the seconds of what is under way counting."""

    def __init__(self, out: IO[str], **settings: Any) -> None:
        super().__init__(out, **settings)
        self._console = Console(file=out, no_color=not settings["colour"], highlight=False, soft_wrap=True)
        self._live = Live(
            console=self._console, get_renderable=self._drawn, refresh_per_second=8, transient=True
        )

    def begin(self) -> None:
        super().begin()
        self._live.start()

    def emit(self, event: Event) -> None:
        self.rows.take(event)

    def end(self) -> None:
        self._live.stop()
        for row in self._told():
            self._printed[row.urn] = self.line(row)
            self.say(self._printed[row.urn])
        super().end()

    def _told(self) -> list[Row]:
        rows = self.rows.by_urn.values()
        return [row for row in rows if row.is_shown or (row.is_stack and row.state == "doing")]

    def _drawn(self) -> Text:
        height = max(4, self._console.height - 4)
        told = self._told()
        lines = [self.line(row) for row in told]
        if len(lines) > height:
            lines = [line for row, line in zip(told, lines, strict=True) if row.state == "doing"][-height:]
        moment = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[int(time.monotonic() * 8) % 10]
        return Text.from_ansi("\n".join([*lines, f" {moment}"]), overflow="ellipsis", no_wrap=True)
