"""From an answer's reading to the error that stands for its cause. Reading is for `causes`.

A cause that is known from wording alone is taken at its word only beside a status that says no: a gateway's
500 `Order processing timeout` talks of an order, and is no refusal of one.
"""

from __future__ import annotations

from cexio import errors
from cexio.causes import Reading

_TOO_MANY = 429
_REQUEST_TIMEOUT = 408
_NO_ORDER = (None, "", "NONE")
_ERRORS: dict[str, type[errors.CexioError]] = {
    "credentials": errors.CredentialsError,
    "key": errors.UnknownKeyError,
    "signature": errors.SignatureError,
    "legacy": errors.WrongKindOfKeyError,
    "clock": errors.ClockError,
    "activation": errors.ActivationError,
    "address": errors.AddressError,
    "permission": errors.PermissionMissingError,
    "rate": errors.RateLimitError,
    "request": errors.InvalidRequestError,
    "validation": errors.InvalidRequestError,
    "business": errors.BusinessError,
    "maintenance": errors.ExchangeFaultError,
    "fault": errors.ExchangeFaultError,
}


def error_for(action: str, reading: Reading) -> errors.CexioError:
    """The error that a reading which is no success stands for."""
    text = " ".join(reading.text.split())[:300]
    if reading.shape == "rejected":
        data = reading.data if isinstance(reading.data, dict) else {}
        code, order_id = data.get("rejectCode"), data.get("orderId")
        return errors.OrderRejectedError(
            f"{action}: order rejected, {code} {text!r}",
            code=code if isinstance(code, int) else None,
            text=text,
            order_id=None if order_id in (None, "NONE") else str(order_id),
        )
    if reading.shape == "page":
        message = f"{action}: {text}: a page instead of the API, try again later"
        if reading.status == _TOO_MANY:
            return errors.RateLimitError(message, text=text, status=reading.status)
        return errors.ExchangeFaultError(message, text=text, status=reading.status)
    kind: type[errors.CexioError] = errors.UnclearAnswerError
    if not leaves_open(reading):
        kind = _ERRORS.get(reading.cause or "", kind)
    if kind is errors.UnclearAnswerError and (reading.status or 0) >= 500:
        kind = errors.ExchangeFaultError
    return kind(f"{action}: HTTP {reading.status} {text!r}", text=text, status=reading.status)


def leaves_open(reading: Reading) -> bool:
    """Whether an error text is no word on whether the thing was done: an order stands beside it, or its cause
    is a guess and its status is none of the exchange's for a refusal."""
    data = reading.data if isinstance(reading.data, dict) else {}
    if data.get("status") or data.get("orderId") not in _NO_ORDER:
        return True
    guessed = reading.row is None or reading.row.confidence == "guess"
    return guessed and not says_no(reading.status)


def says_no(status: int | None) -> bool:
    """Whether a status is one beside which the exchange's own error text is a refusal (101: of a login)."""
    return status in (101, 200) or (400 <= (status or 0) < 500 and status != _REQUEST_TIMEOUT)
