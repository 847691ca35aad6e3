"""Signing in: the account's name, then the code off the phone; and turning two-factor login on.

An account that has no two-factor login yet is let in and led to it: API Management wants it first.
"""

from __future__ import annotations

from starlette.responses import Response

from sandbox.exchange import two_factor
from sandbox.exchange.errors import PersonFault
from sandbox.exchange.pages.sessions import Session
from sandbox.exchange.pages.visit import Visit


def front(visit: Visit) -> Response:
    """To the keys, or to sign-in with the account that the link names."""
    if visit.session.signed_in:
        return visit.go("/keys", visit.session.notice)
    return sign_in(visit)


def sign_in(visit: Visit) -> Response:
    name = visit.typed("account").strip() or visit.request.query_params.get("account", "")
    if visit.request.method != "POST":
        return visit.page("sign_in", name=name)
    account = visit.exchange.store.account(name)
    if account is None:
        fault = PersonFault(
            "there is no such account: `make rehearse` opens one and tells its name", "account"
        )
        return visit.page("sign_in", [fault], name=name)
    visit.session, visit.fresh_cookie = Session(account=name), True
    if account.two_factor is not None and account.two_factor.on:
        return visit.go("/sign-in/code")
    visit.session.signed_in = True
    return visit.go("/keys")


def second_factor(visit: Visit) -> Response:
    if visit.request.method != "POST":
        return visit.page("second_factor")
    try:
        with visit.exchange.store.change(visit.account) as account:
            two_factor.confirm(account, visit.typed("code"), visit.now)
    except PersonFault as fault:
        return visit.page("second_factor", [fault])
    visit.session, visit.fresh_cookie = Session(account=account.name, signed_in=True), True
    return visit.go("/keys")


def turn_on(visit: Visit) -> Response:
    with visit.exchange.store.change(visit.account) as account:
        shared = two_factor.share_secret(account)
    if shared.on:
        return visit.go("/keys", "Two-factor login is on.")
    if visit.request.method != "POST":
        return visit.page("two_factor", secret=shared.secret)
    try:
        with visit.exchange.store.change(visit.account) as account:
            two_factor.confirm(account, visit.typed("code"), visit.now)
            shared.on = True
    except PersonFault as fault:
        return visit.page("two_factor", [fault], secret=shared.secret)
    return visit.go("/keys", "Two-factor login is on.")


def sign_out(visit: Visit) -> Response:
    if visit.request.method == "POST":
        visit.session, visit.fresh_cookie = Session(), True
    return visit.go("/sign-in")
