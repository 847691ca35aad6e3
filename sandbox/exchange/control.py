"""The person's side of the sandbox: key page, mailbox, switches, shutdown, under /_sandbox/.

Not part of the product API: every request carries the token that lies in the store (`control.token`,
0600), so only who may read the store may act. Refusals are `{"error": one line}` with 409, or 403 without
the token.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.exchange import api_management as page
from sandbox.exchange.accounts import Account, ApiKey
from sandbox.exchange.errors import PersonFault
from sandbox.exchange.exchange import Exchange
from sandbox.exchange.switches import Switches

TOKEN_HEADER = "x-sandbox-token"  # noqa: S105  the header's name, not a token
Answer = Callable[[Request], Awaitable[Response]]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class NewKey(_Form):
    """The form of a new key. `whitelist` is one text, the way the page takes it; empty: any address."""

    label: str
    permissions: list[str]
    whitelist: str = ""
    sub_account: str = Field("bot", min_length=1)
    replace_unused: bool = False


class NewAccount(_Form):
    sub_account: str = Field("bot", min_length=1)


class KeyEdit(_Form):
    label: str | None = None
    permissions: list[str] | None = None
    whitelist: str | None = None


class Code(_Form):
    code: str


def mount(exchange: Exchange, shut_down: Callable[[], None]) -> Mount:
    desk = _Desk(exchange, shut_down)
    key = "/accounts/{account}/keys/{key}"
    return Mount(
        "/_sandbox",
        routes=[
            desk.route("GET", "/accounts/{account}/keys", desk.list_keys),
            desk.route("POST", "/accounts/{account}/keys", desk.make_key),
            desk.route("PATCH", key, desk.edit_key),
            desk.route("DELETE", key, desk.delete_key),
            desk.route("POST", f"{key}/mail-code", desk.mail_code),
            desk.route("POST", f"{key}/activate", desk.activate),
            desk.route("POST", f"{key}/deactivate", desk.deactivate),
            desk.route("GET", "/accounts/{account}/mailbox", desk.mailbox),
            desk.route("GET", "/accounts", desk.list_accounts),
            desk.route("POST", "/accounts/{account}", desk.open_account),
            desk.route("GET", "/switches", desk.switches),
            desk.route("PATCH", "/switches", desk.set_switches),
            desk.route("POST", "/shutdown", desk.shutdown),
        ],
    )


class _Desk:
    def __init__(self, exchange: Exchange, shut_down: Callable[[], None]) -> None:
        self._exchange = exchange
        self._shut_down = shut_down

    def route(self, method: str, path: str, act: Callable[[Request, bytes], Any]) -> Route:
        async def endpoint(request: Request) -> Response:
            token = request.headers.get(TOKEN_HEADER, "")
            if not secrets.compare_digest(token.encode(), self._exchange.store.control_token.encode()):
                return _refused(
                    403, f"{TOKEN_HEADER} is missing or wrong: it lies in the store's control.token"
                )
            try:
                return JSONResponse(act(request, await request.body()))
            except PersonFault as fault:
                return _refused(409, str(fault))
            except ValidationError as fault:
                return _refused(409, _first(fault))
            except OSError as fault:
                return _refused(409, f"the exchange's store cannot be written: {fault.strerror}")

        return Route(path, endpoint, methods=[method])

    def list_accounts(self, _request: Request, _body: bytes) -> Any:
        return [
            {"account": account.name, "subAccounts": sorted(account.spot), "keys": len(account.keys)}
            for account in self._exchange.store.accounts.values()
        ]

    def open_account(self, request: Request, body: bytes) -> Any:
        """A new account with balances and a sub-account; PersonFault for a name that is taken."""
        form = NewAccount.model_validate_json(body)
        name = request.path_params["account"]
        if self._exchange.store.account(name) is not None:
            raise PersonFault(f"account {name} is there already")
        with self._exchange.store.change(self._new_account(name)) as account:
            page.open_account(account, form.sub_account)
        return {"account": name}

    def list_keys(self, request: Request, _body: bytes) -> Any:
        return [page.described(key) for key in self._account(request).keys]

    def make_key(self, request: Request, body: bytes) -> Any:
        """The one answer that ever holds the secret. Opens the account when there is none."""
        form = NewKey.model_validate_json(body)
        store, name = self._exchange.store, request.path_params["account"]
        fresh = store.account(name) is None
        account = store.account(name) or self._new_account(name)
        with store.change(account):
            if fresh:
                page.open_account(account, form.sub_account)
            page.add_sub_account(account, form.sub_account)
            key = page.create_key(
                account,
                label=form.label,
                permissions=form.permissions,
                whitelist=form.whitelist,
                replace_unused=form.replace_unused,
                switches=self._exchange.switches,
                now=self._exchange.now(),
            )
        return {**page.described(key), "secret": key.secret}

    def edit_key(self, request: Request, body: bytes) -> Any:
        form = KeyEdit.model_validate_json(body)
        account, key = self._key(request)
        with self._exchange.store.change(account):
            page.edit_key(
                account,
                key,
                label=form.label,
                permissions=form.permissions,
                whitelist=form.whitelist,
                switches=self._exchange.switches,
                now=self._exchange.now(),
            )
        return page.described(key)

    def delete_key(self, request: Request, _body: bytes) -> Any:
        account, key = self._key(request)
        with self._exchange.store.change(account):
            page.delete_key(account, key)
        return {"deleted": key.key}

    def mail_code(self, request: Request, _body: bytes) -> Any:
        account, key = self._key(request)
        with self._exchange.store.change(account):
            page.mail_code(account, key, self._exchange.now())
        return page.described(key)

    def activate(self, request: Request, body: bytes) -> Any:
        code = Code.model_validate_json(body).code
        account, key = self._key(request)
        with self._exchange.store.change(account):
            page.activate(key, code, self._exchange.now())
        return page.described(key)

    def deactivate(self, request: Request, _body: bytes) -> Any:
        account, key = self._key(request)
        with self._exchange.store.change(account):
            page.deactivate(key, self._exchange.now())
        return page.described(key)

    def mailbox(self, request: Request, _body: bytes) -> Any:
        return [mail.model_dump() for mail in self._account(request).mailbox]

    def switches(self, _request: Request, _body: bytes) -> Any:
        return self._exchange.switches.model_dump(mode="json")

    def set_switches(self, _request: Request, body: bytes) -> Any:
        """Change some; null puts one back to its default."""
        changes = _Changes.model_validate_json(body).root_values()
        kept = self._exchange.switches.model_dump()
        merged = {name: value for name, value in (kept | changes).items() if changes.get(name, 0) is not None}
        self._exchange.store.set_switches(Switches.model_validate(merged))
        return self.switches(_request, body)

    def shutdown(self, _request: Request, _body: bytes) -> Any:
        asyncio.get_running_loop().call_later(0.05, self._shut_down)
        return {"stopping": True}

    def _new_account(self, name: str) -> Account:
        try:
            return self._exchange.store.add_account(name)
        except ValueError as fault:
            raise PersonFault(str(fault)) from None

    def _account(self, request: Request) -> Account:
        name = request.path_params["account"]
        account = self._exchange.store.account(name)
        if account is None:
            raise PersonFault(f"account {name} does not exist: make-key opens it")
        return account

    def _key(self, request: Request) -> tuple[Account, ApiKey]:
        """The key of that text, or the only one of that label."""
        account, wanted = self._account(request), request.path_params["key"]
        found = [key for key in account.keys if wanted in (key.key, key.label)]
        if len(found) != 1:
            how_many = "no key" if not found else f"{len(found)} keys"
            raise PersonFault(f"account {account.name} has {how_many} {wanted}: name one by its key")
        return account, found[0]


class _Changes(BaseModel):
    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    def root_values(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


def _refused(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status)


def _first(fault: ValidationError) -> str:
    first = fault.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the form"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
