"""Fees, balances, sub-accounts and what has moved: everything a Read key may ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.exchange import parameters as take
from sandbox.exchange.accounts import ACCOUNTS_PER_CLIENT, Balance
from sandbox.exchange.action import Action, Call, nothing
from sandbox.exchange.errors import BusinessFault, ParameterFault
from sandbox.exchange.market import CURRENCIES, FEE_PERCENT, PAIRS, amount_text, price_text
from sandbox.exchange.pairs import iso, known_pair
from sandbox.exchange.parameters import Params

_MONTH_MS = 30 * 86_400_000
_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NAME_FAULT = (
    "Sub-account name should contain only lower and uppercase Latin letters, numbers, underscore"
    ' ("_") or hyphen ("-")'
)
_TYPES = ("trade", "commission", "deposit", "withdraw", "internalTransfer")


def _read_pairs(params: Params) -> list[str]:
    return [known_pair(name).name for name in take.texts(params, "pairs") or PAIRS]


def _fee(_call: Call, pairs: list[str]) -> Any:
    return {"tradingFee": {pair: {"percent": price_text(FEE_PERCENT)} for pair in pairs}}


def _fee_strategy(_call: Call, _: None) -> Any:
    tiers = (("0.25", "0"), ("0.15", "10000"), ("0.1", "100000"))
    return {"strategyConfig": {"default": [{"fee": fee, "volume": volume} for fee, volume in tiers]}}


def _volume(call: Call, _: None) -> Any:
    since = call.now - _MONTH_MS
    traded = sum(
        (
            order.executed2 * CURRENCIES[order.currency2].usd
            for order in call.client.orders
            if order.updated_at >= since
        ),
        Decimal(0),
    )
    return {"period": "30d", "volume": f"{traded:.2f}", "currency": "USD"}


def account_name(name: str) -> str:
    """`name` when it may be a sub-account's. Raises BusinessFault with the exchange's text."""
    if not _ACCOUNT_NAME.fullmatch(name):
        raise BusinessFault(_NAME_FAULT)
    return name


@dataclass(frozen=True)
class _NewAccount:
    name: str
    currency: str


def _read_new_account(params: Params) -> _NewAccount:
    name = take.mandatory_text(params, "accountId")
    currency = take.mandatory_text(params, "currency")
    if currency not in CURRENCIES:
        raise ParameterFault(f"Unsupported currency {currency}")
    return _NewAccount(account_name(name), currency)


def _create_account(call: Call, asked: _NewAccount) -> Any:
    spot = call.client.spot
    if asked.name not in spot:
        if len(spot) >= ACCOUNTS_PER_CLIENT:
            raise BusinessFault("Maximum number of accounts is reached")
        spot[asked.name] = {asked.currency: Balance()}
    return {"accountId": asked.name}


@dataclass(frozen=True)
class _Status:
    currencies: list[str]
    accounts: list[str]


def _read_status(params: Params) -> _Status:
    accounts = take.texts(params, "accountIds", "accountIds array should consist of string type values")
    return _Status(take.texts(params, "currencies") or [], accounts or [])


def balances(spot: Mapping[str, Mapping[str, Balance]], *, available: bool = False) -> dict[str, Any]:
    """Balances by sub-account and currency, as get_my_account_status and account_update tell them."""
    return {
        name: {
            currency: _balance(currency, balance, available=available) for currency, balance in held.items()
        }
        for name, held in spot.items()
    }


def _balance(currency: str, balance: Balance, *, available: bool) -> dict[str, str]:
    told = {
        "balance": amount_text(balance.total),
        "balanceOnHold": amount_text(balance.on_hold),
        "balanceInConvertedCurrency": f"{balance.total * CURRENCIES[currency].usd:.2f}",
    }
    if available:
        told["balanceAvailable"] = amount_text(balance.free)
    return told


def _status(call: Call, asked: _Status, *, available: bool = False) -> Any:
    chosen = {
        name: {
            currency: balance
            for currency, balance in held.items()
            if not asked.currencies or currency in asked.currencies
        }
        for name, held in call.client.spot.items()
        if not asked.accounts or name in asked.accounts
    }
    found = {name: held for name, held in chosen.items() if held or not asked.currencies}
    return {"convertedCurrency": "USD", "balancesPerAccounts": balances(found, available=available)}


def _status_v2(call: Call, asked: _Status) -> Any:
    return _status(call, asked, available=True)


def _wallet(call: Call, _: None) -> Any:
    return {currency: {"balance": amount_text(amount)} for currency, amount in call.client.wallet.items()}


@dataclass(frozen=True)
class _History:
    account_id: str | None
    kind: str | None
    number: int | None
    currency: str | None
    since: int | None
    until: int | None
    newest_first: bool
    size: int
    page: int

    def page_of(self, rows: list[Any]) -> list[Any]:
        ordered = rows[::-1] if self.newest_first else rows
        return ordered[self.page * self.size : (self.page + 1) * self.size]

    def covers(self, account_id: str, at: int) -> bool:
        return (
            self.account_id in (None, account_id)
            and (self.since is None or at >= self.since)
            and (self.until is None or at <= self.until)
        )


def _read_history(params: Params, kind: str | None, number: int | None) -> _History:
    if params.get("pageNumber") is not None and params.get("pageSize") is None:
        raise take.missing("pageSize")
    return _History(
        account_id=take.text(params, "accountId"),
        kind=kind,
        number=number,
        currency=take.text(params, "currency"),
        since=take.moment(params, "dateFrom"),
        until=take.moment(params, "dateTo"),
        newest_first=take.sort_order(params) == "DESC",
        size=take.page_size(params, 100),
        page=take.page_number(params, 1) - 1,
    )


def _read_transactions(params: Params) -> _History:
    kind = take.text(params, "type")
    if kind is not None and kind not in _TYPES:
        raise ParameterFault(f"Operation type is not supported. Supported types: {','.join(_TYPES)}")
    return _read_history(params, kind, None)


def _transactions(call: Call, asked: _History) -> Any:
    rows = [
        {
            "transactionId": str(each.transaction_id),
            "timestamp": iso(each.at),
            "accountId": each.account_id,
            "type": each.type,
            "amount": amount_text(each.amount),
            "details": each.details,
            "currency": each.currency,
        }
        for each in call.client.transactions
        if asked.covers(each.account_id, each.at) and asked.kind in (None, each.type)
    ]
    return asked.page_of(rows)


def _read_fundings(params: Params) -> _History:
    direction = take.one_of(params, "direction", ("deposit", "withdraw"))
    return _read_history(params, direction, take.integer(params, "txId"))


def _fundings(call: Call, asked: _History) -> Any:
    account = call.client
    rows = [
        {
            "txId": str(each.tx_id),
            "clientId": account.client_id,
            "accountId": each.account_id,
            "currency": each.currency,
            "direction": each.direction,
            "amount": amount_text(each.amount),
            "commissionAmount": amount_text(Decimal(0)),
            "status": "approved",
            "updatedAt": iso(each.at),
            "details": {},
        }
        for each in account.fundings
        if asked.covers(each.account_id, each.at)
        and asked.kind in (None, each.direction)
        and asked.number in (None, each.tx_id)
        and asked.currency in (None, each.currency)
    ]
    return asked.page_of(rows)


PRIVATE = (
    Action("get_my_current_fee", 5, _read_pairs, _fee),
    Action("get_fee_strategy", 1, nothing, _fee_strategy),
    Action("get_my_volume", 5, nothing, _volume),
    # The reference lists it under Read, although it writes.
    Action("do_create_account", 1, _read_new_account, _create_account, writes=True),
    Action("get_my_account_status_v3", 5, _read_status, _status),
    Action("get_my_account_status_v2", 5, _read_status, _status_v2),
    Action("get_my_wallet_balance", 5, nothing, _wallet),
    Action("get_my_transaction_history", 5, _read_transactions, _transactions),
    Action("get_my_funding_history", 5, _read_fundings, _fundings),
)
