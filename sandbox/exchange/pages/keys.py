"""API Management as a person sees it: the list of keys, and the forms that make, change and end them.

The rules are `api_management`'s; here is what is shown and asked, the second factor among it.
"""

from __future__ import annotations

from starlette.responses import Response

from sandbox.exchange import api_management, two_factor
from sandbox.exchange.accounts import KEYS_PER_ACCOUNT, ApiKey
from sandbox.exchange.errors import PersonFault
from sandbox.exchange.pages.visit import Visit, key_path
from sandbox.exchange.permissions import GUIDE_WORDS, Permission

_MEANS = {
    Permission.READ: "See balances, orders and history. Always on.",
    Permission.TRADE: "Place and cancel orders.",
    Permission.FUNDS_INTERNAL: "Move money between main account and sub-accounts. A bot does not need it.",
    Permission.FUNDS_WALLET: "Move money to and from the Wallet. A bot does not need it.",
}
_ROWS = [
    {
        "name": permission.value,
        "guide": GUIDE_WORDS[permission],
        "means": _MEANS[permission],
        "unsafe": permission in (Permission.FUNDS_INTERNAL, Permission.FUNDS_WALLET),
    }
    for permission in Permission
]


def listed(visit: Visit) -> Response:
    return visit.page("keys", keys=visit.account.keys, most=KEYS_PER_ACCOUNT)


def create(visit: Visit) -> Response:
    if visit.request.method != "POST":
        return _form(visit, None, [])
    faults = _faults(visit)
    if faults:
        return _form(visit, None, faults)
    try:
        with visit.exchange.store.change(visit.account) as account:
            two_factor.confirm(account, visit.typed("code"), visit.now)
            key = api_management.create_key(
                account,
                label=visit.typed("label"),
                permissions=visit.form.get("permissions", []),
                whitelist=visit.typed("whitelist"),
                replace_unused=False,
                switches=visit.exchange.switches,
                now=visit.now,
            )
    except PersonFault as fault:
        return _form(visit, None, [fault])
    visit.session.unseen[key.key] = key.secret
    return visit.go(key_path(key, "secret"))


def secret(visit: Visit) -> Response:
    """The one showing of the secret; to go on, the person says that it is saved."""
    key = visit.key
    if visit.request.method != "POST":
        return visit.page("secret", key=key, secret=visit.session.unseen.pop(key.key, None))
    if visit.typed("saved") != "yes":
        fault = PersonFault("tick that you have saved the secret", "saved")
        return visit.page("secret", [fault], key=key, secret=None)
    if visit.typed("then") == "later":
        return visit.go("/keys", f"Key {key.label} is made. It does nothing until you activate it.")
    _mail_if_needed(visit, key)
    return visit.go(key_path(key, "activate"))


def activate(visit: Visit) -> Response:
    """By the code in the mail; its link brings the code along."""
    key = visit.key
    if visit.request.method != "POST":
        return visit.page("activate", key=key, code=visit.request.query_params.get("code", ""))
    try:
        with visit.exchange.store.change(visit.account):
            api_management.activate(key, "".join(visit.typed("code").split()), visit.now)
    except PersonFault as fault:
        return visit.page("activate", [fault], key=key, code=visit.typed("code"))
    return visit.go("/keys", f"Key {key.label} is active.")


def mail_code(visit: Visit) -> Response:
    with visit.exchange.store.change(visit.account) as account:
        api_management.mail_code(account, visit.key, visit.now)
    return visit.go(key_path(visit.key, "activate"), "A new code is in your mailbox; the one before is void.")


def edit(visit: Visit) -> Response:
    key = visit.key
    if visit.request.method != "POST":
        return _form(visit, key, [])
    faults = _faults(visit)
    if faults:
        return _form(visit, key, faults)
    was_active = key.status == "active"
    try:
        with visit.exchange.store.change(visit.account) as account:
            two_factor.confirm(account, visit.typed("code"), visit.now)
            api_management.edit_key(
                account,
                key,
                label=visit.typed("label"),
                permissions=visit.form.get("permissions", []),
                whitelist=visit.typed("whitelist"),
                switches=visit.exchange.switches,
                now=visit.now,
            )
    except PersonFault as fault:
        return _form(visit, key, [fault])
    if was_active and key.status != "active":
        said = "Saved. The edit has switched the key off: activate it again with the code in your mailbox."
        return visit.go(key_path(key, "activate"), said)
    return visit.go("/keys", "Saved.")


def deactivate(visit: Visit) -> Response:
    key = visit.key
    with visit.exchange.store.change(visit.account):
        api_management.deactivate(key, visit.now)
    return visit.go("/keys", f"Key {key.label} is switched off.")


def delete(visit: Visit) -> Response:
    key = visit.key
    if visit.request.method != "POST":
        return visit.page("delete", key=key)
    with visit.exchange.store.change(visit.account) as account:
        api_management.delete_key(account, key)
    return visit.go("/keys", f"Key {key.label} is deleted.")


def _form(visit: Visit, key: ApiKey | None, faults: list[PersonFault]) -> Response:
    """The form of a new key or of `key`, as it was filled in so far."""
    if visit.request.method == "POST":
        label, whitelist = visit.typed("label"), visit.typed("whitelist")
        chosen = set(visit.form.get("permissions", []))
    elif key is not None:
        label, whitelist = key.label, ", ".join(key.addresses)
        chosen = {permission.value for permission in key.permissions}
    else:
        label, whitelist, chosen = "", "", set()
    return visit.page(
        "key_form",
        faults,
        key=key,
        label=label,
        whitelist=whitelist,
        rows=_ROWS,
        chosen=chosen | {Permission.READ.value},
        deactivates=visit.exchange.switches.edit_deactivates,
    )


def _faults(visit: Visit) -> list[PersonFault]:
    """All that can be told before the second factor is used up."""
    faults = api_management.form_faults(
        visit.typed("label"),
        visit.form.get("permissions", []),
        visit.typed("whitelist"),
        visit.exchange.switches,
    )
    if not visit.typed("code").strip():
        faults.append(PersonFault("enter the six digits that your phone shows", "code"))
    return faults


def _mail_if_needed(visit: Visit, key: ApiKey) -> None:
    if key.status != "active" and (key.activation is None or visit.now > key.activation.expires_at):
        with visit.exchange.store.change(visit.account) as account:
            api_management.mail_code(account, key, visit.now)
