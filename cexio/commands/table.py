"""Prints tables and lines: with rich on a terminal that wants it, else in plain aligned columns.

rich is no requirement of a deployment; where it is missing, a terminal gets the plain form as well. NO_COLOR
is respected. Texts of others are shown without what could drive a terminal.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TextIO

from cexio.commands.outcome import Table

NARROW = 60
"""Columns of a terminal. In fewer, a table would break its words, so a row stands on lines of its own."""


def show(said: Sequence[Table | str], out: TextIO) -> None:
    """Everything, in order, an empty line between."""
    if out.isatty() and os.environ.get("TERM") != "dumb":
        try:
            _rich(said, out)
            return
        except ImportError:
            pass
    print("\n\n".join(_plain(each) if isinstance(each, Table) else clean(each) for each in said), file=out)


def clean(text: str) -> str:
    """On one line, without control characters of any kind."""
    return "".join(each if each.isprintable() else " " for each in text)


def _plain(table: Table) -> str:
    headings = [list(table.headings)] if any(table.headings) else []
    rows = headings + [[clean(cell) for cell in row] for row in table.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.headings))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([table.title, *(line.rstrip() for line in lines)])


def _rich(said: Sequence[Table | str], out: TextIO) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table as RichTable
    from rich.text import Text

    styles = {"granted": "green", "refused": "red", "undetermined": "yellow"}
    console = Console(file=out, highlight=False)
    for each in said:
        if isinstance(each, str):
            console.print(Text(clean(each)))
            continue
        if console.width < NARROW:
            console.print(Text(clean(each.title), style="bold"))
            for row in each.rows:
                *told, last = (Text(clean(cell), style=styles.get(cell, "")) for cell in row)
                said_first = [cell for cell in told if cell.plain.strip()]
                if said_first:
                    console.print(Text(", ").join(said_first))
                console.print(Padding(last, (0, 0, 0, 2), expand=False))
            continue
        shown = RichTable(
            title=each.title, title_justify="left", title_style="bold", show_header=any(each.headings)
        )
        for heading in each.headings:
            shown.add_column(heading, overflow="fold")
        for row in each.rows:
            shown.add_row(*(Text(clean(cell), style=styles.get(cell, "")) for cell in row))
        console.print(shown)
