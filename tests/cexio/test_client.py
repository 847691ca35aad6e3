"""The REST clients, blocking and asynchronous, over real sockets."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from cexio import errors
from cexio.credentials import Credentials
from cexio.probes import elsewhere_plan, probe_plan
from cexio.signing import rest_signature
from cexio.vantage import ask
from tests.cexio.both_clients import BOTH
from tests.cexio.tiny_exchange import FAULTS, closed_port, hang, http, tiny_exchange

KEY, SECRET = "canary-key-0123456789", "canary/secret+0123456789=="
AWAY = elsewhere_plan("BTC-USD")
CREDENTIALS = Credentials(key=KEY, secret=SECRET)
INVALID, REJECTED = errors.InvalidRequestError, errors.OrderRejectedError
MANY = {f"field{number}": "x" * 40 for number in range(60)}
FEE = (200, {"ok": "ok", "data": {"tradingFee": {}}})


def client(make: Any, base_url: str, timeout: float = 0.4) -> Any:
    return make(base_url, CREDENTIALS, timeout=timeout)


def signed(server: Any) -> list[Any]:
    """The private requests among those that arrived; the clock's own question is none."""
    return [each for each in server.seen if "x-aggr-key" in each[1]]


class TestOneBodyIsEncodedSignedAndSent:
    """A second encoding may differ by a space from what was signed."""

    @BOTH
    def test_the_signature_fits_the_bytes_that_arrived(self, make: Any) -> None:
        with tiny_exchange({"get_my_orders": (200, {"ok": "ok", "data": []})}) as server:
            with client(make, server.base_url) as api:
                assert api.private("get_my_orders", {"pageSize": 1, "pair": "é"}) == []
            ((_, headers, body, peer),) = signed(server)
        assert headers["x-aggr-key"] == KEY
        signature = rest_signature(SECRET, "get_my_orders", int(headers["x-aggr-timestamp"]), body)
        assert headers["x-aggr-signature"] == signature
        assert json.loads(body) == {"pageSize": 1, "pair": "é"}
        assert peer == "127.0.0.1"

    @BOTH
    def test_it_is_sent_from_the_address_that_was_chosen(self, make: Any) -> None:
        with tiny_exchange({"get_server_time": (200, {"ok": "ok", "data": {"timestamp": 5}})}) as server:
            with make(server.base_url, source_address="127.0.0.42") as api:
                assert api.server_time_ms() == 5
            assert [peer for *_, peer in server.seen] == ["127.0.0.42"]

    @BOTH
    def test_public_calls_carry_no_key(self, make: Any) -> None:
        with tiny_exchange({"get_pairs_info": (200, {"ok": "ok", "data": []})}) as server:
            with client(make, server.base_url) as api:
                assert api.lowest_price("BTC-USD") is None
            assert not [name for name in server.seen[0][1] if name.startswith("x-aggr")]


class TestEveryAnswerHasItsCause:
    """`it does not work` is no diagnosis, and 200 is no success."""

    @BOTH
    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            ((401, {"error": "Authorization Failed"}), errors.CredentialsError),
            ((401, {"error": "API key not passed or incorrect"}), errors.CredentialsError),
            ((401, {"error": "API key is not activated"}), errors.ActivationError),
            ((401, {"error": "Timestamp is not in 20sec range"}), errors.ClockError),
            ((403, {"error": "IP address is not in the whitelist"}), errors.AddressError),
            ((403, {"error": "Permission denied"}), errors.PermissionMissingError),
            ((200, {"error": "Nonce must be incremented"}), errors.WrongKindOfKeyError),
            ((429, "API rate limit reached"), errors.RateLimitError),
            ((429, {"error": "API rate limit reached"}), errors.RateLimitError),
            ((422, {"error": "Mandatory parameter price is missing"}), errors.InvalidRequestError),
            ((400, {"error": "Bad Request"}), errors.InvalidRequestError),
            ((500, {"error": "Too low amount to deposit 1 BTC. Minimum amount 2 BTC"}), errors.BusinessError),
            ((500, {"error": "Unexpected error"}), errors.ExchangeFaultError),
            ((500, {"error": "order_placement is on maintenance"}), errors.ExchangeFaultError),
            (
                (200, {"ok": "ok", "data": {"error": "Currencies should be array."}}),
                errors.InvalidRequestError,
            ),
            (
                (200, {"ok": "ok", "data": {"status": "REJECTED", "rejectCode": 414}}),
                errors.OrderRejectedError,
            ),
            ((200, {"ok": "ok", "data": {**MANY, "status": "REJECTED"}}), errors.OrderRejectedError),
            ((200, {"ok": "ok", "data": {**MANY, "error": "E17"}}), errors.UnclearAnswerError),
            ((200, {"data": {}}), errors.UnclearAnswerError),
            ((418, {"error": "E17"}), errors.UnclearAnswerError),
            ((302, ""), errors.ExchangeFaultError),
            ((200, "<html></html>"), errors.ExchangeFaultError),
        ],
    )
    def test_as_the_error_tree_says(self, make: Any, reply: Any, error: type[Exception]) -> None:
        with (
            tiny_exchange({"get_my_current_fee": reply}) as server,
            client(make, server.base_url) as api,
            pytest.raises(errors.CexioError) as raised,
        ):
            api.private("get_my_current_fee")
        assert type(raised.value) is error
        assert "\n" not in str(raised.value)

    @BOTH
    @pytest.mark.parametrize(("reply", "fault"), list(FAULTS.values()), ids=list(FAULTS))
    def test_a_server_that_misbehaves_is_a_transport_error(self, make: Any, reply: Any, fault: str) -> None:
        with (
            tiny_exchange({"do_my_new_order": reply}) as server,
            client(make, server.base_url) as api,
            pytest.raises(errors.TransportError) as raised,
        ):
            api.private("do_my_new_order")
        assert raised.value.fault == fault

    @BOTH
    def test_nobody_at_the_port_is_refused(self, make: Any) -> None:
        with client(make, closed_port()) as api, pytest.raises(errors.TransportError) as raised:
            api.public("get_server_time")
        assert raised.value.fault == "refused"
        with client(make, closed_port()) as api, pytest.raises(errors.TransportError) as raised:
            api.private("do_my_new_order")
        assert not raised.value.may_be_done

    @BOTH
    def test_an_address_of_ipv6_is_never_connected_to(self, make: Any) -> None:
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("this machine has no IPv6 to fall for")
        with listener:
            port = listener.getsockname()[1]
            for host in ("[::1]", "localhost"):
                with client(make, f"http://{host}:{port}") as api, pytest.raises(errors.TransportError):
                    api.public("get_server_time")
            listener.settimeout(0.05)
            with pytest.raises(TimeoutError):
                listener.accept()

    @BOTH
    def test_an_answer_without_an_end_is_not_read_to_it(self, make: Any) -> None:
        def pour(connection: Any) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(200):
                connection.sendall(b" " * 100_000)

        with (
            tiny_exchange({"get_pairs_info": pour}) as server,
            client(make, server.base_url, 5) as api,
            pytest.raises(errors.TransportError) as raised,
        ):
            api.public("get_pairs_info")
        assert raised.value.fault == "garbage"

    @BOTH
    def test_tls_to_a_plain_server_is_a_tls_fault(self, make: Any) -> None:
        with (
            tiny_exchange({}) as server,
            client(make, server.base_url.replace("http", "https")) as api,
            pytest.raises(errors.TransportError) as raised,
        ):
            api.public("get_server_time")
        assert raised.value.fault == "tls"


class TestOnlyReadsAreAskedAgain:
    """An order sent twice because an answer was lost is two orders."""

    @BOTH
    @pytest.mark.parametrize("first", [b"", (502, "<html></html>")])
    def test_a_read_survives_a_lost_answer(self, make: Any, first: Any) -> None:
        with (
            tiny_exchange({"get_my_current_fee": [first, FEE]}) as server,
            client(make, server.base_url) as api,
        ):
            assert api.private("get_my_current_fee") == {"tradingFee": {}}

    @BOTH
    @pytest.mark.parametrize("first", [b"", (502, "<html></html>")])
    @pytest.mark.parametrize("action", ["do_my_new_order", "do_cancel_my_order", "do_my_internal_transfer"])
    def test_a_write_is_sent_once(self, make: Any, action: str, first: Any) -> None:
        with tiny_exchange({action: [first, FEE]}) as server, client(make, server.base_url) as api:
            with pytest.raises(errors.CexioError):
                api.private(action)
            assert len(signed(server)) == 1

    @BOTH
    @pytest.mark.parametrize(
        ("reply", "open_"),
        [
            ((502, "<html></html>"), True),
            ((200, {"ok": "ok", "data": {"status": "NEW"}}), True),
            ((200, {"data": {}}), True),
            ((500, {"error": "Order processing timeout"}), True),
            ((408, {"error": "Order timeout"}), True),
            ((200, {"ok": "ok", "data": {"orderId": "7", "error": "Insufficient funds"}}), True),
            ((500, {"error": "Insufficient funds"}), False),
            ((401, {"error": "Authorization Failed"}), False),
            ((429, {"error": "API rate limit reached"}), False),
            ((200, {"ok": "ok", "data": {"status": "REJECTED"}}), False),
        ],
    )
    def test_it_is_said_whether_an_order_may_be_there(self, make: Any, reply: Any, open_: bool) -> None:
        order = {"account_id": "bot", "pair": "A-B", "side": "BUY", "order_type": "Limit"}
        with tiny_exchange({"do_my_new_order": reply}) as server, client(make, server.base_url) as api:
            with pytest.raises(errors.CexioError) as raised:
                api.do_my_new_order(**order, client_order_id="mine", amount_ccy1="1", price="1")
            assert raised.value.may_be_done == open_
            assert len(signed(server)) == 1

    @BOTH
    def test_a_refusal_is_not_asked_again(self, make: Any) -> None:
        with (
            tiny_exchange({"get_my_current_fee": (401, {"error": "E"})}) as server,
            client(make, server.base_url) as api,
        ):
            with pytest.raises(errors.CexioError):
                api.private("get_my_current_fee")
            assert len(signed(server)) == 1


class TestNoAnswerCarriesASecretOn:
    """A debug page echoes the request's headers, and an operator pastes it into a ticket."""

    @BOTH
    def test_an_echo_is_hidden_in_errors_and_evidence(self, make: Any) -> None:
        def echo(connection: Any) -> None:
            _, headers, _, _ = server.seen[-1]
            connection.sendall(http(401, json.dumps({"error": " ".join(headers.values()) + SECRET})))

        with tiny_exchange({"get_my_current_fee": echo}) as server:
            with client(make, server.base_url) as api, pytest.raises(errors.CexioError) as raised:
                api.private("get_my_current_fee")
            found = ask(AWAY, CREDENTIALS, server.base_url, timeout=0.4)
        told = f"{raised.value} {raised.value.text} {found.model_dump_json()}"
        assert "[hidden]" in told
        assert "canary" not in told
        assert not [
            headers
            for _, headers, *_ in server.seen
            if headers.get("x-aggr-signature", "no signature") in told
        ]


class TestAskingNeverRaises:
    """A verdict needs every answer, the missing ones too."""

    def test_all_probes_are_answered_or_silent(self) -> None:
        plan = probe_plan("bot", "BTC-USD", 1_700_000_000_000, "n1")
        replies = {
            "get_my_current_fee": (200, {"ok": "ok"}),
            "get_my_account_status_v3": hang,
            "get_my_orders": b"",
            "do_my_new_order": (200, "x" * 5000),
        }
        with tiny_exchange(replies) as server:
            found = ask(plan, CREDENTIALS, server.base_url, "host", "127.0.0.7", timeout=0.3)
        assert [each.probe for each in found.answers] == [
            probe.name for probe in plan if probe.after != "refused"
        ]
        assert found.answer("balance").fault == "timeout"
        assert found.answer("orders").fault == "cut"
        assert len(found.answer("place").text) == 600
        assert {each.address for each in found.answers} == {"127.0.0.7"}
        sent = json.loads(next(body for action, _, body, _ in server.seen if action == "do_cancel_my_order"))
        assert isinstance(sent["timestamp"], int)

    def test_the_clock_is_compared_with_the_exchanges(self) -> None:
        replies = {"get_server_time": (200, {"ok": "ok", "data": {"timestamp": 1_000_000}})}
        with tiny_exchange(replies) as server:
            found = ask(
                elsewhere_plan("BTC-USD"), CREDENTIALS, server.base_url, timeout=0.3, now=lambda: 1300.0
            )
        assert found.clock_skew_s == pytest.approx(300, abs=1)
        assert found.address == "127.0.0.1"

    def test_nobody_there_is_silence(self) -> None:
        found = ask(AWAY, CREDENTIALS, closed_port(), timeout=0.3)
        assert {each.fault for each in found.answers} == {"refused"}
        assert found.address is None
