"""A `pulumi` on PATH that answers from files and notes how it was called: what an engine may answer, at will.

Whole runs with a real engine are in tests/commands/test_recover_whole.py.
"""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

PROGRAM = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(words) + "\\n")
bare = [word for number, word in enumerate(words) if word[0] != "-" and words[number - 1] != "--stack"]
answers = json.loads((folder / "answers.json").read_text()).get(" ".join(bare), [["", "", 0]])
number = sum(1 for line in (folder / "calls").open() if json.loads(line)[:len(bare)] == words[:len(bare)])
out, err, status = answers[min(number, len(answers)) - 1]
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(status)
"""


class EngineOnPaper:
    """Lies in a folder of its own, which is to be first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._answers: dict[str, list[tuple[str, str, int]]] = {}
        folder.mkdir()
        program = folder / "pulumi"
        program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self._write()

    def answers(self, words: str, *texts: Any, error: str = "", status: int = 0) -> None:
        """What it says to words without flags: the first call the first text, and so on; objects as JSON."""
        said = [text if isinstance(text, str) else json.dumps(text) for text in texts or ("",)]
        self._answers[words] = [(text, error, status) for text in said]
        self._write()

    @property
    def calls(self) -> list[list[str]]:
        """The words of every call."""
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def _write(self) -> None:
        (self.folder / "answers.json").write_text(json.dumps(self._answers))
