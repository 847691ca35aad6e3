"""Sub-accounts and money that moves between them and the Wallet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.exchange.conftest import Client

Key = dict[str, str]


@pytest.fixture
def key(client: Client) -> Key:
    made = client.key("Funds Internal", "Funds Wallet")
    client.private(made, "do_create_account", {"accountId": "two", "currency": "USD"})
    return made


def usd(client: Client, key: Key) -> dict[str, str]:
    body = {"currencies": ["USD"]}
    accounts = client.private(key, "get_my_account_status_v3", body).data["balancesPerAccounts"]
    spot = {name: held["USD"]["balance"].split(".")[0] for name, held in accounts.items()}
    wallet = client.private(key, "get_my_wallet_balance").data["USD"]["balance"].split(".")[0]
    return spot | {"wallet": wallet}


class TestATransferIsMadeOnce:
    """A repeated transfer after a lost answer empties an account."""

    BODY = {"fromAccountId": "bot", "toAccountId": "two", "currency": "USD", "amount": "100"}  # noqa: RUF012

    def test_a_repeated_client_id_moves_nothing_more(self, client: Client, key: Key) -> None:
        body = self.BODY | {"clientTxId": "once"}
        first = client.private(key, "do_my_internal_transfer", body).data
        assert client.private(key, "do_my_internal_transfer", body).data == first
        assert isinstance(first["transactionId"], int)
        assert usd(client, key) == {"": "500", "bot": "400", "two": "100", "wallet": "1000"}

    def test_a_repeated_wallet_transfer_is_refused(self, client: Client, key: Key) -> None:
        body = {"accountId": "bot", "currency": "USD", "amount": 50, "clientTxId": "once"}
        made = client.private(key, "do_deposit_funds_from_wallet", body).data
        assert made == {"accountId": "bot", "clientTxId": "once", "currency": "USD", "status": "approved"}
        assert client.private(key, "do_deposit_funds_from_wallet", body).status == 500
        assert usd(client, key) == {"": "500", "bot": "550", "two": "0", "wallet": "950"}

    def test_both_directions_are_in_the_histories(self, client: Client, key: Key) -> None:
        for action in ("do_deposit_funds_from_wallet", "do_withdrawal_funds_to_wallet"):
            body = {"accountId": "bot", "currency": "USD", "amount": "50", "clientTxId": action}
            client.private(key, action, body)
        funding = client.private(key, "get_my_funding_history", {"pageSize": 100, "pageNumber": 1}).data
        assert [row["direction"] for row in funding] == ["withdraw", "deposit"]
        moved = client.private(key, "get_my_transaction_history", {"type": "withdraw"}).data
        assert [row["amount"] for row in moved] == ["-50.00000000"]


class TestRefusalsAreTheExchangesWords:
    """Probes read a permission out of these very texts."""

    @pytest.mark.parametrize(
        ("action", "body", "expected"),
        [
            (
                "do_withdrawal_funds_to_wallet",
                {"accountId": "q", "currency": "XXX", "amount": "0.00000002", "clientTxId": "t"},
                (422, "Unsupported currency XXX"),
            ),
            (
                "do_withdrawal_funds_to_wallet",
                {"accountId": "q", "currency": "BTC", "amount": "0.00000002", "clientTxId": "t"},
                (500, "Too low amount to withdraw 0.00000002 BTC. Minimum amount 0.00100000 BTC"),
            ),
            (
                "do_deposit_funds_from_wallet",
                {"accountId": "q", "currency": "BTC", "amount": "0.00000002", "clientTxId": "t"},
                (500, "Too low amount to deposit 0.00000002 BTC. Minimum amount 0.00100000 BTC"),
            ),
            (
                "do_my_internal_transfer",
                {"fromAccountId": "a", "toAccountId": "a", "currency": "ABC", "amount": "-10"},
                (422, "Amount should be greater than zero"),
            ),
            (
                "do_my_internal_transfer",
                {"fromAccountId": "a", "toAccountId": "a", "currency": "ABC", "amount": "1"},
                (422, "fromAccountId and toAccountId should be different"),
            ),
            (
                "do_my_internal_transfer",
                {"fromAccountId": "a", "toAccountId": "b", "currency": "ABC", "amount": "1"},
                (422, "Unsupported currency ABC"),
            ),
            (
                "do_my_internal_transfer",
                {"toAccountId": "b", "currency": "ABC", "amount": "1"},
                (422, "Mandatory parameter fromAccountId is missing"),
            ),
            (
                "do_my_internal_transfer",
                {"fromAccountId": "bot", "toAccountId": "two", "currency": "USD", "amount": "9999"},
                (500, "Insufficient funds"),
            ),
            (
                "do_create_account",
                {"accountId": "a b", "currency": "USD"},
                (
                    500,
                    (
                        "Sub-account name should contain only lower and uppercase Latin letters, numbers,"
                        ' underscore ("_") or hyphen ("-")'
                    ),
                ),
            ),
            (
                "get_my_account_status_v3",
                {"accountIds": [1]},
                (422, "accountIds array should consist of string type values"),
            ),
            ("get_my_orders", {"pageSize": 1001}, (422, "Page size is limited to 1000 items")),
            ("get_my_orders", {"archived": "yes"}, (422, "Archived parameter should be boolean")),
            ("get_my_transaction_history", {"pageSize": 101}, (422, "Page size is limited to 100 items")),
            (
                "get_my_transaction_history",
                {"type": "gift"},
                (
                    422,
                    (
                        "Operation type is not supported. Supported types:"
                        " trade,commission,deposit,withdraw,internalTransfer"
                    ),
                ),
            ),
            (
                "get_deposit_address",
                {"accountId": "", "currency": "BTC", "blockchain": "bitcoin"},
                (422, "Get deposit address for main account is not allowed"),
            ),
            (
                "get_deposit_address",
                {"accountId": "bot", "currency": "XXX", "blockchain": "bitcoin"},
                (422, "Unsupported currency XXX"),
            ),
            (
                "get_deposit_address",
                {"accountId": "bot", "currency": "BTC", "blockchain": "tron"},
                (500, "Blockchain is not supported."),
            ),
        ],
    )
    def test_each(
        self, client: Client, key: Key, action: str, body: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        assert client.private(key, action, body).refusal == expected


class TestSubAccounts:
    """Orders need one, and a probe must see whether it is there."""

    def test_making_one_twice_makes_one(self, client: Client, key: Key) -> None:
        again = client.private(key, "do_create_account", {"accountId": "two", "currency": "USD"})
        assert again.data == {"accountId": "two"}
        assert sorted(client.exchange.store.accounts["1"].spot) == ["", "bot", "two"]

    def test_a_sixth_is_refused(self, client: Client, key: Key) -> None:
        names = ["three", "four", "five"]
        made = [
            client.private(key, "do_create_account", {"accountId": name, "currency": "USD"}).status
            for name in names
        ]
        assert made == [200, 200, 500]

    def test_unknown_ones_are_left_out_silently(self, client: Client, key: Key) -> None:
        body = {"accountIds": ["nobody"]}
        assert client.private(key, "get_my_account_status_v3", body).data["balancesPerAccounts"] == {}
