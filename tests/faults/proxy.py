"""A proxy in front of the sandbox's AWS, where every call can be met by a fate.

A `rule` is asked once for each call, in the order in which the calls arrive, and answers with a fate or None.
A fate of a killed process: while the process lives on (a provider outlives its engine), its call goes its
way, as it would on a real wire; once its connection is closed, a call that was held back never happens.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
READ_ONLY = ("Describe", "Get", "List", "Simulate", "Lookup", "Validate", "Decode")
HANG_UP = 0.5  # seconds in which a killed process's connection is seen to close

Event = Callable[[], object]
Answer = tuple[int, bytes, Mapping[str, str]]


@dataclass(frozen=True)
class Call:
    """One call of an AWS API; `k` counts all calls and `nth` those of the same action, both from 1."""

    k: int
    nth: int
    service: str
    action: str
    mutating: bool
    body: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """Such as `CreateTags#3`: the same call in another run, whatever came between."""
        return f"{self.action}#{self.nth}"

    def parameter(self, name: str) -> str | None:
        """A parameter of a call of the query protocol (EC2, IAM, STS)."""
        return next(iter(parse_qs(self.body.decode()).get(name, [])), None)


@dataclass(frozen=True)
class Fate:
    """What becomes of a call. `before` runs before it takes effect, `after` after that and before its answer.

    hold: seconds before the call is passed on. late: passed on after so long even if its caller has gone.
    change: what AWS answered, made into what arrives.
    """

    before: Event | None = None
    after: Event | None = None
    effect: bool = True
    answer: Answer | None = None
    change: Callable[[Answer], Answer] | None = None
    reset: bool = False
    hold: float = 0.0
    late: bool = False
    pause: float = 0.0  # seconds between the effect and the answer


PASS = Fate()


def kill_before(kill: Event) -> Fate:
    """Kill a process before the call takes effect; if its caller dies with it, the call never does."""
    return Fate(before=kill)


def kill_after(kill: Event) -> Fate:
    """Kill a process after the call took effect, before the answer arrives."""
    return Fate(after=kill)


def kill_late(kill: Event, seconds: float) -> Fate:
    """Kill a process while its call is on the way: it takes effect so many seconds later."""
    return Fate(before=kill, hold=seconds, late=True)


def reset_before() -> Fate:
    """Reset the connection before the call takes effect."""
    return Fate(effect=False, reset=True)


def reset_after() -> Fate:
    """Reset the connection after the call took effect."""
    return Fate(reset=True)


def answer(status: int, body: bytes | str, headers: Mapping[str, str] | None = None) -> Fate:
    """Answer in AWS's place; the call has no effect."""
    content = body.encode() if isinstance(body, str) else body
    return Fate(effect=False, answer=(status, content, headers or {}))


def changed(change: Callable[[Answer], Answer]) -> Fate:
    """Let the call take effect, and something else arrive than AWS's answer."""
    return Fate(change=change)


def stall(seconds: float) -> Fate:
    """Let the call take effect, then say nothing for so long."""
    return Fate(pause=seconds)


def delay(seconds: float) -> Fate:
    """Pass the call on so much later."""
    return Fate(hold=seconds)


def meanwhile(event: Event) -> Fate:
    """Let something happen after the call took effect, before its answer arrives."""
    return Fate(after=event)


Rule = Callable[[Call], "Fate | None"]


def mutating(action: str) -> bool:
    """Whether an action changes something, by its name."""
    return not action.startswith(READ_ONLY)


def once(action: str, fate: Fate) -> Rule:
    """A rule for the next call of an action alone."""
    left = [fate]
    return lambda call: left.pop() if call.action == action and left else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = action_of(self.headers.get("X-Amz-Target", ""), body)
        fate = self.server.proxy.met(service_of(self.headers.get("Authorization", "")), action, body)
        if fate.before:
            fate.before()
        time.sleep(fate.hold)
        if fate.before and not fate.late and self._hung_up():
            self.close_connection = True
            return
        answered = self._passed_on(body) if fate.effect else fate.answer
        if fate.change and answered:
            answered = fate.change(answered)
        if fate.after:
            fate.after()
        time.sleep(fate.pause)
        if fate.reset or answered is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.close_connection = True
            self.connection.close()
            return
        with contextlib.suppress(OSError):
            self._answer(*answered)

    def do_GET(self) -> None:
        self.do_POST()

    def _passed_on(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self.server.proxy.upstream, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        kept = ("content-type", "x-amzn-requestid", "x-amzn-errortype")
        headers = {name: value for name, value in response.getheaders() if name.lower() in kept}
        return response.status, content, headers

    def _answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        (self.send_response_only if "Date" in headers else self.send_response)(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _hung_up(self) -> bool:
        """Whether the caller's end is closed, or closes within a moment."""
        try:
            ready, _, _ = select.select([self.connection], [], [], HANG_UP)
            return bool(ready) and not self.connection.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the connection was reset on purpose
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the caller was killed
            super().handle()

    def log_message(self, *_: Any) -> None:
        return


class Proxy:
    """Listens on a free loopback port until `stop`. Set `rule`; read `calls`."""

    def __init__(self, upstream: str, rule: Rule | None = None) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.rule = rule
        self.calls: list[Call] = []
        self._lock = threading.RLock()  # a rule may ask what was sent
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def forget(self, rule: Rule | None = None) -> None:
        """Count from 1 again, under another rule."""
        with self._lock:
            self.calls.clear()
            self.rule = rule

    def sent(self, action: str) -> int:
        """How many calls of an action came."""
        with self._lock:
            return sum(call.action == action for call in self.calls)

    def mutations(self) -> list[Call]:
        """The calls that change something, in the order of their arrival."""
        with self._lock:
            return [call for call in self.calls if call.mutating]

    def met(self, service: str, action: str, body: bytes) -> Fate:
        """Note a call; its fate."""
        with self._lock:
            nth = 1 + sum(call.action == action for call in self.calls)
            call = Call(len(self.calls) + 1, nth, service, action, mutating(action), body)
            self.calls.append(call)
            return (self.rule(call) if self.rule else None) or PASS

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def action_of(target: str, body: bytes) -> str:
    """The API's name for a call, of the query protocol or of JSON."""
    if target:
        return target.rpartition(".")[2]
    return body.partition(b"Action=")[2].partition(b"&")[0].decode()


def service_of(authorization: str) -> str:
    """The service that a call is signed for, such as `ec2`."""
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) > 3 else ""
