"""Money that moves between accounts, and what is known of how it moved. Nothing leaves the exchange here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from cexio.answers.funds import (
    DepositAddress,
    Funding,
    InternalTransfer,
    Processing,
    Transaction,
    WalletTransfer,
)
from cexio.call import Amount, Call, action, amount_text, names, typed
from cexio.errors import TransferRejectedError
from cexio.wire import Channel


class FundsActions:
    """Transfers (Funds Internal, Funds Wallet) and reports on them (Read). No transfer is ever sent twice."""

    @action
    def do_my_internal_transfer(
        self, *, from_account_id: str, to_account_id: str, currency: str, amount: Amount, client_tx_id: str
    ) -> Call[InternalTransfer]:
        """Moves funds between two accounts of Spot. Needs Funds Internal. 1 point.

        client_tx_id: yours; the same one again answers the first transfer and moves nothing.
        """
        params = {
            "fromAccountId": from_account_id,
            "toAccountId": to_account_id,
            "currency": currency,
            "amount": amount_text("amount", amount),
            "clientTxId": client_tx_id,
        }
        return Call("private", "do_my_internal_transfer", params, typed(InternalTransfer))

    @action
    def do_deposit_funds_from_wallet(
        self, *, account_id: str, currency: str, amount: Amount, client_tx_id: str
    ) -> Call[WalletTransfer]:
        """Moves funds from the Wallet to Spot. Needs Funds Wallet. 1 point. Raises TransferRejectedError
        where the exchange says ok and `rejected`."""
        return _wallet_transfer("do_deposit_funds_from_wallet", account_id, currency, amount, client_tx_id)

    @action
    def do_withdrawal_funds_to_wallet(
        self, *, account_id: str, currency: str, amount: Amount, client_tx_id: str
    ) -> Call[WalletTransfer]:
        """Moves funds from Spot to the Wallet. Needs Funds Wallet. 1 point. Raises TransferRejectedError
        where the exchange says ok and `rejected`."""
        return _wallet_transfer("do_withdrawal_funds_to_wallet", account_id, currency, amount, client_tx_id)

    @action
    def get_deposit_address(self, *, account_id: str, currency: str, blockchain: str) -> Call[DepositAddress]:
        """Where to pay in for a sub-account. 5 points."""
        params = {"accountId": account_id, "currency": currency, "blockchain": blockchain}
        return Call("private", "get_deposit_address", params, typed(DepositAddress))

    @action
    def get_my_transaction_history(
        self,
        *,
        account_id: str | None = None,
        type: Literal["trade", "commission", "deposit", "withdraw", "internalTransfer"] | None = None,  # noqa: A002 - the exchange's name
        date_from: int | str | None = None,
        date_to: int | str | None = None,
        sort_order: Literal["ASC", "DESC"] | None = None,
        page_size: int | None = None,
        page_number: int | None = None,
    ) -> Call[tuple[Transaction, ...]]:
        """What changed balances. Dates: Unix milliseconds or ISO. page_size: at most 100. page_number: from
        1. 5 points."""
        params = {
            "accountId": account_id,
            "type": type,
            **_page(date_from, date_to, sort_order, page_size, page_number),
        }
        return Call("private", "get_my_transaction_history", params, typed(tuple[Transaction, ...]))

    @action
    def get_my_funding_history(
        self,
        *,
        account_id: str | None = None,
        tx_id: int | str | None = None,
        direction: Literal["deposit", "withdraw"] | None = None,
        currency: str | None = None,
        date_from: int | str | None = None,
        date_to: int | str | None = None,
        sort_order: Literal["ASC", "DESC"] | None = None,
        page_size: int | None = None,
        page_number: int | None = None,
    ) -> Call[tuple[Funding, ...]]:
        """Deposits and withdrawals between Wallet and Spot. Pages as for transactions. 5 points."""
        params = {
            "accountId": account_id,
            "txId": tx_id,
            "direction": direction,
            "currency": currency,
            **_page(date_from, date_to, sort_order, page_size, page_number),
        }
        return Call("private", "get_my_funding_history", params, typed(tuple[Funding, ...]))

    @action
    def get_processing_info(
        self, currencies: Sequence[str] | None = None, *, channel: Channel = "public"
    ) -> Call[dict[str, Processing]]:
        """How currencies are paid in and out. 10 points (private: of the key)."""
        params = {"currencies": names("currencies", currencies)}
        return Call(channel, "get_processing_info", params, typed(dict[str, Processing]))


def _wallet_transfer(
    name: str, account_id: str, currency: str, amount: Amount, client_tx_id: str
) -> Call[WalletTransfer]:
    params = {
        "accountId": account_id,
        "currency": currency,
        "amount": amount_text("amount", amount),
        "clientTxId": client_tx_id,
    }
    return Call("private", name, params, _not_rejected(name))


def _not_rejected(name: str) -> Callable[[Any], WalletTransfer]:
    read = typed(WalletTransfer)

    def checked(data: Any) -> WalletTransfer:
        transfer = read(data)
        if transfer.status.lower() == "rejected":
            raise TransferRejectedError(f"{name}: the exchange said ok, and that it is rejected", status=200)
        return transfer

    return checked


def _page(
    date_from: int | str | None,
    date_to: int | str | None,
    sort_order: str | None,
    page_size: int | None,
    page_number: int | None,
) -> dict[str, Any]:
    """A page's number is refused without a size."""
    size = 100 if page_number is not None and page_size is None else page_size
    return {
        "dateFrom": date_from,
        "dateTo": date_to,
        "sortOrder": sort_order,
        "pageSize": size,
        "pageNumber": page_number,
    }
