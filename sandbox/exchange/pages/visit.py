"""One request of a person: the form as filled in, the account that is signed in, the page in answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.exchange.accounts import Account, ApiKey
from sandbox.exchange.errors import PersonFault
from sandbox.exchange.exchange import Exchange
from sandbox.exchange.pages.sessions import Session

PREFIX = "/rehearsal"
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class NoSuchPage(Exception):
    """The page, or the key on it, is not there."""


@dataclass
class Visit:
    request: Request
    exchange: Exchange
    session: Session
    form: dict[str, list[str]] = field(default_factory=dict, repr=False)
    fresh_cookie: bool = False  # set when the session is to go on under a new cookie

    @property
    def now(self) -> int:
        return self.exchange.now()

    @property
    def account(self) -> Account:
        """The account that was named at sign-in."""
        account = self.exchange.store.account(self.session.account or "")
        if account is None:
            raise NoSuchPage
        return account

    @property
    def key(self) -> ApiKey:
        """The key in the path."""
        key = self.account.key(self.request.path_params["key"])
        if key is None:
            raise NoSuchPage
        return key

    def typed(self, name: str) -> str:
        return (self.form.get(name) or [""])[0]

    def page(self, name: str, faults: Sequence[PersonFault] = (), /, **shown: Any) -> HTMLResponse:
        """A page; with faults, each beside its field and all of them on top."""
        html = _TEMPLATES.get_template(f"{name}.html").render(
            prefix=PREFIX,
            session=self.session,
            notice=self.session.take_notice(),
            faults=faults,
            fault_of={fault.field: str(fault) for fault in faults},
            path=self.request.url.path,
            **shown,
        )
        return HTMLResponse(html, 422 if faults else 200)

    def go(self, path: str, notice: str = "") -> Response:
        """On to another page, by GET."""
        self.session.notice = notice
        return RedirectResponse(f"{PREFIX}{path}", 303)


def key_path(key: ApiKey, verb: str) -> str:
    return f"/keys/{quote(key.key, safe='')}/{verb}"


def _moment(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.timezone.utc).strftime("%d %b %Y, %H:%M:%S UTC")


def _iso(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.timezone.utc).isoformat(timespec="seconds")


def _capitalize_first(text: str) -> str:
    """A fault as a sentence; what is quoted in it stays as it is."""
    return text[:1].upper() + text[1:]


_TEMPLATES.filters |= {"moment": _moment, "iso": _iso, "capitalize_first": _capitalize_first}
