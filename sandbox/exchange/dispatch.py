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
    wanted = _permitted(exchange, key, found, params)
    _check_maintenance(exchange, found)
    now = exchange.now()
    call = Call(exchange, account, now)
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


def _permitted(exchange: Exchange, key: ApiKey, action: Action, params: Params) -> Any:
    """The action's parameters, read before or after the permission is checked."""
    if action.permission in key.permissions:
        return action.read(params)
    if exchange.switches.permission_check == "after-validation":
        action.read(params)
    raise Refused(exchange.switches.reply("permission_missing"))


def _check_maintenance(exchange: Exchange, action: Action) -> None:
    if action.maintenance is not None and action.maintenance in exchange.switches.maintenance:
        text = f"{action.maintenance} is on maintenance"
        raise ApiFault(Reply(exchange.switches.maintenance_status, text))
