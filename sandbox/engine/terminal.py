"""Whether what we print goes to a terminal, and whether colours are wanted there."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import IO


def wants_colour(choice: str, environ: Mapping[str, str]) -> bool:
    """Colours by `--color`; `auto` means on a terminal and without NO_COLOR."""
    if choice == "auto":
        return sys.stdout.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return choice in ("always", "raw")


def silence(stream: IO[str]) -> None:
    """Let all that is still written to a stream go nowhere; its reader has gone, or its disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_live(flags: Namespace, environ: Mapping[str, str]) -> bool:
    """Whether rows are redrawn in place."""
    return (
        sys.stdout.isatty() and not flags.non_interactive and not flags.diff and environ.get("TERM") != "dumb"
    )
