"""Money that moves: between sub-accounts (Funds Internal), and between Spot and Wallet (Funds Wallet).

Nothing leaves the exchange: the Spot API has no action for that.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sandbox.exchange import parameters as take
from sandbox.exchange.accounts import Funding, Transaction
from sandbox.exchange.action import Action, Call
from sandbox.exchange.actions_account import account_name
from sandbox.exchange.errors import BusinessFault, ParameterFault, Refused
from sandbox.exchange.market import CURRENCIES, Currency, amount_text
from sandbox.exchange.parameters import Params
from sandbox.exchange.permissions import Permission


def _currency(params: Params) -> Currency:
    code = take.mandatory_text(params, "currency")
    if code not in CURRENCIES:
        raise ParameterFault(f"Unsupported currency {code}")
    return CURRENCIES[code]


@dataclass(frozen=True)
class _Internal:
    source: str
    target: str
    currency: str
    amount: Decimal
    client_tx_id: str | None


def _read_internal(params: Params) -> _Internal:
    source = take.mandatory_text(params, "fromAccountId")
    target = take.mandatory_text(params, "toAccountId")
    take.mandatory_text(params, "currency")
    amount = take.mandatory_number(params, "amount")
    if amount <= 0:
        raise ParameterFault("Amount should be greater than zero")
    if source == target:
        raise ParameterFault("fromAccountId and toAccountId should be different")
    return _Internal(source, target, _currency(params).code, amount, take.text(params, "clientTxId"))


def _internal(call: Call, asked: _Internal) -> Any:
    account = call.client
    if asked.client_tx_id in account.internal_transfers:
        return {"transactionId": account.internal_transfers[asked.client_tx_id]}
    for name in (asked.source, asked.target):
        call.check_account(name)
    source = account.balance(asked.source, asked.currency)
    if source.free < asked.amount:
        raise BusinessFault("Insufficient funds")
    source.total -= asked.amount
    account.balance(asked.target, asked.currency).total += asked.amount
    number = call.exchange.store.next_id()
    for name, amount in ((asked.source, -asked.amount), (asked.target, asked.amount)):
        account.transactions.append(
            Transaction(
                transaction_id=number,
                at=call.now,
                account_id=name,
                type="internalTransfer",
                amount=amount,
                details=f"Transfer from {asked.source} to {asked.target}",
                currency=asked.currency,
            )
        )
    account.internal_transfers[asked.client_tx_id or f"transfer-{number}"] = number
    return {"transactionId": number}


@dataclass(frozen=True)
class _Wallet:
    account_id: str
    currency: str
    amount: Decimal
    client_tx_id: str
    direction: Literal["deposit", "withdraw"]


def _read_wallet(params: Params, direction: Literal["deposit", "withdraw"]) -> _Wallet:
    account_id = take.mandatory_text(params, "accountId", may_be_empty=True)
    currency = _currency(params)
    amount = take.mandatory_number(params, "amount")
    client_tx_id = take.mandatory_text(params, "clientTxId")
    if amount < currency.min_transfer:
        raise BusinessFault(
            f"Too low amount to {direction} {amount_text(amount)} {currency.code}."
            f" Minimum amount {amount_text(currency.min_transfer)} {currency.code}"
        )
    return _Wallet(account_id, currency.code, amount, client_tx_id, direction)


def _read_deposit(params: Params) -> _Wallet:
    return _read_wallet(params, "deposit")


def _read_withdrawal(params: Params) -> _Wallet:
    return _read_wallet(params, "withdraw")


def _transfer(call: Call, asked: _Wallet) -> Any:
    account = call.client
    if any(each.client_tx_id == asked.client_tx_id for each in account.fundings):
        raise Refused(call.exchange.switches.reply("repeated_wallet_transfer"))
    call.check_account(asked.account_id)
    spot = account.balance(asked.account_id, asked.currency)
    in_wallet = account.wallet.get(asked.currency, Decimal(0))
    into_spot = asked.direction == "deposit"
    if (in_wallet if into_spot else spot.free) < asked.amount:
        raise BusinessFault("Insufficient funds")
    signed = asked.amount if into_spot else -asked.amount
    account.wallet[asked.currency] = in_wallet - signed
    spot.total += signed
    number = call.exchange.store.next_id()
    account.fundings.append(
        Funding(
            tx_id=number,
            client_tx_id=asked.client_tx_id,
            account_id=asked.account_id,
            currency=asked.currency,
            direction=asked.direction,
            amount=asked.amount,
            at=call.now,
        )
    )
    account.transactions.append(
        Transaction(
            transaction_id=call.exchange.store.next_id(),
            at=call.now,
            account_id=asked.account_id,
            type=asked.direction,
            amount=signed,
            details=f"{asked.direction.capitalize()} fundingId={number} clientId={account.client_id}",
            currency=asked.currency,
        )
    )
    return {
        "accountId": asked.account_id,
        "clientTxId": asked.client_tx_id,
        "currency": asked.currency,
        "status": "approved",
    }


_WITH_MEMO = ("ripple",)


@dataclass(frozen=True)
class _Address:
    account_id: str
    currency: str
    blockchain: str


def _read_address(params: Params) -> _Address:
    account_id = take.mandatory_text(params, "accountId", may_be_empty=True)
    if not account_id:
        raise ParameterFault("Get deposit address for main account is not allowed")
    currency = _currency(params)
    blockchain = take.mandatory_text(params, "blockchain")
    if not currency.blockchain or blockchain != currency.blockchain:
        raise BusinessFault("Blockchain is not supported.")
    return _Address(account_name(account_id), currency.code, blockchain)


def _address(call: Call, asked: _Address) -> Any:
    account = call.client
    call.check_account(asked.account_id)
    seed = f"{account.name}/{asked.account_id}/{asked.currency}/{asked.blockchain}"
    # Says what it is, so that nobody ever sends anything there.
    target = "sandbox" + hashlib.sha256(seed.encode()).hexdigest()[:32]
    named = {"accountId": asked.account_id, "currency": asked.currency, "blockchain": asked.blockchain}
    if asked.blockchain in _WITH_MEMO:
        return {**named, "destination": target, "memo": str(int(target[-8:], 16))}
    return {**named, "address": target}


_INTERNAL, _WALLET = Permission.FUNDS_INTERNAL, Permission.FUNDS_WALLET
PRIVATE = (
    Action("do_my_internal_transfer", 1, _read_internal, _internal, _INTERNAL, writes=True),
    Action("do_deposit_funds_from_wallet", 1, _read_deposit, _transfer, _WALLET, writes=True),
    Action("do_withdrawal_funds_to_wallet", 1, _read_withdrawal, _transfer, _WALLET, writes=True),
    Action("get_deposit_address", 5, _read_address, _address),
)
