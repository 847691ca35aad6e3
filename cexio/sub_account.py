"""What an answer to the balance probe says of one sub-account: that it is there, and that it holds something.

Amounts are looked at and not kept. An answer that was cut shows an account or an amount that stands in it,
and nothing of what may have been cut off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel, ConfigDict

from cexio.causes import read
from cexio.measurement import Answer
from cexio.probes import BALANCE


class SubAccount(BaseModel):
    """None is undetermined."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    exists: bool | None = None
    funded: bool | None = None


def sub_account(answer: Answer, name: str) -> SubAccount:
    """Of the sub-account with this name, as the answer to a balance probe shows it."""
    reading = read(answer)
    if answer.status != 200 or reading.shape != "ok" or not isinstance(reading.data, Mapping):
        return SubAccount()
    if answer.cut:
        return _of_a_part(answer.text, name)
    accounts = reading.data.get("balancesPerAccounts")
    if not isinstance(accounts, Mapping):
        return SubAccount()
    if name not in accounts:
        return SubAccount(exists=False)
    return SubAccount(exists=True, funded=_holds_something(accounts[name]))


def seen_in(answer: Answer, name: str | None) -> dict[str, Any]:
    """What an answer says of the sub-account, for its row of evidence; nothing where it says nothing."""
    if name is None or answer.probe != BALANCE:
        return {}
    found = sub_account(answer, name).model_dump(exclude_none=True)
    return {"account": {"name": name, **found}} if found else {}


def _of_a_part(text: str, name: str) -> SubAccount:
    """From the members that stand whole in a text that was cut; the last one may not."""
    _, _, rest = text.partition('"balancesPerAccounts"')
    for account, balances, inside in _members(rest.lstrip().removeprefix(":")):
        if account == name and balances is not None:
            return SubAccount(exists=True, funded=_holds_something(balances))
        if account == name:
            seen = {currency: row for currency, row, _ in _members(inside) if row is not None}
            return SubAccount(exists=True, funded=_holds_something(seen) or None)
    return SubAccount()


def _members(text: str) -> Iterator[tuple[str, Any, str]]:
    """Name, value and text of each member of the object that a text begins with; None for a value cut off."""
    decoder, rest = json.JSONDecoder(), text.lstrip().removeprefix("{").lstrip()
    while text.lstrip().startswith("{") and rest.startswith('"'):
        try:
            name, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            return
        value = rest[end:].lstrip().removeprefix(":").lstrip()
        try:
            found, end = decoder.raw_decode(value)
        except (ValueError, RecursionError):
            if value:
                yield name, None, value
            return
        yield name, found, value
        rest = value[end:].lstrip().removeprefix(",").lstrip()


def _holds_something(balances: Any) -> bool | None:
    """Whether any balance is above zero; None where one of them cannot be read and none is."""
    if not isinstance(balances, Mapping):
        return None
    amounts = [_amount(row.get("balance") if isinstance(row, Mapping) else None) for row in balances.values()]
    if any(amount is not None and amount > 0 for amount in amounts):
        return True
    return None if None in amounts else False


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
