"""The signature's vectors, and that the server verifies the bytes that were sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.exchange.signature import matches, rest_signature, ws_signature
from tests.sandbox.exchange.conftest import HOST, Client

VECTORS = [
    ("secret", "get_my_orders", "{}", "BAlPciNXBbvbBgvR3KiO8DoPV86lRPjnaxwpM0h6U/0="),
    ("secret", "get_my_orders", '{"pageSize":1}', "uGuG/1jmdIDoNRbbEaHCgGS8Lmn4n6zTuRetWlmk24Q="),
    ("secret", "get_my_orders", '{"pageSize": 1}', "4BKQ0AzRX5Z+2fZyF6fp1jkuQoE93dtKampd0ywrEbs="),
    (
        "secret",
        "get_my_account_status_v3",
        '{"accountIds":[]}',
        "sNBcBpvMF5VTnEeW3UF9Cor4sPUo3W0auQ87X6tZohQ=",
    ),
    (
        "secret",
        "do_cancel_my_order",
        '{"clientOrderId":"probe-1","cancelRequestId":"cancel-probe-1","timestamp":1700000000000}',
        "1WuqO4VLCyabsCccOtLnykxiBdW2W/Y8F6VkUkNDnRk=",
    ),
    ("c2VjcmV0", "get_my_orders", "{}", "g6j1vb7tK1VF7ErV3v8S9LTZDAM7xNAKuk/BnCHUPAs="),
]


class TestTheServerSignsAsTheExchange:
    """A stand-in with a signature of its own lets every wrong client pass."""

    @pytest.mark.parametrize(("secret", "action", "body", "expected"), VECTORS)
    def test_rest_vectors(self, secret: str, action: str, body: str, expected: str) -> None:
        assert rest_signature(secret, action, "1700000000", body.encode()) == expected

    def test_websocket_vector(self) -> None:
        expected = "79880587bdf890c2fe12b303777bd52ae2296d967f9c387bfc59d2c755de17d4"
        assert ws_signature("secret", "1700000000", "key") == expected

    @given(st.text())
    def test_any_other_text_does_not_match(self, given_text: str) -> None:
        assert matches("abc", given_text) == (given_text == "abc")


class TestTheRawBytesAreWhatIsSigned:
    """A server that signs the body as it would write it itself hides a client that sends another one."""

    @pytest.mark.parametrize("body", [b'{"pageSize":1}', b'{"pageSize": 1}', b' {"pageSize" :1 } '])
    def test_any_spacing_is_accepted_when_it_is_what_was_signed(self, client: Client, body: bytes) -> None:
        assert client.private(client.key(), "get_my_orders", body).data == []

    def test_a_reserialised_body_is_refused(self, client: Client) -> None:
        key = client.key()
        headers = client.signed(key, "get_my_orders", b'{"pageSize":1}')
        answer = client.post("/api/spot/rest/get_my_orders", b'{"pageSize": 1}', HOST, headers)
        assert answer.refusal == (401, "Authorization Failed")

    def test_a_signed_url_path_is_refused(self, client: Client) -> None:
        headers = client.signed(client.key(), "/api/spot/rest/get_my_orders", b"{}")
        answer = client.post("/api/spot/rest/get_my_orders", b"{}", HOST, headers)
        assert answer.refusal == (401, "Authorization Failed")
