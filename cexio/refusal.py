"""A verdict that promotes nothing, and the line that says what is at fault and what to do."""

from __future__ import annotations

from typing import NamedTuple

from cexio.judgement import Verdict


class Refusal(NamedTuple):
    """verdict: one that promotes nothing. line: what is at fault and the next human step."""

    verdict: Verdict
    line: str
