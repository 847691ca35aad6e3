"""REST: /api/spot/rest/{action} signed, /api/spot/rest-public/{action} open.

The body is read and verified as bytes. The source is the socket's peer; forwarding headers are not looked
at. A route or body that is none is 400 before any key is looked at.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.exchange import connections, dispatch, faults, gate, in_the_way, json_text
from sandbox.exchange.errors import ApiFault, BadRequest
from sandbox.exchange.exchange import Exchange
from sandbox.exchange.parameters import Params
from sandbox.exchange.replies import Reply

_MAX_BODY = 1_000_000


def routes(exchange: Exchange) -> list[Route]:
    async def private(request: Request) -> Response:
        return await _answer(exchange, request, "rest")

    async def public(request: Request) -> Response:
        return await _answer(exchange, request, "rest-public")

    methods = ["GET", "POST"]
    return [
        Route("/api/spot/rest/{action}", private, methods=methods),
        Route("/api/spot/rest-public/{action}", public, methods=methods),
    ]


async def _answer(exchange: Exchange, request: Request, channel: str) -> Response:
    action, source = request.path_params["action"], peer(request)[0]
    body = await _body(request)
    events: list[Any] = []
    account = ""
    fault = faults.ordered(exchange, action, source)
    try:
        await faults.before(exchange, fault)
        params = _params(request, body, public=channel == "rest-public")
        if channel == "rest-public":
            data = dispatch.public(exchange, action, params, source)
        else:
            data, events, account = _private(exchange, request, action, body, params)
        response = _response(200, json_text.write({"ok": "ok", "data": data}))
        await exchange.publish(account, events)
    except ApiFault as refused:
        response = _refusal(exchange, refused.reply)
    except faults.CutConnection:
        return await _broken(exchange, request, channel, action, body, partly=False)
    except faults.Intercepted as other:
        _log(exchange, request, channel, action, body, None, str(other))
        return await _intercepted(exchange, request, other)
    except OSError:
        response = _refusal(exchange, Reply(500, "Unexpected error"))
    try:
        faults.after(fault)
    except faults.CutConnection as cut:
        return await _broken(exchange, request, channel, action, body, partly=cut.partly)
    _log(exchange, request, channel, action, body, response.status_code, bytes(response.body).decode())
    return _dressed(response, fault)


def _private(
    exchange: Exchange, request: Request, action: str, body: bytes, params: Params
) -> tuple[Any, list[Any], str]:
    if action not in dispatch.PRIVATE:
        raise BadRequest
    headers = request.headers
    account, key = gate.let_in_rest(
        exchange,
        key=headers.get("x-aggr-key", ""),
        timestamp=headers.get("x-aggr-timestamp", ""),
        signature=headers.get("x-aggr-signature", ""),
        action=action,
        body=body,
        source=peer(request)[0],
    )
    data, events = dispatch.private(exchange, account, key, action, params)
    return data, events, account.name


def peer(request: Request) -> tuple[str, int]:
    """Address and port of the other end of the socket."""
    assert request.client is not None
    return request.client.host, request.client.port


def _params(request: Request, body: bytes, *, public: bool) -> Params:
    if public and not body:
        return {}
    if request.method != "POST" or len(body) > _MAX_BODY:
        raise BadRequest
    try:
        return json_text.read_object(body)
    except ValueError:
        raise BadRequest from None


async def _body(request: Request) -> bytes:
    """The body, or its first megabyte and a bit: more is refused."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY:
                break
    except ClientDisconnect:
        pass
    return body


def _response(status: int, text: str, media_type: str = "application/json") -> Response:
    return Response(text, status_code=status, media_type=media_type)


def _refusal(exchange: Exchange, reply: Reply) -> Response:
    if reply.html:
        return _response(reply.status, reply.error, "text/html")
    body: dict[str, Any] = {"error": reply.error}
    # The rate limit's body was seen live and has no status in it.
    if exchange.switches.status_code_in_body and reply.status != 429:
        body["statusCode"] = reply.status
    return _response(reply.status, json_text.write(body))


async def _broken(
    exchange: Exchange, request: Request, channel: str, action: str, body: bytes, *, partly: bool
) -> Response:
    _log(exchange, request, channel, action, body, None, "connection cut")
    if partly:
        return _Truncated(peer(request))
    connections.cut(peer(request))
    return Response()


async def _intercepted(exchange: Exchange, request: Request, other: faults.Intercepted) -> Response:
    if other.whole is not None:
        return whole(other.whole)
    on = peer(request)
    connections.say(on, other.raw, last=not other.drips)
    if other.drips:
        until = time.monotonic() + exchange.switches.fault_seconds
        while time.monotonic() < until and connections.say(on, b" ", last=False):
            await asyncio.sleep(0.02)
        connections.cut(on)
    return Response()


def whole(answer: in_the_way.Whole) -> Response:
    """What answers in the exchange's place."""
    return Response(answer.body, answer.status, dict(answer.headers), answer.media_type)


def _dressed(response: Response, fault: str) -> Response:
    dress = in_the_way.DRESSED.get(fault)
    if dress is None:
        return response
    body, headers = dress(bytes(response.body))
    return Response(body, response.status_code, dict(headers), response.media_type)


class _Truncated(Response):
    """Half an answer, then the connection is gone."""

    def __init__(self, peer: tuple[str, int]) -> None:
        super().__init__('{"ok":"ok","da', media_type="application/json", headers={"content-length": "512"})
        self._peer = peer

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await asyncio.sleep(0.05)  # abort() drops what is not yet on the wire
        connections.cut(self._peer)


def _log(
    exchange: Exchange,
    request: Request,
    channel: str,
    action: str,
    body: bytes,
    status: int | None,
    reply: str,
) -> None:
    exchange.log.write(
        channel=channel,
        source=peer(request)[0],
        action=action,
        key=request.headers.get("x-aggr-key") if channel == "rest" else None,
        body=body.decode("utf-8", "replace"),
        status=status,
        reply=reply,
    )
