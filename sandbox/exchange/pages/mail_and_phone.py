"""What lies beside the exchange on the person's desk: the mailbox and the phone with its authenticator.

Both belong to the account that was named at sign-in, signed in or not: a code is needed to get in.
"""

from __future__ import annotations

from starlette.responses import Response

from sandbox.exchange import two_factor
from sandbox.exchange.api_management import CODE_LIFE_MS
from sandbox.exchange.pages.visit import Visit


def mailbox(visit: Visit) -> Response:
    account = visit.account
    pending = {key.activation.code for key in account.keys if key.activation is not None}
    mails = [
        {
            "mail": mail,
            "good_until": mail.at + CODE_LIFE_MS,
            "good": mail.code in pending and visit.now <= mail.at + CODE_LIFE_MS,
        }
        for mail in reversed(account.mailbox)
    ]
    return visit.page("mailbox", mails=mails)


def phone(visit: Visit) -> Response:
    return visit.page("phone", account=visit.account.name)


def phone_card(visit: Visit) -> Response:
    """The authenticator itself; it shows the next code by itself."""
    shared, now = visit.account.two_factor, visit.now
    code = "" if shared is None else two_factor.code_at(shared.secret, now)
    return visit.page(
        "phone_card",
        account=visit.account.name,
        code=code,
        used=shared is not None and now // two_factor.STEP_MS <= shared.used_step,
        seconds=two_factor.seconds_left(now),
    )
