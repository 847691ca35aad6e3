"""WebSocket: /api/spot/ws (auth, then the private actions) and /api/spot/ws-public (the public ones).

A frame that is not a request ends the connection, as on the real exchange. Pushed events
(`executionReport`, `account_update`) begin with the authentication. Book streams are sent once a second.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.exchange import connections, dispatch, faults, gate, in_the_way, json_text, rest
from sandbox.exchange.accounts import Account, ApiKey
from sandbox.exchange.books import BookStream
from sandbox.exchange.errors import ApiFault, RateLimited
from sandbox.exchange.exchange import Event, Exchange


def routes(exchange: Exchange) -> list[WebSocketRoute]:
    async def private(socket: WebSocket) -> None:
        await _Session(exchange, socket, private=True).run()

    async def public(socket: WebSocket) -> None:
        await _Session(exchange, socket, private=False).run()

    return [WebSocketRoute("/api/spot/ws", private), WebSocketRoute("/api/spot/ws-public", public)]


class _Disconnect(Exception):
    """Say goodbye and close."""


class _Session:
    def __init__(self, exchange: Exchange, socket: WebSocket, *, private: bool) -> None:
        self._exchange = exchange
        self._socket = socket
        self._private = private
        assert socket.client is not None
        self._peer = (socket.client.host, socket.client.port)
        self._who: tuple[str, str] | None = None  # account and key, once authenticated
        self._books = BookStream(exchange, self._send)

    async def run(self) -> None:
        at_the_door = in_the_way.WHOLE.get(self._exchange.switches.fault)
        if at_the_door is not None and faults.ordered(self._exchange, "handshake", self._peer[0]) != "none":
            await self._socket.send_denial_response(rest.whole(at_the_door))
            return
        await self._socket.accept()
        books = asyncio.create_task(self._books.run())
        try:
            await self._send({"e": "connected"})
            while True:
                idle = self._exchange.switches.ws_idle_seconds
                await self._frame(await asyncio.wait_for(self._socket.receive(), idle))
        except (_Disconnect, asyncio.TimeoutError, TimeoutError):
            await self._goodbye()
        except (faults.CutConnection, faults.Intercepted):
            connections.cut(self._peer)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client left while something was on its way to it
        finally:
            books.cancel()
            connections.forget(self._peer)
            if self._who is not None:
                self._exchange.listeners.get(self._who[0], set()).discard(self._send)

    async def _goodbye(self) -> None:
        await self._send({"e": "disconnected"})
        await self._socket.close(1000)

    async def _send(self, message: Event) -> None:
        await self._socket.send_text(json_text.write(message))

    async def _frame(self, frame: Any) -> None:
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", 1006))
        try:
            message = json_text.read_object(frame.get("text") or frame.get("bytes") or "")
        except ValueError:
            raise _Disconnect from None
        kind = message.get("e")
        if kind == "ping":
            await self._send({"e": "pong"})
        elif kind == "auth" and self._private:
            await self._authenticate(message)
        elif isinstance(kind, str) and isinstance(message.get("oid"), (str, int)):
            await self._request(kind, message)
        else:
            raise _Disconnect

    async def _authenticate(self, message: dict[str, Any]) -> None:
        given = message.get("auth")
        given = given if isinstance(given, dict) else {}
        key, timestamp = str(given.get("key", "")), str(given.get("timestamp", ""))
        fault = faults.ordered(self._exchange, "auth", self._peer[0])
        answer: dict[str, Any] = {"e": "auth"} | ({"oid": message["oid"]} if "oid" in message else {})
        closes = False
        try:
            await faults.before(self._exchange, fault)
            account, found = gate.let_in_ws(
                self._exchange,
                key=key,
                timestamp=timestamp,
                signature=str(given.get("signature", "")),
                source=self._peer[0],
            )
            answer |= {"ok": "ok", "data": {"ok": "ok"}}
        except (gate.AuthRefused, ApiFault) as refused:
            answer["data"] = {"error": str(refused)}
            closes = self._exchange.switches.ws_failed_auth_closes
            wordless = self._exchange.switches.ws_address_refused == "close"
            if wordless and isinstance(refused, gate.AddressRefused):
                self._log("auth", key, json_text.write({"timestamp": timestamp}), {"e": "disconnected"})
                raise _Disconnect from None
        self._log("auth", key, json_text.write({"timestamp": timestamp}), answer)
        faults.after(fault)
        await self._send(answer)
        if "ok" in answer:
            self._who = (account.name, found.key)
            self._exchange.listeners.setdefault(account.name, set()).add(self._send)
            await self._send(dispatch.balances_event(account))
        elif closes:
            raise _Disconnect

    async def _request(self, action: str, message: dict[str, Any]) -> None:
        data = message.get("data")
        answer: dict[str, Any] = {"e": action, "oid": message["oid"]}
        events: list[Event] = []
        end = False
        fault = faults.ordered(self._exchange, action, self._peer[0])
        try:
            await faults.before(self._exchange, fault)
            params = data if isinstance(data, dict) else {}
            if action in ("order_book_subscribe", "order_book_unsubscribe", "trade_subscribe"):
                answer["data"] = self._books.request(action, params)
            else:
                answer["data"], events = self._perform(action, params)
            answer["ok"] = "ok"
        except _Unsupported:
            answer["data"], end = {"error": f"Unsupported message type {action}"}, True
        except gate.AuthRefused as refused:
            answer["data"] = {"error": str(refused)}
        except ApiFault as refused:
            answer["data"], end = {"error": str(refused)}, isinstance(refused, RateLimited)
        except OSError:
            answer["data"] = {"error": "Unexpected error"}
        if isinstance(answer["data"], dict) and "error" in answer["data"]:
            answer.pop("ok", None)
        self._log(action, self._who[1] if self._who else None, json_text.write(data), answer)
        faults.after(fault)
        await self._send(answer)
        if self._who is not None:
            await self._exchange.publish(self._who[0], events)
        if end:
            raise _Disconnect

    def _perform(self, action: str, params: dict[str, Any]) -> tuple[Any, list[Event]]:
        if not self._private:
            if action not in dispatch.PUBLIC:
                raise _Unsupported
            return dispatch.public(self._exchange, action, params, self._peer[0]), []
        if action not in dispatch.PRIVATE:
            raise _Unsupported
        account, key = self._client()
        gate.check_still_good(self._exchange, key, self._peer[0])
        return dispatch.private(self._exchange, account, key, action, params)

    def _client(self) -> tuple[Account, ApiKey]:
        """The account and key of this connection as they are now: both may have changed since."""
        if self._who is None:
            raise gate.AuthRefused("Authorization required")
        account = self._exchange.store.account(self._who[0])
        key = None if account is None else account.key(self._who[1])
        if account is None or key is None:
            raise gate.AuthRefused("Invalid API key")
        return account, key

    def _log(self, action: str, key: str | None, body: str, answer: dict[str, Any]) -> None:
        channel = "ws" if self._private else "ws-public"
        self._exchange.log.write(
            channel=channel,
            source=self._peer[0],
            action=action,
            key=key,
            body=body,
            status=None,
            reply=json_text.write(answer),
        )


class _Unsupported(Exception):
    """No such message type on this path."""
