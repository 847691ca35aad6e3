"""Placing orders.

The order of checks within a placed order: parameters, sub-account, client order id, amounts (414), client
time (424), price, number of active orders (437), funds (403). A refusal by the first ones has no order id
("NONE"); 437 and 403 have a real one and stay in the archive.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from sandbox.exchange import orders
from sandbox.exchange import parameters as take
from sandbox.exchange.accounts import Order
from sandbox.exchange.action import Action, Call
from sandbox.exchange.errors import ParameterFault
from sandbox.exchange.market import EIGHT_PLACES, PAIRS, Pair, amount_text, price_text
from sandbox.exchange.parameters import Params
from sandbox.exchange.permissions import Permission

_TYPES = ("Limit", "Market", "Stop Limit", "StopLimit")
_EITHER = (
    "Either AmountCcy1 (OrderQty) or AmountCcy2 (CashOrderQty) should be specified for market order not both"
)


def lowest_price(params: Params) -> Decimal:
    """What an order of that pair can cost at the least."""
    pair = PAIRS.get(f"{params.get('currency1')}-{params.get('currency2')}")
    return Decimal(0) if pair is None else pair.min_price


def _read_new(params: Params) -> Order:
    account_id = take.mandatory_text(params, "accountId", may_be_empty=True)
    if not account_id:
        raise ParameterFault("API orders from Main account are not allowed")
    base = take.mandatory_text(params, "currency1").upper()
    quote = take.mandatory_text(params, "currency2").upper()
    side = take.mandatory_text(params, "side")
    if side not in ("BUY", "SELL"):
        raise ParameterFault("Mandatory parameter side should be one of BUY,SELL")
    take.mandatory_text(params, "orderType")
    kind = cast(str, take.one_of(params, "orderType", _TYPES))
    client_time = take.mandatory_integer(params, "timestamp")
    if f"{base}-{quote}" not in PAIRS:
        raise ParameterFault(f"pair {base}-{quote} is not supported")
    amount1, amount2 = take.number(params, "amountCcy1"), take.number(params, "amountCcy2")
    price, stop = take.number(params, "price"), take.number(params, "stopPrice")
    in_force = take.one_of(params, "timeInForce", ("GTC", "GTD", "IOC", "FOK"))
    expire = take.integer(params, "expireTime")
    if kind == "Market":
        if stop is not None:
            raise ParameterFault("Market Trigger orders are not allowed")
        price, in_force = None, "IOC"
    else:
        if price is None:
            raise take.missing("price")
        if kind != "Limit" and stop is None:
            raise take.missing("stopPrice")
        if amount1 is None and amount2 is None:
            raise take.missing("amountCcy1")
        if in_force == "GTD" and expire is None:
            raise take.missing("expireTime")
    comment = take.text(params, "comment")
    if comment is not None and len(comment) > 255:
        raise ParameterFault("Parameter comment is limited to 255 characters")
    stops = kind in ("Stop Limit", "StopLimit")
    return Order.model_validate(
        {
            "order_id": 0,
            "client_order_id": take.text(params, "clientOrderId") or "",
            "account_id": account_id,
            "currency1": base,
            "currency2": quote,
            "side": side,
            "order_type": "Stop Limit" if stops else kind,
            "time_in_force": in_force or "GTC",
            "amount1": amount1,
            "amount2": amount2,
            "price": price,
            "stop_price": stop if stops else None,
            "triggered": not stops,
            "expire_time": expire,
            "comment": comment,
            "client_time": client_time,
            "server_time": 0,
            "updated_at": 0,
        }
    )


def _place(call: Call, asked: Order) -> Any:
    exchange, account = call.exchange, call.client
    order = asked.model_copy(update={"server_time": call.now, "updated_at": call.now})
    if exchange.switches.unknown_sub_account == "refused":
        call.check_account(order.account_id)
    earlier = next((each for each in account.orders if order.client_order_id and _same_id(each, order)), None)
    if earlier is not None and _same_terms(earlier, order):
        return orders.report(account, earlier)
    order.client_order_id = order.client_order_id or f"{exchange.store.next_id():X}"
    pair = PAIRS[order.pair]
    checked = exchange.switches.orders_taken == "checked"
    refusal = _refused_at_once(call, order, pair, repeated=earlier is not None) if checked else None
    if refusal is not None:
        return _rejected(call, order, *refusal)
    if order.order_type != "Market" and order.amount1 is None:
        order.amount1 = ((order.amount2 or Decimal(0)) / (order.price or Decimal(1))).quantize(EIGHT_PLACES)
    order.order_id = exchange.store.next_id()
    account.orders.append(order)
    if sum(each.active for each in account.orders) > exchange.switches.max_active_orders:
        return _rejected(call, order, 437, "Too many active orders")
    cost = _cost(order, call.now)
    if account.balance(order.account_id, order.held_currency).free < cost:
        return _rejected(call, order, 403, "Insufficient funds")
    orders.hold(account, order, cost)
    if order.triggered and orders.crosses(order, call.now):
        orders.fill(exchange.store, account, order, call.now)
    elif order.time_in_force in ("IOC", "FOK") and checked:
        orders.close(account, order, "CANCELLED", call.now)
    call.events.append(orders.pushed(account, order))
    return orders.report(account, order)


def _same_id(one: Order, other: Order) -> bool:
    return one.client_order_id == other.client_order_id


def _same_terms(one: Order, other: Order) -> bool:
    # A client that repeats a lost request stamps it anew, so the time is not among the terms; amounts
    # worked out by the exchange are not what was asked either.
    terms = ("account_id", "currency1", "currency2", "side", "order_type", "price", "stop_price")
    amounts = other.amount1 in (None, one.amount1) and other.amount2 == one.amount2
    return amounts and all(getattr(one, term) == getattr(other, term) for term in terms)


def _refused_at_once(call: Call, order: Order, pair: Pair, *, repeated: bool) -> tuple[int, str] | None:
    """The reject code and reason of an order that never gets a number, or None."""
    if repeated:
        return 400, f"clientOrderId {order.client_order_id} was used with other parameters"
    if order.order_type == "Market" and (order.amount1 is None) == (order.amount2 is None):
        return 405, _EITHER
    faults = (
        _amount_fault("1", order.amount1, pair.base_min, pair.base_max, pair.lot),
        _amount_fault("2", order.amount2, pair.quote_min, pair.quote_max, EIGHT_PLACES),
        _time_fault(order, call),
        _price_fault(order, pair),
    )
    return next((fault for fault in faults if fault is not None), None)


def _amount_fault(
    which: str, amount: Decimal | None, low: Decimal, high: Decimal, lot: Decimal
) -> tuple[int, str] | None:
    name = f"mountCcy{which}"
    if amount is None:
        return None
    if amount < low:
        bound = f"minOrderA{name} check failed. a{name} {amount_text(amount)} is less than minOrderA{name}"
        return 414, f"{bound} {price_text(low)}"
    if amount > high:
        bound = f"maxOrderA{name} check failed. a{name} {amount_text(amount)} is more than maxOrderA{name}"
        return 415, f"{bound} {price_text(high)}"
    if amount % lot:
        return 416, f"lotSizeCcy{which} check failed. a{name} is not a multiple of {amount_text(lot)}"
    return None


def _time_fault(order: Order, call: Call) -> tuple[int, str] | None:
    window = call.exchange.switches.order_window_ms
    difference = abs(call.now - order.client_time)
    if difference <= window:
        return None
    return 424, (
        f"ClientTime should be within {window} ms timeframe. But difference was {difference} ms."
        f" ClientTime {order.client_time}, ServerTime {call.now}"
    )


def _price_fault(order: Order, pair: Pair) -> tuple[int, str] | None:
    for price in (order.price, order.stop_price):
        if price is not None and not pair.min_price <= price <= pair.max_price:
            low, high = price_text(pair.min_price), price_text(pair.max_price)
            return 417, f"price check failed. price {price_text(price)} is not within {low} and {high}"
    return None


def _rejected(call: Call, order: Order, code: int, reason: str) -> Any:
    order.status, order.reject_code, order.reject_reason = "REJECTED", code, reason
    call.events.append(orders.pushed(call.client, order))
    return orders.report(call.client, order)


def _cost(order: Order, now: int) -> Decimal:
    if order.side == "SELL" and order.amount1 is not None:
        return order.amount1
    price = order.price or orders.market_price(order, now)
    if order.side == "SELL":
        return ((order.amount2 or Decimal(0)) / price).quantize(EIGHT_PLACES)
    quote = order.amount2 if order.amount1 is None else order.amount1 * price
    return ((quote or Decimal(0)) * (1 + orders.fee_on(Decimal(1)))).quantize(EIGHT_PLACES)


PRIVATE = (
    Action(
        "do_my_new_order",
        1,
        _read_new,
        _place,
        Permission.TRADE,
        writes=True,
        maintenance="order_placement",
    ),
)
