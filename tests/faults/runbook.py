"""Writes the table of drifts in docs/runbook.md from what tests/faults/drifts.py tries.

python -m tests.faults.runbook
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.faults.drifts import DRIFTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
BEGIN, END = "<!-- drifts -->\n", "<!-- end of drifts -->\n"
ENDS = {"repaired": "repaired", "told": "**told**", "left": "left"}
WORDS = {"ElasticIp": "address", "ElasticIpAssociation": "address on its interface", "Vpc": "VPC"}


def table() -> str:
    """A row for each resource and each way in which its drifts end."""
    rows: dict[tuple[str, str], list[str]] = {}
    for drift in DRIFTS:
        said = drift.name.removesuffix(f" from {drift.kind}").removesuffix(" from ElasticIp")
        rows.setdefault((_words(drift.kind), ENDS[drift.ends]), []).append(said)
    lines = ["| object | what was done to it | the next `up` |", "|---|---|---|"]
    lines += [f"| {kind} | {'; '.join(done)} | {end} |" for (kind, end), done in sorted(rows.items())]
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with the table as it has to be."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


def _words(kind: str) -> str:
    """`NetworkInterface` as `network interface`."""
    return WORDS.get(kind) or re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()


def main() -> int:
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
