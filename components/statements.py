"""What an operator states of the exchange account, as no call can show it: each by the day they looked.

A statement changes no resource: cexio/readiness.py shows it, as theirs and with its day.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Annotated

from pydantic import AfterValidator

A_DAY = timedelta(days=1)  # east of the date line it may be tomorrow already


def _day(value: str) -> str:
    text = value.strip()
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError("must be the day you looked, as YYYY-MM-DD")
    if day > datetime.now(timezone.utc).date() + A_DAY:
        raise ValueError("is a day to come: give the day you looked, as YYYY-MM-DD")
    return text


Statement = Annotated[str, AfterValidator(_day)]
