"""The routes of the pages, and what holds for each: who may see it, and with which headers it goes out.

Forms carry their session's token, names other than this machine's own are not served (a foreign site that
resolves to loopback gets nothing), nothing is cached, and no script can run. HEAD, which Starlette adds to
every GET, is refused: a page that shows a secret once would be used up by it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from sandbox.exchange.exchange import Exchange
from sandbox.exchange.pages import keys, mail_and_phone, sign_in
from sandbox.exchange.pages.sessions import Session, Sessions
from sandbox.exchange.pages.visit import PREFIX, NoSuchPage, Visit

Act = Callable[[Visit], Response]
_STATIC = {"style.css": "text/css", "mark.svg": "image/svg+xml"}
_MAX_FORM = 20_000
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors {}"
)


def routes(exchange: Exchange) -> list[BaseRoute]:
    """The pages below their prefix, and the way to them from the bare address."""

    async def front(_request: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/")

    return [Route("/", front, methods=["GET"]), Mount(PREFIX, _application(exchange))]


def _application(exchange: Exchange) -> Starlette:
    desk = _Desk(exchange)
    anybody, named, signed_in = (lambda _visit: None), _named, _signed_in

    def both(path: str, act: Act, may: Act | Callable[[Visit], Response | None]) -> Route:
        return Route(path, desk.endpoint(act, may), methods=["GET", "POST"])

    def post(path: str, act: Act) -> Route:
        return Route(path, desk.endpoint(act, _two_factor_on), methods=["POST"])

    return Starlette(
        routes=[
            both("/", sign_in.front, anybody),
            both("/sign-in", sign_in.sign_in, anybody),
            both("/sign-in/code", sign_in.second_factor, named),
            both("/sign-out", sign_in.sign_out, anybody),
            both("/two-factor", sign_in.turn_on, signed_in),
            both("/phone", mail_and_phone.phone, named),
            both("/phone/card", mail_and_phone.phone_card, named),
            both("/mailbox", mail_and_phone.mailbox, named),
            both("/keys", keys.listed, _two_factor_on),
            both("/keys/new", keys.create, _two_factor_on),
            both("/keys/{key}/secret", keys.secret, _two_factor_on),
            both("/keys/{key}/activate", keys.activate, _two_factor_on),
            both("/keys/{key}/edit", keys.edit, _two_factor_on),
            both("/keys/{key}/delete", keys.delete, _two_factor_on),
            post("/keys/{key}/mail-code", keys.mail_code),
            post("/keys/{key}/deactivate", keys.deactivate),
            Route("/static/{name}", _static),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        exception_handlers={404: desk.not_found, 405: desk.not_found, 500: desk.unexpected},
    )


def _named(visit: Visit) -> Response | None:
    known = visit.exchange.store.account(visit.session.account or "")
    return None if known is not None else visit.go("/sign-in")


def _signed_in(visit: Visit) -> Response | None:
    return _named(visit) or (None if visit.session.signed_in else visit.go("/sign-in"))


def _two_factor_on(visit: Visit) -> Response | None:
    """API Management is for accounts with two-factor login alone."""
    elsewhere = _signed_in(visit)
    if elsewhere is not None:
        return elsewhere
    shared = visit.account.two_factor
    return None if shared is not None and shared.on else visit.go("/two-factor")


class _Desk:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._sessions = Sessions()
        # Cookies know no ports: two sandboxes on one machine need two names.
        self._cookie = f"rehearsal-{exchange.store.world[:16]}"

    def endpoint(self, act: Act, may: Callable[[Visit], Response | None]) -> Callable[..., object]:
        async def answer(request: Request) -> Response:
            if request.method not in ("GET", "POST"):
                return self._with_headers(Response(status_code=405, headers={"Allow": "GET, POST"}), request)
            cookie = request.cookies.get(self._cookie)
            session = self._sessions.find(cookie)
            fresh = session is None
            visit = Visit(request, self._exchange, session or Session(), fresh_cookie=fresh)
            if request.method == "POST":
                visit.form = await _form(request)
                if not secrets.compare_digest(
                    visit.typed("form_token").encode(), visit.session.form_token.encode()
                ):
                    return self._with_headers(self._stale(visit), request)
            try:
                said = may(visit) or act(visit)
            except NoSuchPage:
                said = self._fault(visit, 404, "There is no such page or key.")
            except OSError as fault:
                said = self._fault(
                    visit, 500, f"The exchange's store cannot be written: {fault.strerror}. Try again."
                )
            if visit.fresh_cookie:
                self._sessions.end(cookie)
                cookie, _ = self._sessions.begin(visit.session)
                said.set_cookie(self._cookie, cookie, path=PREFIX, httponly=True, samesite="strict")
            return self._with_headers(said, request)

        return answer

    async def not_found(self, request: Request, _fault: Exception) -> Response:
        return self._with_headers(self._fault(self._visit(request), 404, "There is no such page."), request)

    async def unexpected(self, request: Request, _fault: Exception) -> Response:
        text = "Something went wrong on this rehearsal's side. Nothing was changed; try again."
        return self._with_headers(self._fault(self._visit(request), 500, text), request)

    def _visit(self, request: Request) -> Visit:
        session = self._sessions.find(request.cookies.get(self._cookie))
        return Visit(request, self._exchange, session or Session())

    def _stale(self, visit: Visit) -> HTMLResponse:
        return self._fault(
            visit, 403, "This form was too old, or not from this page. Go back and send it anew."
        )

    def _fault(self, visit: Visit, status: int, text: str) -> HTMLResponse:
        page = visit.page("fault", text=text)
        page.status_code = status
        return page

    @staticmethod
    def _with_headers(response: Response, request: Request) -> Response:
        framed = "'self'" if request.url.path == f"{PREFIX}/phone/card" else "'none'"
        response.headers.update(
            {
                "Content-Security-Policy": _POLICY.format(framed),
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
            }
        )
        return response


async def _form(request: Request) -> dict[str, list[str]]:
    """What was filled in; of a form that is too long, nothing, so that its token is missing."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_FORM:
            return {}
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100)
    except ValueError:  # more fields than any form of ours has
        return {}


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return Response(status_code=404)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    file = Path(__file__).with_name("static") / name
    return FileResponse(file, media_type=_STATIC[name], headers=headers)
