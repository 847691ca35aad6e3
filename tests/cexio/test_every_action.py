"""Every action of the reference through both clients, against the stand-in exchange over real sockets."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from cexio import errors
from cexio.actions.orders import ALL_ACCOUNTS
from cexio.budget import POINTS, Budgets
from cexio.credentials import Credentials
from sandbox.exchange import dispatch
from sandbox.exchange.switches import Switches
from tests.cexio.both_clients import BOTH
from tests.providers.sandbox_processes import Exchange

EVERYTHING = ("Read", "Trade", "Funds Internal", "Funds Wallet")
ROOMY = {"key_points_per_minute": 100_000, "address_points_per_minute": 100_000}


class World:
    """One exchange; every case has an account of its own."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._accounts = itertools.count(1)

    def switch(self, **switches: Any) -> None:
        defaults = Switches().model_dump(mode="json")
        self.exchange.person("PATCH", "/switches", {**defaults, **ROOMY, **switches})

    @contextmanager
    def client(self, make: Any, *permissions: str, **settings: Any) -> Iterator[Any]:
        key = self.exchange.make_key(
            ("127.0.0.1",), permissions or EVERYTHING, f"every-{next(self._accounts)}"
        )
        settings = {"budgets": Budgets(100_000, 100_000), **settings}
        with make(self.exchange.url, Credentials(**key), **settings) as api:
            yield api

    def asked(self, action: str, since: int = 0) -> list[dict[str, Any]]:
        lines = (self.exchange.store / "requests.jsonl").read_text().splitlines()[since:]
        return [row for row in map(json.loads, lines) if row["action"] == action]

    def so_far(self) -> int:
        return len((self.exchange.store / "requests.jsonl").read_text().splitlines())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    exchange = Exchange(tmp_path_factory.mktemp("exchange"))
    yield World(exchange)
    exchange.stop()


@pytest.fixture(autouse=True)
def _as_by_default(world: World) -> None:
    world.switch()


ORDER = {"account_id": "bot", "pair": "BTC-USD", "side": "BUY", "order_type": "Limit"}
RESTING = {**ORDER, "amount_ccy1": "0.00100000", "price": "20000", "time_in_force": "GTC"}


class TestEveryAnswerIsTyped:
    """A dictionary that is misread at three in the morning is a wrong order."""

    @BOTH
    def test_the_account(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            assert api.get_my_current_fee(["BTC-USD"]).trading_fee["BTC-USD"].percent == Decimal("0.25")
            assert len(api.get_my_current_fee().trading_fee) > 1
            assert api.get_fee_strategy().strategy_config.default[0].volume == 0
            assert api.get_my_volume().currency == "USD"
            assert api.do_create_account("second", "USD").account_id == "second"
            held = api.get_my_account_status_v3(account_ids=["bot"]).balance("bot", "USD")
            assert f"{held.balance:f}" == held.model_dump(mode="json")["balance"]
            assert held.balance_available is None
            older = api.get_my_account_status_v2(currencies=["USD"])
            assert older.balance("bot", "USD").balance_available == held.balance
            assert older.balance("nobody", "USD") is None
            assert "" in older.balances_per_accounts
            assert api.get_my_account_status_v3(account_ids=["nobody"]).balances_per_accounts == {}
            assert api.get_my_wallet_balance()["USD"].balance > 0

    @BOTH
    def test_an_order_from_placing_to_the_archive(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            placed = api.do_my_new_order(**RESTING, client_order_id="mine-1")
            assert (placed.status, placed.pair, placed.client_order_id) == ("NEW", "BTC-USD", "mine-1")
            assert not placed.final
            assert f"{placed.requested_amount_ccy1:f}" == "0.00100000"
            (listed,) = api.get_my_orders(client_order_id="mine-1", pair="BTC-USD", side="BUY")
            assert listed.order_id == placed.order_id
            assert api.get_my_orders(order_id=placed.order_id, account_ids=["bot"]) == (listed,)
            told = api.do_cancel_my_order(order_id=placed.order_id)
            assert told.order_id == int(placed.order_id)
            assert api.get_my_orders() == ()
            since = int(time.time() * 1000) - 600_000
            (ended,) = api.get_my_orders(archived=True, created_from_ms=since, page_size=10, page_number=0)
            assert (ended.status, ended.final) == ("CANCELLED", True)

    @BOTH
    def test_a_filled_order_and_what_it_moved(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            filled = api.do_my_new_order(
                **{**ORDER, "order_type": "Market"}, client_order_id="m", amount_ccy2=Decimal(50)
            )
            assert filled.status == "FILLED"
            assert filled.average_price is not None
            assert filled.fee_currency == "USD"
            rows = api.get_my_transaction_history(type="commission", account_id="bot", page_number=1)
            assert [row.amount for row in rows] == [-filled.fee_amount]

    @BOTH
    def test_all_orders_are_cancelled_where_it_is_said(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            for name in ("a", "b"):
                api.do_my_new_order(**RESTING, client_order_id=name)
            assert api.do_cancel_all_orders(["other"]).client_order_ids == ()
            assert set(api.do_cancel_all_orders(["bot"]).client_order_ids) == {"a", "b"}
            assert api.do_cancel_all_orders(ALL_ACCOUNTS).client_order_ids == ()

    @BOTH
    def test_money_that_moves(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            api.do_create_account("second", "USD")
            words = {"currency": "USD", "amount": "5"}
            first = api.do_my_internal_transfer(
                from_account_id="bot", to_account_id="second", client_tx_id="t1", **words
            )
            again = api.do_my_internal_transfer(
                from_account_id="bot", to_account_id="second", client_tx_id="t1", **words
            )
            assert first == again
            assert api.get_my_account_status_v3().balance("second", "USD").balance == 5
            into = api.do_deposit_funds_from_wallet(account_id="bot", client_tx_id="w1", **words)
            assert (into.status, into.settled) == ("approved", True)
            api.do_withdrawal_funds_to_wallet(account_id="bot", client_tx_id="w2", **words)
            fundings = api.get_my_funding_history(sort_order="ASC", page_size=10, page_number=1)
            assert [each.direction for each in fundings] == ["deposit", "withdraw"]
            (one,) = api.get_my_funding_history(tx_id=fundings[0].tx_id, currency="USD", direction="deposit")
            assert one == fundings[0]
            paid_in = api.get_deposit_address(account_id="bot", currency="BTC", blockchain="bitcoin")
            assert paid_in.address is not None
            assert paid_in.memo is None

    @BOTH
    @pytest.mark.parametrize("channel", ["public", "private"])
    def test_the_market(self, world: World, make: Any, channel: Any) -> None:
        with world.client(make) as api:
            assert api.get_ticker(["BTC-USD"], channel=channel)["BTC-USD"].last > 0
            book = api.get_order_book("BTC-USD", depth=1, channel=channel)
            assert book.bids[0][0] < book.asks[0][0]
            assert len(api.get_order_book("BTC-USD", channel=channel).bids) > 1
            now = int(time.time() * 1000)
            words = {"resolution": "1m", "to_iso": now, "limit": 3, "channel": channel}
            alone = api.get_candles(["BTC-USD"], **words)["BTC-USD"]
            assert len(alone) == 3
            assert isinstance(alone[0].close, Decimal)
            assert len(api.get_candles(["BTC-USD", "ETH-USD"], **words)["ETH-USD"]) == 3
            assert len(api.get_trade_history("BTC-USD", page_size=4, channel=channel).trades) == 4
            assert "bitcoin" in api.get_processing_info(["BTC"], channel=channel)["BTC"].blockchains

    @BOTH
    def test_what_is_public_alone(self, world: World, make: Any) -> None:
        with make(world.exchange.url) as api:
            told = api.get_server_time()
            assert abs(told.timestamp / 1000 - time.time()) < 60
            assert told.iso_date is not None
            pairs = {pair.name: pair for pair in api.get_pairs_info()}
            assert api.lowest_price("BTC-USD") == f"{pairs['BTC-USD'].min_price:f}"
            (usd,) = api.get_currencies_info(["USD"])
            assert (usd.fiat, usd.precision) == (True, 8)

    def test_no_action_of_the_exchange_is_left_out_nor_cheaper_here(self) -> None:
        costs = {name: found.cost for name, found in {**dispatch.PUBLIC, **dispatch.PRIVATE}.items()}
        assert costs == POINTS


class TestEnvelopeTraps:
    """`ok` around a refusal is read as success by who looks at the status alone."""

    @BOTH
    def test_a_rejected_order_is_an_error_with_its_code(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            with pytest.raises(errors.OrderRejectedError) as small:
                api.do_my_new_order(**{**RESTING, "amount_ccy1": "0.00000001"}, client_order_id="x")
            assert (small.value.code, small.value.order_id) == (414, None)
            with pytest.raises(errors.OrderRejectedError) as poor:
                api.do_my_new_order(**{**RESTING, "amount_ccy1": "10"}, client_order_id="y")
            assert poor.value.code == 403
            assert poor.value.order_id is not None

    @BOTH
    def test_an_error_beside_ok_is_an_error(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            with pytest.raises(errors.InvalidRequestError, match="unsupported currencies: XXX"):
                api.get_processing_info(["XXX"])
            with pytest.raises(errors.InvalidRequestError, match="Array of Strings"):
                api.get_currencies_info([])

    @BOTH
    def test_one_refused_pair_of_candles_spoils_no_other(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            found = api.get_candles(["BTC-USD", "XXX-YYY"], resolution="1h", to_iso=int(time.time() * 1000))
            assert found["BTC-USD"]
            assert found.refused["XXX-YYY"].code == 400
            with pytest.raises(errors.InvalidRequestError, match="Unsupported pair XXX-YYY"):
                _ = found["XXX-YYY"]

    @BOTH
    def test_an_acknowledged_cancel_cannot_be_taken_for_a_cancellation(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            told = api.do_cancel_my_order(client_order_id="never-placed")
            assert not hasattr(told, "status")
            with pytest.raises(TypeError, match="get_my_orders"):
                bool(told)

    @BOTH
    def test_a_cancel_that_is_refused_is_an_error(self, world: World, make: Any) -> None:
        world.switch(cancel_of_unknown_order="refused")
        with world.client(make) as api, pytest.raises(errors.BusinessError):
            api.do_cancel_my_order(client_order_id="never-placed")


class TestALostAnswerIsNeverASecondOrder:
    """The exchange did it, the answer was lost, and a client that tries again trades twice."""

    WRITES = (
        ("do_my_new_order", {**RESTING, "client_order_id": "once"}),
        ("do_cancel_my_order", {"client_order_id": "once"}),
        ("do_cancel_all_orders", {"account_ids": ["bot"]}),
        ("do_create_account", {"account_id": "new", "currency": "USD"}),
        (
            "do_my_internal_transfer",
            {
                "from_account_id": "bot",
                "to_account_id": "new",
                "currency": "USD",
                "amount": 1,
                "client_tx_id": "o",
            },
        ),
        (
            "do_deposit_funds_from_wallet",
            {"account_id": "bot", "currency": "USD", "amount": 1, "client_tx_id": "o"},
        ),
        (
            "do_withdrawal_funds_to_wallet",
            {"account_id": "bot", "currency": "USD", "amount": 1, "client_tx_id": "p"},
        ),
    )

    @BOTH
    @pytest.mark.parametrize("fault", ["lost-reply", "truncated", "cut", "html-502", "error-500"])
    def test_whatever_breaks_it_is_sent_once(self, world: World, make: Any, fault: str) -> None:
        with world.client(make) as api:
            api.get_fee_strategy()
            world.switch(fault=fault)
            for action, words in self.WRITES:
                before = world.so_far()
                with pytest.raises((errors.TransportError, errors.ExchangeFaultError)) as raised:
                    getattr(api, action)(**words)
                assert len(world.asked(action, before)) == 1
                assert raised.value.may_be_done
                assert "look before you send it again" in str(raised.value)

    @BOTH
    def test_an_order_whose_answer_was_lost_is_found_by_its_own_id(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            world.switch(fault="lost-reply", fault_actions=["do_my_new_order"], fault_times=1)
            with pytest.raises(errors.TransportError):
                api.do_my_new_order(**RESTING, client_order_id="lost")
            (found,) = api.get_my_orders(client_order_id="lost")
            assert api.do_my_new_order(**RESTING, client_order_id="lost").order_id == found.order_id

    @BOTH
    def test_a_read_is_asked_until_it_is_answered(self, world: World, make: Any) -> None:
        with world.client(make) as api:
            world.switch(fault="lost-reply", fault_actions=["get_my_orders"], fault_times=2)
            before = world.so_far()
            assert api.get_my_orders() == ()
            assert len(world.asked("get_my_orders", before)) == 3


class TestAWrongClockIsLearned:
    """A host without NTP is told that its key is wrong, and a good key is thrown away."""

    @BOTH
    @pytest.mark.parametrize("skew", [-300, -21, 21, 300, 40_000_000])
    def test_a_wrong_clock_signs_and_orders_all_the_same(self, world: World, make: Any, skew: float) -> None:
        with world.client(make, now=lambda: time.time() + skew) as api:
            assert api.do_my_new_order(**RESTING, client_order_id=f"at-{skew}").status == "NEW"
            api.websocket_login()

    @BOTH
    @pytest.mark.parametrize("text", ["own-text", "like-wrong-key", "bad-request"])
    def test_a_clock_that_jumps_is_learned_again(self, world: World, make: Any, text: str) -> None:
        world.switch(stale_timestamp=text)
        skew = 0.0
        with world.client(make, now=lambda: time.time() + skew) as api:
            api.get_fee_strategy()
            skew = 500.0
            before = world.so_far()
            assert api.get_my_orders() == ()
            assert len(world.asked("get_my_orders", before)) == 2

    @BOTH
    def test_an_order_that_met_a_jumped_clock_is_not_repeated(self, world: World, make: Any) -> None:
        world.switch(stale_timestamp="own-text")
        skew = 0.0
        with world.client(make, now=lambda: time.time() + skew) as api:
            api.get_fee_strategy()
            skew = 500.0
            before = world.so_far()
            with pytest.raises(errors.ClockError):
                api.do_my_new_order(**RESTING, client_order_id="late")
            assert len(world.asked("do_my_new_order", before)) == 1
            assert api.do_my_new_order(**RESTING, client_order_id="late").status == "NEW"

    @BOTH
    def test_a_public_api_that_is_down_stops_no_private_call(self, world: World, make: Any) -> None:
        world.switch(fault="html-502", fault_actions=["get_server_time"])
        with world.client(make) as api:
            assert api.get_my_orders() == ()


class TestTheLoginTellsCausesApart:
    """REST has one 401 for four causes."""

    @BOTH
    def test_each_cause_is_an_error_of_its_own(self, world: World, make: Any) -> None:
        key = world.exchange.make_key(("127.0.0.1",), ("Read",), f"login-{make.__name__}", active=False)
        good = Credentials(**key)
        other = Credentials(key=key["key"], secret="x" * 32)
        unknown = Credentials(key="y" * 16, secret="x" * 32)
        for credentials, error in (
            (good, errors.ActivationError),
            (other, errors.SignatureError),
            (unknown, errors.UnknownKeyError),
        ):
            with make(world.exchange.url, credentials) as api, pytest.raises(errors.CexioError) as raised:
                api.websocket_login()
            assert type(raised.value) is error
        with (
            make(world.exchange.url, good, now=lambda: time.time() - 300) as api,
            pytest.raises(errors.ClockError),
        ):
            api.websocket_login()

    @BOTH
    def test_without_a_key_nothing_private_is_sent(self, world: World, make: Any) -> None:
        before = world.so_far()
        with make(world.exchange.url) as api:
            for ask in (api.websocket_login, api.get_my_orders):
                with pytest.raises(errors.CredentialsError, match="give the client a key"):
                    ask()
        assert world.so_far() == before


class TestTheBudgetIsRespectedAtTheExchange:
    """A 429 in the middle of a rush is an order that cannot be cancelled."""

    @BOTH
    def test_more_reads_than_a_minute_takes_are_never_refused(self, world: World, make: Any) -> None:
        world.switch(key_points_per_minute=200, address_points_per_minute=100)
        skew = 0.0

        def wait(seconds: float) -> None:
            nonlocal skew
            skew += seconds
            world.switch(key_points_per_minute=200, address_points_per_minute=100, clock_offset_seconds=skew)

        words = {"now": lambda: time.time() + skew, "sleep": wait, "budgets": Budgets()}
        with world.client(make, **words) as api:
            before = world.so_far()
            for _ in range(85):
                api.get_my_current_fee(["BTC-USD"])
            assert {row["status"] for row in world.asked("get_my_current_fee", before)} == {200}
        assert skew > 60

    @BOTH
    def test_a_spent_minute_that_others_spent_is_waited_for_once(self, world: World, make: Any) -> None:
        world.switch(key_points_per_minute=0)
        waits: list[float] = []
        with world.client(make, sleep=waits.append, budgets=Budgets()) as api:
            before = world.so_far()
            with pytest.raises(errors.RateLimitError):
                api.get_my_orders()
            with pytest.raises(errors.RateLimitError):
                api.do_my_new_order(**RESTING, client_order_id="z")
            assert len(world.asked("do_my_new_order", before)) == 0
        assert waits
        assert max(waits) < 66
