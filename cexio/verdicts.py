"""`judge`: measurements in, verdict out."""

from __future__ import annotations

from collections.abc import Sequence

from cexio.judgement import Confirmation, Expectation, Judgement
from cexio.measurement import Measurement


def judge(
    host_before: Measurement,
    here: Measurement | None,
    host_after: Measurement | None,
    expected: Expectation,
    confirmations: Sequence[Confirmation] = (),
) -> Judgement:
    """The verdict on one key."""
    raise NotImplementedError
