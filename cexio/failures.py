"""From an answer's reading to the error that stands for its cause. Reading is for `causes`."""

from __future__ import annotations

from cexio import errors
from cexio.causes import Reading

_TOO_MANY = 429
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
    kind = _ERRORS.get(reading.cause or "", errors.UnclearAnswerError)
    if kind is errors.UnclearAnswerError and (reading.status or 0) >= 500:
        kind = errors.ExchangeFaultError
    return kind(f"{action}: HTTP {reading.status} {text!r}", text=text, status=reading.status)
