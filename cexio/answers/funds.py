"""Transfers, deposit addresses, and the histories of what moved."""

from __future__ import annotations

from pydantic import Field

from cexio.answers.reply import Exact, Maybe, Moment, Reply


class InternalTransfer(Reply):
    """A transfer between accounts of Spot; the same client id again answers the first one's number."""

    transaction_id: str


class WalletTransfer(Reply):
    """A transfer between Wallet and Spot. status: `approved` or `pending`; a rejected one is an error."""

    account_id: str
    client_tx_id: str
    currency: str
    status: str

    @property
    def settled(self) -> bool:
        """Whether the funds have moved already."""
        return self.status.lower() == "approved"


class DepositAddress(Reply):
    """Where to pay in: an address, or for some blockchains a destination with a memo."""

    account_id: str
    currency: str
    blockchain: str
    address: str | None = None
    destination: str | None = None
    memo: str | None = None


class Transaction(Reply):
    """One change of a balance. type: trade, commission, deposit, withdraw, internalTransfer."""

    transaction_id: str
    timestamp: Moment
    account_id: str | None = None
    type: str
    amount: Exact
    currency: str
    details: str | None = None


class Funding(Reply):
    """One deposit or withdrawal between Wallet and Spot."""

    tx_id: str
    client_id: str | None = None
    account_id: str | None = None
    currency: str
    direction: str
    amount: Exact
    commission_amount: Maybe = None
    status: str | None = None
    updated_at: Moment | None = None


class Blockchain(Reply):
    """What one blockchain takes and gives for a currency."""

    type: str | None = None
    deposit: str | None = None
    min_deposit: Maybe = None
    deposit_confirmations: int | None = None
    withdrawal: str | None = None
    min_withdrawal: Maybe = None
    withdrawal_fee: Maybe = None
    withdrawal_fee_percent: Maybe = None


class Processing(Reply):
    """How a currency is paid in and out, by blockchain."""

    name: str | None = None
    blockchains: dict[str, Blockchain] = Field(default_factory=dict)
