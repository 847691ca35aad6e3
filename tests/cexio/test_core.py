"""The core without any socket: what is sent, waited for and raised, whatever is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cexio import errors
from cexio.actions.account import AccountActions
from cexio.actions.orders import OrderActions
from cexio.budget import Budgets
from cexio.call import Call
from cexio.clock import Clock
from cexio.core import Core
from cexio.credentials import Credentials
from cexio.wire import Raw, Request, Wire

START = 1_700_000_010.0
CREDENTIALS = Credentials(key="canary-key-0123456789", secret="canary/secret+0123456789==")
BALANCES = AccountActions.get_my_account_status_v3(None)
ORDER = OrderActions.do_my_new_order(
    None,
    account_id="bot",
    pair="BTC-USD",
    side="BUY",
    order_type="Limit",
    client_order_id="mine",
    amount_ccy1="1",
    price="1",
)
Reply = tuple[int, Any] | errors.TransportError


class Played:
    """One client's core in a time of its own; `answer` replies to each private request."""

    def __init__(self, answer: Callable[[Request], Reply], key_points: int = 200) -> None:
        self.now = START
        self.sent: list[Request] = []
        self.asked_time = 0
        self.waited = 0.0
        self.skew = 0.0
        wire = Wire("http://exchange.test", CREDENTIALS, None, 1, None)
        self.core = Core(wire, Clock(lambda: self.now), Budgets(key_points))
        self._answer = answer

    def run(self, call: Call[Any]) -> Any:
        talk = self.core.talk(call)
        reply: Any = None
        try:
            while True:
                step = talk.send(reply)
                reply = None
                if isinstance(step, Request):
                    reply = self._reply(step)
                else:
                    self.now += step
                    self.waited += step
        except StopIteration as end:
            return end.value

    def _reply(self, request: Request) -> Any:
        if "rest-public" in request.url:
            self.asked_time += 1
            server = {"ok": "ok", "data": {"timestamp": int((self.now + self.skew) * 1000)}}
            return raw((200, server))
        self.sent.append(request)
        return raw(self._answer(request))


def raw(reply: Reply) -> Any:
    if isinstance(reply, errors.TransportError):
        return reply
    status, body = reply
    whole = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Raw(status=status, body=whole, at="", elapsed_s=0.0, local=None, signature="s" * 20)


def in_turn(*replies: Reply) -> Callable[[Request], Reply]:
    left: Iterator[Reply] = iter(replies)
    return lambda _request: next(left)


LOST = errors.TransportError("lost", fault="cut")
EMPTY = (200, {"ok": "ok", "data": {"balancesPerAccounts": {}}})
REPLIES = st.one_of(
    st.builds(lambda: LOST),
    st.tuples(st.sampled_from([200, 302, 400, 401, 403, 422, 429, 500, 502, 503, 504, 520]), st.binary()),
    st.tuples(
        st.sampled_from([200, 400, 401, 403, 422, 429, 500, 502]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["ok", "data", "error", "status", "statusCode", "rejectCode", "x"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=6,
        ),
    ),
)


class TestWhateverIsAnswered:
    """An answer that nobody foresaw must not become a second order, a loop or a traceback."""

    @given(st.lists(REPLIES, min_size=8, max_size=8))
    def test_an_order_is_sent_once_and_ends_in_the_error_tree(self, replies: list[Reply]) -> None:
        played = Played(in_turn(*replies))
        with pytest.raises(errors.CexioError) as raised:
            played.run(ORDER)
        assert len(played.sent) == 1
        assert played.waited == 0
        assert "canary" not in f"{raised.value}{raised.value.text}"

    @given(st.lists(REPLIES, min_size=8, max_size=8))
    def test_a_read_is_sent_a_few_times_and_ends(self, replies: list[Reply]) -> None:
        played = Played(in_turn(*replies))
        try:
            played.run(BALANCES)
        except errors.CexioError as error:
            told = error
        else:
            told = None
        assert told is None or "\n" not in str(told)
        assert 1 <= len(played.sent) <= 5
        assert played.waited < 70


class TestOneBodyIsSigned:
    """An order's time is that of its sending, not that of its description."""

    def test_the_time_in_the_body_and_in_the_header_is_the_exchanges(self) -> None:
        played = Played(lambda _request: (200, {"ok": "ok", "data": {"status": "REJECTED"}}))
        played.skew = 5000.0
        with pytest.raises(errors.OrderRejectedError):
            played.run(ORDER)
        (request,) = played.sent
        assert request.headers["X-AGGR-TIMESTAMP"] == str(int(START + 5000))
        assert json.loads(request.body)["timestamp"] == int((START + 5000) * 1000)


class TestTheClockIsAskedSeldom:
    """A wrong key that asks for the time at every call spends the address's points."""

    def test_many_refusals_are_few_questions(self) -> None:
        played = Played(lambda _request: (401, {"error": "Authorization Failed"}))
        for _ in range(20):
            with pytest.raises(errors.CredentialsError):
                played.run(BALANCES)
            played.now += 5
        assert played.asked_time <= 3
        assert len(played.sent) == 20

    def test_a_jump_is_told_by_a_refusal_and_the_read_goes_on(self) -> None:
        played = Played(in_turn(EMPTY, (401, {"error": "E17"}), EMPTY))
        played.run(BALANCES)
        played.now += 100
        played.skew = -100.0
        played.run(BALANCES)
        assert played.core.clock.offset_s == -100


class TestPointsAreTakenBeforeSending:
    """An order that waits a minute in a queue is sent at a price of a minute ago."""

    def test_a_read_waits_for_the_next_minute_and_an_order_does_not(self) -> None:
        played = Played(lambda _request: EMPTY, key_points=5)
        played.run(BALANCES)
        with pytest.raises(errors.RateLimitError) as raised:
            played.run(ORDER)
        assert raised.value.wait_s is not None
        assert len(played.sent) == 1
        played.run(BALANCES)
        assert 0 < played.waited < 66

    def test_what_the_exchange_refuses_is_asked_in_the_next_minute_once(self) -> None:
        played = Played(in_turn((429, {"error": "API rate limit reached"}), EMPTY))
        played.run(BALANCES)
        assert int(played.now // 60) > int(START // 60)
        played = Played(lambda _request: (429, b"<html>"))
        with pytest.raises(errors.RateLimitError):
            played.run(BALANCES)
        assert len(played.sent) == 2

    def test_who_waits_in_vain_is_told_after_a_minute(self) -> None:
        played = Played(lambda _request: EMPTY, key_points=5)
        played.run(BALANCES)
        budget = played.core._of_key
        talk = played.core.talk(BALANCES)
        step = talk.send(None)
        assert isinstance(step, float)
        played.now += step
        assert budget.take(5, played.now) == 0  # another task is quicker
        with pytest.raises(errors.RateLimitError):
            talk.send(None)

    def test_two_clients_of_one_key_share_what_is_left(self) -> None:
        budgets = Budgets(5)
        first, second = Played(lambda _request: EMPTY), Played(lambda _request: EMPTY)
        for each in (first, second):
            wire = Wire("http://exchange.test", CREDENTIALS, None, 1, None)
            each.core = Core(wire, Clock(lambda: START), budgets)
        first.run(BALANCES)
        with pytest.raises(errors.RateLimitError):
            second.run(ORDER)
        assert not second.sent

    def test_a_call_dearer_than_the_whole_minute_is_refused(self) -> None:
        played = Played(lambda _request: EMPTY, key_points=4)
        with pytest.raises(errors.RateLimitError):
            played.run(BALANCES)
        assert not played.sent
