"""What a request can be refused with.

ApiFault                any reply that is not 200
├── BadRequest          400, unknown action or a body that is not a JSON object
├── ParameterFault      422, a parameter is missing or of the wrong kind
├── BusinessFault       500, the exchange's way to say that a rule was broken
├── RateLimited         429, points of this minute are used up
└── Refused             whatever a switch says (`replies.py`): texts that nobody outside CEX.IO knows
    └── UnknownAccount  the same, with the name of an account that is not there
PersonFault             a person's wish at the key page that cannot be met; `field` is where in the form
StoreFault              the store cannot be read or belongs to another world
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.exchange.replies import Reply


class ApiFault(Exception):
    """A request of the product API is refused; `reply` is what the client sees."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.error)
        self.reply = reply


class BadRequest(ApiFault):
    def __init__(self) -> None:
        super().__init__(Reply(400, "Bad Request"))


class ParameterFault(ApiFault):
    def __init__(self, text: str) -> None:
        super().__init__(Reply(422, text))


class BusinessFault(ApiFault):
    def __init__(self, text: str) -> None:
        super().__init__(Reply(500, text))


class RateLimited(ApiFault):
    def __init__(self) -> None:
        super().__init__(Reply(429, "API rate limit reached"))


class Refused(ApiFault):
    pass


class UnknownAccount(Refused):
    """`reply` says it of any account; this says it of that one."""

    def __init__(self, reply: Reply, account: str) -> None:
        super().__init__(replace(reply, error=reply.error.replace("{account}", account)))


class PersonFault(Exception):
    """A wish of the person at the key page that cannot be met, as one line."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


class StoreFault(Exception):
    """The store cannot be used: one line that names the file and the way out."""
