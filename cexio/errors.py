"""What can go wrong with the exchange, by cause.

    CexioError
    ├── CredentialsError          key or signature is wrong (REST says one thing for both)
    │   ├── UnknownKeyError       the exchange does not know the key (told by the WebSocket login)
    │   ├── SignatureError        it knows the key, the secret is another's (WebSocket login)
    │   └── WrongKindOfKeyError   the legacy API answered
    ├── ClockError                the signature's time is outside the exchange's window
    ├── ActivationError           the key is not activated, or an edit deactivated it
    ├── AddressError              the source address is not on the key's whitelist
    ├── PermissionMissingError    the key has not the level that the action needs
    ├── RateLimitError            429, its WebSocket counterpart, or no points left to send with
    ├── InvalidRequestError       a parameter is missing, ill-typed or not known
    ├── BusinessError             a rule of the exchange was broken
    │   ├── OrderRejectedError    HTTP 200 around an order that was rejected
    │   └── TransferRejectedError HTTP 200 around a transfer that was rejected
    ├── ExchangeFaultError        the exchange's own fault, maintenance, or a page instead of its API
    ├── UnclearAnswerError        the exchange said something that no source explains
    ├── TransportError            no answer: refused, timeout, tls, dns, cut, garbage, network
    ├── OfferedKeyError           the key that is offered cannot be read, or is not shaped like one
    ├── UrlError                  a URL that somebody names is none, or would send the key in plain text
    ├── UnknownPermissionError    a name that is in neither vocabulary of permissions (a ValueError)
    └── CalibrationUnreadable     what was learned of the exchange cannot be read

Messages are one line and carry the exchange's text, bounded; never a key, secret or signature.
"""

from __future__ import annotations


class CexioError(Exception):
    """Root. `text` is the exchange's own text (bounded, free of secrets), `status` the HTTP status.

    may_be_done: what was asked writes, and it cannot be told from the answer whether it was carried out.
    """

    may_be_done = False

    def __init__(self, message: str, *, text: str = "", status: int | None = None) -> None:
        super().__init__(" ".join(message.split()))
        self.text = text
        self.status = status


class CredentialsError(CexioError):
    """Key or signature is wrong."""


class UnknownKeyError(CredentialsError):
    """The exchange does not know this key."""


class SignatureError(CredentialsError):
    """The key is known, the signature is wrong."""


class WrongKindOfKeyError(CredentialsError):
    """The legacy API answered: another key system."""


class ClockError(CexioError):
    """The signature's time is outside the exchange's window."""


class ActivationError(CexioError):
    """The key is not activated."""


class AddressError(CexioError):
    """The source address is not on the whitelist."""


class PermissionMissingError(CexioError):
    """The key has not the level that the action needs."""


class RateLimitError(CexioError):
    """Too many points in this calendar minute. `wait_s`: seconds after which points are left again, where
    it was not sent for want of points; None where the exchange said so."""

    def __init__(
        self, message: str, *, text: str = "", status: int | None = None, wait_s: float | None = None
    ) -> None:
        super().__init__(message, text=text, status=status)
        self.wait_s = wait_s


class InvalidRequestError(CexioError):
    """A parameter is missing, ill-typed or not known."""


class BusinessError(CexioError):
    """A rule of the exchange was broken."""


class OrderRejectedError(BusinessError):
    """An order was rejected; `code` is the exchange's rejectCode. `order_id`: None where the order got no
    number, so that it is in no list."""

    def __init__(
        self, message: str, *, code: int | None, text: str = "", order_id: str | None = None
    ) -> None:
        super().__init__(message, text=text, status=200)
        self.code = code
        self.order_id = order_id


class TransferRejectedError(BusinessError):
    """A transfer between Wallet and Spot was rejected."""


class ExchangeFaultError(CexioError):
    """The exchange's own fault, maintenance, or a page instead of its API."""


class UnclearAnswerError(CexioError):
    """The exchange said something that no source explains."""


class TransportError(CexioError):
    """No answer; `fault` says why in one word. `sent`: the request may have arrived and been carried out."""

    def __init__(self, message: str, *, fault: str, sent: bool = True) -> None:
        super().__init__(message)
        self.fault = fault
        self.sent = sent


class OfferedKeyError(CexioError):
    """The key that is offered cannot be read, or is not shaped like a Spot key."""


class UrlError(CexioError):
    """What is named as the exchange or a proxy is no URL, or would send the key in plain text."""


class UnknownPermissionError(CexioError, ValueError):
    """A name that is in neither vocabulary of permissions."""


class CalibrationUnreadable(CexioError):
    """The learned rows cannot be read; going on without them would change verdicts in silence."""
