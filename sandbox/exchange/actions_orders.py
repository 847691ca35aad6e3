"""Cancelling and listing orders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.exchange import orders
from sandbox.exchange import parameters as take
from sandbox.exchange.accounts import Order
from sandbox.exchange.action import Action, Call
from sandbox.exchange.errors import BusinessFault, ParameterFault
from sandbox.exchange.market import PAIRS
from sandbox.exchange.parameters import Params
from sandbox.exchange.permissions import Permission

_YEAR_MS = 365 * 86_400_000
_UNKNOWN_ORDER = "unknown_order"


@dataclass(frozen=True)
class _Cancel:
    order_id: int | None
    client_order_id: str | None
    request_id: str


def _read_cancel(params: Params) -> _Cancel:
    order_id, client_order_id = take.integer(params, "orderId"), take.text(params, "clientOrderId")
    if order_id is None and not client_order_id:
        raise ParameterFault("ClientOrderId or orderId should be specified")
    if order_id is not None and client_order_id:
        raise ParameterFault("Only one of the fields ClientOrderId or orderId should be specified, not both")
    request_id = take.mandatory_text(params, "cancelRequestId")
    take.mandatory_integer(params, "timestamp")
    return _Cancel(order_id, client_order_id, request_id)


def finds_nothing(call: Call, params: Params) -> bool:
    """Whether a cancel names no order that is there, whoever may cancel it."""
    asked = _read_cancel(params)
    return not any(
        asked.order_id in (None, order.order_id) and asked.client_order_id in (None, order.client_order_id)
        for order in call.client.orders
    )


def _cancel(call: Call, asked: _Cancel) -> Any:
    account = call.client
    for order in account.orders:
        if asked.order_id in (None, order.order_id) and asked.client_order_id in (
            None,
            order.client_order_id,
        ):
            if order.active:
                orders.close(account, order, "CANCELLED", call.now)
                call.events.append(orders.pushed(account, order))
                return {}
            break
    if call.exchange.switches.cancel_of_unknown_order == "refused":
        raise BusinessFault(_UNKNOWN_ORDER)
    call.events.append(
        {
            "e": "orderCancelReject",
            "ok": "ok",
            "data": {
                "orderId": "NONE",
                "clientOrderId": asked.client_order_id,
                "cancelRequestId": asked.request_id,
                "orderStatus": "REJECTED",
                "cancelRejectReason": _UNKNOWN_ORDER,
            },
        }
    )
    return {}


def _read_cancel_all(params: Params) -> list[str]:
    fault = "accountIds array should consist of string type values"
    return take.texts(params, "accountIds", fault) or []


def _cancel_all(call: Call, account_ids: list[str]) -> Any:
    account = call.client
    wanted = [
        order
        for order in account.orders
        if order.active and (not account_ids or order.account_id in account_ids)
    ]
    for order in wanted:
        orders.close(account, order, "CANCELLED", call.now)
        call.events.append(orders.pushed(account, order))
    return {"clientOrderIds": [order.client_order_id for order in wanted]}


@dataclass(frozen=True)
class _Listing:
    order_id: int | None
    client_order_id: str | None
    archived: bool
    pair: str | None
    side: str | None
    account_ids: list[str]
    since: int | None
    until: int | None
    newest_first: bool
    size: int
    page: int


_PAIR = re.compile(r"[A-Za-z0-9]+-[A-Za-z0-9]+")


def _read_listing(params: Params) -> _Listing:
    archived = params.get("archived")
    if archived is not None and not isinstance(archived, bool):
        raise ParameterFault("Archived parameter should be boolean")
    pair = take.text(params, "pair")
    if pair is not None and (not _PAIR.fullmatch(pair) or pair.upper() not in PAIRS):
        raise ParameterFault(f"pair {pair} is not supported")
    since = take.moment(params, "serverCreateTimestampFrom")
    until = take.moment(params, "serverCreateTimestampTo")
    if archived and since is None:
        raise take.missing("serverCreateTimestampFrom")
    if since is not None and until is not None and until - since > _YEAR_MS:
        raise ParameterFault("Requested period should not be more than 365 days")
    return _Listing(
        order_id=take.integer(params, "orderId"),
        client_order_id=take.text(params, "clientOrderId"),
        archived=bool(archived),
        pair=None if pair is None else pair.upper(),
        side=take.one_of(params, "side", ("BUY", "SELL")),
        account_ids=_read_cancel_all(params),
        since=since,
        until=until,
        newest_first=take.sort_order(params) == "DESC",
        size=take.page_size(params, 1000),
        page=take.page_number(params, 0),
    )


def _list(call: Call, asked: _Listing) -> Any:
    account = call.client

    def wanted(order: Order) -> bool:
        return (
            order.active != asked.archived
            and asked.order_id in (None, order.order_id)
            and asked.client_order_id in (None, order.client_order_id)
            and asked.pair in (None, order.pair)
            and asked.side in (None, order.side)
            and (not asked.account_ids or order.account_id in asked.account_ids)
            and (asked.since is None or order.server_time >= asked.since)
            and (asked.until is None or order.server_time <= asked.until)
        )

    found = [order for order in account.orders if wanted(order)]
    if asked.newest_first:
        found.reverse()
    start = asked.page * asked.size
    return [orders.row(account, order) for order in found[start : start + asked.size]]


_TRADE = Permission.TRADE
PRIVATE = (
    Action(
        "do_cancel_my_order", 1, _read_cancel, _cancel, _TRADE, writes=True, maintenance="order_cancellation"
    ),
    Action(
        "do_cancel_all_orders",
        5,
        _read_cancel_all,
        _cancel_all,
        _TRADE,
        writes=True,
        maintenance="order_cancellation",
    ),
    Action("get_my_orders", 5, _read_listing, _list, maintenance="order_status"),
)
