"""From an action's name to its answer: points, maintenance, permission and parameters, the doing, the log's
outcome. REST and WebSocket both come through here, so that they cannot differ.
"""

from __future__ import annotations

import contextlib
from typing import Any

from sandbox.exchange import (
    actions_account,
    actions_funds,
    actions_market,
    actions_new_order,
    actions_orders,
    gate,
    orders,
)
from sandbox.exchange.accounts import Account, ApiKey
from sandbox.exchange.action import Action, Call, by_name
from sandbox.exchange.errors import ApiFault, BadRequest, Refused
from sandbox.exchange.exchange import Event, Exchange
from sandbox.exchange.parameters import Params
from sandbox.exchange.permissions import Permission
from sandbox.exchange.replies import Reply

PUBLIC = by_name(actions_market.PUBLIC)
PRIVATE = by_name(
    (
        *actions_market.PRIVATE,
        *actions_account.PRIVATE,
        *actions_new_order.PRIVATE,
        *actions_orders.PRIVATE,
        *actions_funds.PRIVATE,
    )
)


_MOVE_SOMETHING = (Permission.TRADE, Permission.FUNDS_INTERNAL, Permission.FUNDS_WALLET)


def public(exchange: Exchange, action: str, params: Params, source: str) -> Any:
    """`data` of a public action. Raises ApiFault."""
    found = PUBLIC.get(action)
    if found is None:
        raise BadRequest
    gate.spend(exchange, f"ip {source}", found.cost, exchange.switches.address_points_per_minute)
    _check_maintenance(exchange, found)
    return found.perform(Call(exchange, None, exchange.now()), found.read(params))


def private(
    exchange: Exchange, account: Account, key: ApiKey, action: str, params: Params
) -> tuple[Any, list[Event]]:
    """`data` of a private action, and the events to push. Raises ApiFault."""
    found = PRIVATE.get(action)
    if found is None:
        raise BadRequest
    gate.spend(exchange, f"key {key.key}", found.cost, exchange.switches.key_points_per_minute)
    now = exchange.now()
    call = Call(exchange, account, now)
    wanted = _permitted(call, key, found, params)
    _check_maintenance(exchange, found)
    change: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    if found.writes or orders.due(account, now):
        change = exchange.store.change(account)
    with change:
        call.events += orders.settle(exchange.store, account, now)
        data = found.perform(call, wanted)
    if found.writes:
        call.events.append(balances_event(account))
    return data, call.events


def balances_event(account: Account) -> Event:
    return {"e": "account_update", "ok": "ok", "data": {"balance": actions_account.balances(account.spot)}}


def _permitted(call: Call, key: ApiKey, action: Action, params: Params) -> Any:
    """The action's parameters, read before or after the permission is checked."""
    switches = call.exchange.switches
    if action.name == "do_my_new_order" and not switches.price_needed:
        params = {"price": str(actions_new_order.lowest_price(params)), **params}
    if action.permission in _MOVE_SOMETHING and switches.account_check == "before-permission":
        _check_accounts(call, action, params)
    if action.permission in key.permissions:
        return action.read(params)
    first = action.name == "do_cancel_my_order" and switches.cancel_check == "before-permission"
    if first and actions_orders.finds_nothing(call, params):
        return action.read(params)
    if switches.permission_check == "after-validation":
        action.read(params)
    raise Refused(switches.reply("permission_missing"))


def _check_accounts(call: Call, action: Action, params: Params) -> None:
    """The accounts that a request names are looked up, whatever else is wrong with it."""
    if action.name == "do_my_new_order" and call.exchange.switches.unknown_sub_account == "ignored":
        return
    for name in ("accountId", "fromAccountId", "toAccountId"):
        if isinstance(params.get(name), str) and params[name]:
            call.check_account(params[name])


def _check_maintenance(exchange: Exchange, action: Action) -> None:
    if action.maintenance is not None and action.maintenance in exchange.switches.maintenance:
        text = f"{action.maintenance} is on maintenance"
        raise ApiFault(Reply(exchange.switches.maintenance_status, text))
