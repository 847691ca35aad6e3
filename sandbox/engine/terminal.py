"""Whether what we print goes to a terminal, and whether colours are wanted there."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping


def wants_colour(choice: str, environ: Mapping[str, str]) -> bool:
    """Colours by `--color`; `auto` means on a terminal and without NO_COLOR."""
    if choice == "auto":
        return sys.stdout.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return choice in ("always", "raw")


def is_live(flags: Namespace, environ: Mapping[str, str]) -> bool:
    """Whether rows are redrawn in place."""
    return (
        sys.stdout.isatty() and not flags.non_interactive and not flags.diff and environ.get("TERM") != "dumb"
    )
