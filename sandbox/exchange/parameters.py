"""Reading one request's parameters: each reader answers a typed value or raises the exchange's own text.

null counts as missing. Texts for values of the wrong type are invented; `Mandatory parameter … is
missing` is not.
"""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.exchange.errors import ParameterFault

Params = dict[str, Any]
_MAX_EXPONENT = 30  # beyond it a Decimal of few characters would print as megabytes


def missing(name: str) -> ParameterFault:
    return ParameterFault(f"Mandatory parameter {name} is missing")


def text(params: Params, name: str) -> str | None:
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise ParameterFault(f"Parameter {name} should be string")
    return value


def mandatory_text(params: Params, name: str, *, may_be_empty: bool = False) -> str:
    value = text(params, name)
    if value is None or (not value and not may_be_empty):
        raise missing(name)
    return value


def one_of(params: Params, name: str, allowed: tuple[str, ...]) -> str | None:
    value = text(params, name)
    if value is not None and value not in allowed:
        raise ParameterFault(f"Parameter {name} should be one of {','.join(allowed)}")
    return value


def number(params: Params, name: str) -> Decimal | None:
    """An amount or price: a JSON number or its text."""
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ParameterFault(f"Parameter {name} should be a number")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise ParameterFault(f"Parameter {name} should be a number") from None
    if not found.is_finite() or (found and abs(found.adjusted()) > _MAX_EXPONENT):
        raise ParameterFault(f"Parameter {name} should be a number")
    return found


def mandatory_number(params: Params, name: str) -> Decimal:
    value = number(params, name)
    if value is None:
        raise missing(name)
    return value


def integer(params: Params, name: str) -> int | None:
    """A whole number such as a time in ms, an id or a page; its text is taken too."""
    value = number(params, name)
    if value is None:
        return None
    if value != value.to_integral_value():
        raise ParameterFault(f"Parameter {name} should be an integer")
    return int(value)


def mandatory_integer(params: Params, name: str) -> int:
    value = integer(params, name)
    if value is None:
        raise missing(name)
    return value


def moment(params: Params, name: str) -> int | None:
    """A time as ms: a number, or an ISO 8601 text."""
    value = params.get(name)
    if not isinstance(value, str) or value.isdigit():
        return integer(params, name)
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return int((found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ParameterFault(f"Parameter {name} should be a date") from None


def texts(params: Params, name: str, fault: str | None = None) -> list[str] | None:
    """A list of texts; `fault` is the exchange's own wording where it is known."""
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ParameterFault(fault or f"{name} array should consist of string type values")
    return value


def page_size(params: Params, limit: int) -> int:
    size = integer(params, "pageSize")
    if size is not None and size > limit:
        raise ParameterFault(f"Page size is limited to {limit} items")
    if size is not None and size < 1:
        raise ParameterFault("Parameter pageSize should be a positive number")
    return limit if size is None else size


def page_number(params: Params, first: int) -> int:
    found = integer(params, "pageNumber")
    if found is not None and found < first:
        raise ParameterFault(f"Parameter pageNumber should not be less than {first}")
    return first if found is None else found


def sort_order(params: Params) -> str:
    return one_of(params, "sortOrder", ("ASC", "DESC")) or "DESC"
