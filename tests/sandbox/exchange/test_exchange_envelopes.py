"""The replies' outer form: what counts as success, what as failure, and the traps between the two."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.exchange.dispatch import PRIVATE, PUBLIC
from tests.sandbox.exchange.conftest import HOST, Client


class TestAFailureHasAnErrorAndItsStatus:
    """A client that looks at one of the two only takes a failure for a success."""

    @pytest.mark.parametrize(
        ("action", "body", "expected"),
        [
            ("get_nope", {}, (400, "Bad Request")),
            ("get_order_book", b"{", (400, "Bad Request")),
            ("get_order_book", b"\xff\xfe", (400, "Bad Request")),
            ("get_order_book", b'{"pair":NaN}', (400, "Bad Request")),
            ("get_order_book", b'{"pair":"\\ud800"}', (400, "Bad Request")),
            ("get_order_book", '{"pair":"BTC-USD"}'.encode("utf-16"), (400, "Bad Request")),
            ("get_order_book", {}, (422, "Mandatory parameter pair is missing")),
            ("get_order_book", {"pair": None}, (422, "Mandatory parameter pair is missing")),
            ("get_order_book", {"pair": "NOPE-USD"}, (422, "pair NOPE-USD is not supported")),
            (
                "get_order_book",
                {"pair": "BTC-USD", "depth": 5},
                (422, "Parameter depth should be one of [0, 1]"),
            ),
            ("get_ticker", {"pairs": ["NOPE-USD"]}, (422, "pair NOPE-USD is not supported")),
        ],
    )
    def test_public(self, client: Client, action: str, body: object, expected: tuple[int, str]) -> None:
        answer = client.public(action, body)
        assert answer.refusal == expected
        assert set(answer.json) == {"error"}

    def test_the_status_in_the_body_is_a_switch(self, client: Client) -> None:
        client.page.switches({"status_code_in_body": "true"})
        assert client.public("get_nope").json == {"error": "Bad Request", "statusCode": 400}

    def test_an_unknown_path_is_a_bad_request(self, client: Client) -> None:
        assert client.post("/api/other", b"{}", HOST, {}).refusal == (400, "Bad Request")

    def test_a_get_without_a_body_is_taken_on_the_public_path_alone(self, client: Client) -> None:
        public = client.post("/api/spot/rest-public/get_server_time", b"", HOST, {}, "GET")
        private = client.post("/api/spot/rest/get_my_orders", b"", HOST, {}, "GET")
        assert (public.status, private.refusal) == (200, (400, "Bad Request"))


class TestTheTrapsAreThere:
    """Each of these is 200 and ok and still a failure; a stand-in without them teaches clients nothing."""

    def test_a_rejected_order(self, client: Client) -> None:
        data = client.private(
            client.key("Trade"), "do_my_new_order", client.order(amountCcy1="0.00000001")
        ).data
        assert (data["status"], data["rejectCode"], data["orderId"]) == ("REJECTED", 414, "NONE")

    @pytest.mark.parametrize(
        ("action", "body", "error"),
        [
            ("get_currencies_info", {"currencies": []}, "Parameter currencies should be Array of Strings"),
            (
                "get_processing_info",
                {"currencies": ["XXX", "BTC", "USD"]},
                "Request contains unsupported currencies: XXX, USD.",
            ),
            ("get_processing_info", {"currencies": "BTC"}, "Currencies should be array."),
            (
                "get_processing_info",
                {"currencies": [1]},
                "Currencies array should consist of string type values.",
            ),
        ],
    )
    def test_an_error_within_the_data(self, client: Client, action: str, body: object, error: str) -> None:
        assert client.public(action, body).data == {"error": error}

    def test_a_cancel_of_an_order_that_never_was(self, client: Client) -> None:
        body = {"clientOrderId": "never", "cancelRequestId": "c", "timestamp": client.now()}
        assert client.private(client.key("Trade"), "do_cancel_my_order", body).data == {}

    def test_candles_that_fail_pair_by_pair(self, client: Client) -> None:
        body = {
            "pairsList": ["BTC-USD", "XXX-YYY"],
            "resolution": "1h",
            "dataType": "bestAsk",
            "limit": 2,
            "toISO": "2030-01-01T00:00:00.000Z",
        }
        data = client.public("get_candles", body).data
        assert data["XXX-YYY"] == {"error": {"code": 400, "reason": "Unsupported pair XXX-YYY"}}
        assert isinstance(data["BTC-USD"][0]["open"], float)


class TestMarketDataIsSane:
    """A bot that is tried against a crossed book learns the wrong things."""

    def test_the_book_is_ordered_and_not_crossed(self, client: Client) -> None:
        for pair in client.public("get_pairs_info").data:
            name = f"{pair['base']}-{pair['quote']}"
            client.page.switches({"address_points_per_minute": 1000})
            book = client.public("get_order_book", {"pair": name}).data
            bids, asks = ([float(price) for price, _ in book[side]] for side in ("bids", "asks"))
            assert len(bids) == len(asks) == 20
            assert bids == sorted(bids, reverse=True)
            assert asks == sorted(asks)
            assert bids[0] < asks[0]
            assert float(pair["minPrice"]) < bids[0] < float(pair["maxPrice"])

    def test_a_resting_order_is_seen_in_the_book(self, client: Client) -> None:
        ticker = client.public("get_ticker", {"pairs": ["BTC-USD"]}).data["BTC-USD"]
        price = f"{float(ticker['bestBid']) * 0.999:.1f}"
        client.private(client.key("Trade"), "do_my_new_order", client.order(price=price))
        book = client.public("get_order_book", {"pair": "BTC-USD"}).data
        assert price.removesuffix(".0") in [level[0] for level in book["bids"]]

    def test_candles_join(self, client: Client) -> None:
        body = {
            "pair": "BTC-USD",
            "resolution": "5m",
            "dataType": "bestBid",
            "limit": 20,
            "toISO": client.now(),
        }
        rows = client.public("get_candles", body).data
        assert len(rows) == 20
        assert all(newer["open"] == older["close"] for newer, older in itertools.pairwise(rows))
        assert all(row["low"] <= row["open"] <= row["high"] for row in rows)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["BTC", "USD", "BTC-USD", "bot", "", "BUY", "Limit", "Market", "1m", "bestAsk", "-1", "1e999"]
    ),
    st.lists(st.sampled_from(["BTC", "BTC-USD", "bot", 1, None]), max_size=3),
    st.just({"a": 1}),
)
WORDS = """
accountId accountIds amount amountCcy1 amountCcy2 archived blockchain cancelRequestId clientOrderId clientTxId
comment currencies currency currency1 currency2 dataType dateFrom dateTo depth direction expireTime
fromAccountId fromDateISO fromISO limit orderId orderType pageNumber pageSize pair pairs pairsList price
resolution serverCreateTimestampFrom serverCreateTimestampTo side sortOrder stopPrice timeInForce timestamp
toAccountId toDateISO toISO txId type
"""
NAMES = st.sampled_from(WORDS.split())


class TestNoParametersBreakAnAction:
    """`Unexpected error` is the exchange's word for its own fault; parameters must never bring it about."""

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(PRIVATE)), st.dictionaries(NAMES, VALUES, max_size=12))
    def test_private(self, client: Client, action: str, body: dict[str, object]) -> None:
        if not client.exchange.store.accounts:
            client.page.switches({"key_points_per_minute": 1_000_000})
            client.key("Trade", "Funds Internal", "Funds Wallet")
        stored = client.exchange.store.accounts["1"].keys[0]
        key = {"key": stored.key, "secret": stored.secret}
        answer = client.private(key, action, body)
        assert answer.json.get("error") != "Unexpected error", (action, body)
        assert answer.status in (200, 400, 422, 500)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(PUBLIC)), st.dictionaries(NAMES, VALUES, max_size=12))
    def test_public(self, client: Client, action: str, body: dict[str, object]) -> None:
        client.page.switches({"address_points_per_minute": 1_000_000})
        answer = client.public(action, body)
        assert answer.status in (200, 422), (action, body)
