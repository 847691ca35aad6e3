"""What both clients do with a call, without doing any of it: sans I/O.

`Core.talk` is a generator. It yields a `Request` and is sent back the answer (or the TransportError
that came instead), or it yields a number of seconds to wait; at the end it returns the typed answer or
raises the error tree. A client only carries this out.

    clock     learned before the first private call and after an hour (`clock`); after a refusal that
              may be the clock's (its text, or a 400, 401 or 403 that names no other cause) it is learned
              again, and if it was off by over two seconds a read is sent again, once
    budget    points are taken before sending (`budget`). A read waits for the next minute if it must, a
              minute and some seconds at the most; a call that writes is refused at once with `wait_s`,
              because an order that goes out a minute late is another order
    again     reads after a transport error or a gateway's 502 to 504 and 520 to 524, twice; after 429, once,
              in the next minute. Whatever writes (`do_…`) is sent once and never again, whatever happens;
              `may_be_done` says where it may have been carried out for all that
    traps     200 around REJECTED, `data.error` beside ok, pages instead of JSON: errors, all of them
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from cexio import errors
from cexio.budget import Budget, Budgets, points_of
from cexio.call import Call
from cexio.causes import read
from cexio.clock import Clock
from cexio.credentials import Credentials
from cexio.failures import error_for
from cexio.measurement import Answer
from cexio.wire import Raw, Request, Wire

T = TypeVar("T")
Talk = Generator[Request | float, Raw | errors.TransportError | None, T]

_MOST_AGAIN = {"lost": 2, "rate": 1, "clock": 1}
_GATEWAY = (502, 503, 504, *range(520, 525))
_PAUSE_S = 0.3
_LONGEST_WAIT_S = 66.0
_OFF_S = 2.0
_TIME = "get_server_time"


class Core:
    """The state of one client: its clock, and the budgets that it shares with others."""

    def __init__(self, wire: Wire, clock: Clock, budgets: Budgets) -> None:
        self.clock = clock
        self._wire = wire
        self._of_address = budgets.of_address(wire.base_url, wire.source_address)
        self._of_key = budgets.of_key(wire.base_url, wire.credentials) if wire.credentials else None

    def talk(self, call: Call[T]) -> Talk[T]:
        """The whole of a call."""
        try:
            return (yield from self._talk(call))
        except errors.CexioError as error:
            if call.writes and _leaves_open(error):
                error.may_be_done = True
                error.args = (f"{error}; it may have been carried out: look before you send it again",)
            raise

    def _talk(self, call: Call[T]) -> Talk[T]:
        if call.channel == "private":
            if self._of_key is None:
                raise errors.CredentialsError(f"{call.action} is a private call: give the client a key")
            call.body(self.clock.now())  # what cannot be written is refused before anything is sent
            if self.clock.due():
                yield from self._learn()
        data = yield from self._answered(call)
        try:
            return call.read(data)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, ("data", *first["loc"])))
            raise errors.UnclearAnswerError(
                f"{call.action}: {place[:120]} is not as the reference describes it: {first['msg'][:120]}",
                status=200,
            ) from None

    def login_credentials(self) -> Credentials:
        """The key to log in with over WebSocket; takes a point (what a login costs is not documented)."""
        if self._of_key is None or self._wire.credentials is None:
            raise errors.CredentialsError("auth is a private call: give the client a key")
        wait = self._of_key.take(1, self.clock.now())
        if wait:
            raise _no_points("auth", self._of_key.limit, wait)
        return self._wire.credentials

    def check_login(self, answer: Answer) -> None:
        """Raises what a login's deciding frame stands for, unless it is a success."""
        reading = read(answer)
        if reading.shape != "ok":
            raise error_for("auth", reading)

    def _answered(self, call: Call[Any]) -> Talk[Any]:
        used: Counter[str] = Counter()
        while True:
            yield from self._points(call)
            try:
                raw = yield from self._sent(call)
                return self._data(call, raw)
            except errors.CexioError as error:
                again = yield from self._again(call, error, used)
                if not again:
                    raise

    def _points(self, call: Call[Any]) -> Talk[None]:
        budget, cost = self._budget(call), points_of(call.action)
        waited = 0.0
        while wait := budget.take(cost, self.clock.now()):
            if call.writes or waited + wait > _LONGEST_WAIT_S:
                raise _no_points(call.action, budget.limit, wait)
            yield wait
            waited += wait

    def _sent(self, call: Call[Any]) -> Talk[Raw]:
        """One request and its answer. A server time that comes along is learned from."""
        now, sent_at = self.clock.now(), self.clock.machine()
        got = yield self._wire.request(call.channel, call.action, call.body(now), now)
        if isinstance(got, errors.TransportError):
            raise got
        if got is None:
            raise TypeError("a request must be answered")
        if call.action == _TIME and got.status == 200:
            self._learn_from(got, sent_at)
        return got

    def _data(self, call: Call[Any], raw: Raw) -> Any:
        text = self._wire.text(raw)
        reading = read(_whole_answer(call.action, raw, text))
        if reading.shape != "ok":
            raise error_for(call.action, reading)
        try:
            return json.loads(
                text.removeprefix("\ufeff"),
                parse_float=Decimal if call.exact else None,
                parse_constant=_no_number,
            )["data"]
        except (ValueError, KeyError):
            raise errors.UnclearAnswerError(
                f"{call.action}: ok, but without readable data", status=200
            ) from None

    def _again(self, call: Call[Any], error: errors.CexioError, used: Counter[str]) -> Talk[bool]:
        """Whether to send once more, after what could be done about the error."""
        if isinstance(error, errors.RateLimitError):
            if error.wait_s is not None:
                return False
            self._budget(call).exhaust(self.clock.now())
            reason = "rate"
        elif call.channel == "private" and _may_be_the_clock(error):
            reason = "clock"
            if not (yield from self._was_off()):
                return False
        elif isinstance(error, errors.TransportError) or error.status in _GATEWAY:
            reason = "lost"
        else:
            return False
        if call.writes or used[reason] >= _MOST_AGAIN[reason]:
            return False
        used[reason] += 1
        if reason == "lost":
            yield _PAUSE_S * used[reason]
        return True

    def _was_off(self) -> Talk[bool]:
        if not self.clock.doubtful():
            return False
        before = self.clock.offset_s
        yield from self._learn()
        return abs(self.clock.offset_s - before) > _OFF_S

    def _learn(self) -> Talk[None]:
        """Asks for the exchange's time, once. Without an answer the clock stays as it is: the call that
        wanted it will tell what is wrong."""
        self.clock.asked()
        call = Call("public", _TIME, {}, lambda data: data)
        if self._of_address.take(points_of(_TIME), self.clock.now()) == 0:
            try:
                yield from self._sent(call)
            except errors.TransportError:
                return

    def _learn_from(self, raw: Raw, sent_at: float) -> None:
        received_at = self.clock.machine()
        try:
            document = json.loads(self._wire.text(raw))
            if document["ok"] == "ok":
                self.clock.learn(float(document["data"]["timestamp"]), sent_at, received_at)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return

    def _budget(self, call: Call[Any]) -> Budget:
        return self._of_address if call.channel == "public" or self._of_key is None else self._of_key


def _whole_answer(action: str, raw: Raw, text: str) -> Answer:
    """The answer uncut, so that no trap can lie behind the cut of a measurement's row."""
    return Answer.model_construct(
        probe="call", vantage="here", action=action, status=raw.status, text=text, at=raw.at
    )


def _leaves_open(error: errors.CexioError) -> bool:
    """Whether a call that writes may have been carried out, for all that its error tells."""
    if isinstance(error, errors.TransportError):
        return error.sent
    return isinstance(error, (errors.ExchangeFaultError, errors.UnclearAnswerError))


def _may_be_the_clock(error: errors.CexioError) -> bool:
    vague = (errors.CredentialsError, errors.UnclearAnswerError, errors.InvalidRequestError)
    return type(error) is errors.ClockError or (type(error) in vague and error.status in (400, 401, 403))


def _no_points(action: str, limit: int, wait: float) -> errors.RateLimitError:
    return errors.RateLimitError(
        f"{action}: not sent: of the {limit} points of this minute too few are left, wait {wait:.0f} s",
        wait_s=wait,
    )


def _no_number(text: str) -> Any:
    raise ValueError(text)
