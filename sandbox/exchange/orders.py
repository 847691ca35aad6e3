"""Orders: what is held, when they fill, and what the exchange says about them.

An order that crosses the generated price fills whole at the best price; else it rests and fills when the
price comes to it (looked at whenever somebody asks, and once a second). Clients never meet each other.
"""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from sandbox.exchange.accounts import Account, Order, Transaction
from sandbox.exchange.exchange import Event
from sandbox.exchange.json_text import write
from sandbox.exchange.market import (
    EIGHT_PLACES,
    FEE_PERCENT,
    PAIRS,
    amount_text,
    best_ask,
    best_bid,
    price_text,
)
from sandbox.exchange.store import Store

_FEE = FEE_PERCENT / 100


def fee_on(quote_amount: Decimal) -> Decimal:
    return (quote_amount * _FEE).quantize(EIGHT_PLACES)


def hold(account: Account, order: Order, amount: Decimal) -> None:
    """Keep back what the order may cost."""
    order.held = order.initially_held = amount
    account.balance(order.account_id, order.held_currency).on_hold += amount


def release(account: Account, order: Order) -> None:
    account.balance(order.account_id, order.held_currency).on_hold -= order.held
    order.held = Decimal(0)


def close(account: Account, order: Order, status: Any, now: int) -> None:
    """End an order that did not fill: CANCELLED or EXPIRED."""
    release(account, order)
    order.status, order.updated_at = status, now


def market_price(order: Order, now: int) -> Decimal:
    """What the order would trade at now."""
    pair = PAIRS[order.pair]
    return best_ask(pair, now) if order.side == "BUY" else best_bid(pair, now)


def crosses(order: Order, now: int) -> bool:
    if order.price is None:
        return True
    price = market_price(order, now)
    return price <= order.price if order.side == "BUY" else price >= order.price


def fill(store: Store, account: Account, order: Order, now: int) -> None:
    """Execute the whole order at the market's price."""
    price = market_price(order, now)
    base = order.amount1
    if base is None:
        base = ((order.amount2 or Decimal(0)) / price).quantize(EIGHT_PLACES)
    quote = (base * price).quantize(EIGHT_PLACES)
    release(account, order)
    order.executed1, order.executed2, order.fee = base, quote, fee_on(quote)
    order.status, order.updated_at = "FILLED", now
    sign = 1 if order.side == "BUY" else -1
    moves = (
        (order.currency1, sign * base, "trade"),
        (order.currency2, -sign * quote, "trade"),
        (order.currency2, -order.fee, "commission"),
    )
    for currency, amount, kind in moves:
        account.balance(order.account_id, currency).total += amount
        account.transactions.append(
            Transaction.model_validate(
                {
                    "transaction_id": store.next_id(),
                    "at": now,
                    "account_id": order.account_id,
                    "type": kind,
                    "amount": amount,
                    "details": f"{order.side} {order.pair} orderId={order.order_id}",
                    "currency": currency,
                }
            )
        )


def due(account: Account, now: int) -> list[Order]:
    """The resting orders whose time or price has come."""
    return [
        order for order in account.orders if order.active and (_expired(order, now) or _meets(order, now))
    ]


def settle(store: Store, account: Account, now: int) -> list[Event]:
    """Fill, trigger or expire what is due; the events that tell of it."""
    events = []
    for order in due(account, now):
        if _expired(order, now):
            close(account, order, "EXPIRED", now)
        else:
            order.triggered = True
            if not crosses(order, now):
                continue
            fill(store, account, order, now)
        events.append(pushed(account, order, "Trade" if order.status == "FILLED" else "Expired"))
    return events


def _expired(order: Order, now: int) -> bool:
    return order.expire_time is not None and now >= order.expire_time


def _meets(order: Order, now: int) -> bool:
    if not order.triggered and order.stop_price is not None:
        price = market_price(order, now)
        return price >= order.stop_price if order.side == "BUY" else price <= order.stop_price
    return crosses(order, now)


def row(account: Account, order: Order) -> dict[str, Any]:
    """An order as get_my_orders lists it."""
    buy = order.side == "BUY"
    held = amount_text(order.initially_held) if order.initially_held else None
    return {
        "orderId": str(order.order_id),
        "clientOrderId": order.client_order_id,
        "clientId": account.client_id,
        "accountId": order.account_id or None,
        "status": order.status,
        "statusIsFinal": not order.active,
        "currency1": order.currency1,
        "currency2": order.currency2,
        "side": order.side,
        "orderType": order.order_type,
        "timeInForce": order.time_in_force,
        "comment": order.comment,
        "rejectCode": order.reject_code,
        "rejectReason": order.reject_reason,
        "initialOnHoldAmountCcy1": None if buy else held,
        "initialOnHoldAmountCcy2": held if buy else None,
        "executedAmountCcy1": amount_text(order.executed1) if order.executed1 else None,
        "executedAmountCcy2": amount_text(order.executed2) if order.executed2 else None,
        "requestedAmountCcy1": None if order.amount1 is None else amount_text(order.amount1),
        "requestedAmountCcy2": None if order.amount2 is None else amount_text(order.amount2),
        "feeAmount": amount_text(order.fee) if order.fee else None,
        "feeCurrency": order.currency2 if order.fee else None,
        "price": None if order.price is None else price_text(order.price),
        "stopPrice": None if order.stop_price is None else price_text(order.stop_price),
        "averagePrice": price_text(order.executed2 / order.executed1) if order.executed1 else None,
        "clientCreateTimestamp": order.client_time,
        "serverCreateTimestamp": order.server_time,
        "lastUpdateTimestamp": order.updated_at,
        "expireTime": order.expire_time,
        "effectiveTime": None,
    }


def report(account: Account, order: Order, execution: str | None = None) -> dict[str, Any]:
    """An order as do_my_new_order answers and executionReport tells it."""
    told = row(account, order)
    for name in ("statusIsFinal", "initialOnHoldAmountCcy1", "initialOnHoldAmountCcy2"):
        del told[name]
    if order.reject_code is None:
        del told["rejectCode"], told["rejectReason"]
    else:
        pair = {"code": order.reject_code, "reason": order.reject_reason}
        told["orderRejectReason"] = write(pair)
    by_status = {"FILLED": "Trade", "REJECTED": "Rejected", "CANCELLED": "Cancelled", "EXPIRED": "Expired"}
    moment = datetime.fromtimestamp(order.updated_at / 1000, timezone.utc)
    told |= {
        "messageType": "executionReport",
        # An order that never got into the books has no number.
        "orderId": "NONE" if order.order_id == 0 else str(order.order_id),
        "executedAmountCcy1": amount_text(order.executed1),
        "executedAmountCcy2": amount_text(order.executed2),
        "executionType": execution or by_status.get(order.status, "New"),
        "executionId": f"{order.updated_at}_{order.order_id}",
        "transactTime": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return told


def pushed(account: Account, order: Order, execution: str | None = None) -> Event:
    return {"e": "executionReport", "ok": "ok", "data": report(account, order, execution)}
