"""Record docs/make-up.svg: what a real `make up` prints, as a picture of a terminal.

Run by `make picture`. It starts from no sandbox, so that the picture shows what a new user sees, and leaves
none behind. Nothing is edited but the folder's own path, which would tell of the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 118


def recorded(*target: str) -> str:
    """What a target prints in colour."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "MAKEFLAGS": ""}
    done = subprocess.run(
        ["make", "--no-print-directory", *target],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"error: make {' '.join(target)} failed, so there is nothing to record:\n{done.stdout}")
    return done.stdout.replace(str(ROOT), "~/cexio-bot-host")


def main() -> None:
    """Record, and write the picture."""
    recorded("down")
    console = Console(record=True, width=WIDTH, file=Path(os.devnull).open("w"), force_terminal=True)  # noqa: SIM115
    console.print(Text("$ make up", style="bold"))
    console.print(Text.from_ansi(recorded("up")))
    recorded("down")
    console.save_svg(str(ROOT / "docs" / "make-up.svg"), title="make up")
    print("Recorded docs/make-up.svg")


if __name__ == "__main__":
    main()
