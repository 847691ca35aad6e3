"""What every command ends with: an exit status, lines and tables for people, a document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from cexio.errors import CexioError


class Status(IntEnum):
    """Exit statuses; the same for all commands."""

    FINE = 0
    AT_FAULT = 1
    NOT_ASKED = 2
    UNDETERMINED = 3
    ALARM = 4


STATUSES = """\
exit status:
  0  fine: check found nothing at fault, explain knows the cause, steps are told
  1  check found what is at fault, explain knows no cause for the text
  2  nothing was asked: a word on the command line or the key file is not as it must be
  3  check can say neither: a funds level that is not proven, a rate limit, an outage, or a refusal that may
     be as it should be
  4  alarm: an order that could not be accepted was not rejected; look at your orders now
"""


class Table(NamedTuple):
    """Rows of texts under a title and headings."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


class Outcome(NamedTuple):
    """said: tables and lines, in their order. document: the same as JSON values."""

    status: Status
    said: Sequence[Table | str]
    document: dict[str, Any]


class UsageError(CexioError):
    """A value on the command line is not as it must be; nothing was asked."""
