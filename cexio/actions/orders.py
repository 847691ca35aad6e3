"""Placing, cancelling and listing orders. Listing needs Read, the rest Trade."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Literal

from cexio.answers.orders import AllCancelled, CancelAcknowledged, Order
from cexio.call import NOW, Amount, Call, action, amount_text, names, typed
from cexio.errors import InvalidRequestError

Side = Literal["BUY", "SELL"]


class _Every(Enum):
    ACCOUNT = "every account"


ALL_ACCOUNTS: Final = _Every.ACCOUNT
"""Said out loud, because to the exchange an empty list means all accounts."""


class OrderActions:
    """Orders. None of the writing ones is ever sent twice."""

    @action
    def do_my_new_order(
        self,
        *,
        account_id: str,
        pair: str,
        side: Side,
        order_type: Literal["Limit", "Market", "Stop Limit"] | str,
        client_order_id: str,
        amount_ccy1: Amount | None = None,
        amount_ccy2: Amount | None = None,
        price: Amount | None = None,
        stop_price: Amount | None = None,
        time_in_force: Literal["GTC", "GTD", "IOC", "FOK"] | str | None = None,
        expire_time: int | None = None,
        comment: str | None = None,
    ) -> Call[Order]:
        """Places an order from a sub-account. Raises OrderRejectedError where it is rejected. 1 point.

        client_order_id: yours, new for every order. It is how the order is found (`get_my_orders`) where the
        answer was lost; the exchange never makes two of one id. amount_ccy1 or amount_ccy2: in the base or
        the quote currency, one of them. expire_time: Unix milliseconds. The order's own timestamp is the
        exchange's time at the moment of sending.
        """
        base, quote = _currencies(pair)
        if not account_id:
            raise InvalidRequestError("accountId is empty: orders are not taken on the main account")
        if not client_order_id:
            raise InvalidRequestError("clientOrderId is empty: without it a lost answer cannot be looked up")
        if (amount_ccy1 is None) == (amount_ccy2 is None):
            raise InvalidRequestError("amountCcy1, amountCcy2: give one of them")
        params = {
            "clientOrderId": client_order_id,
            "accountId": account_id,
            "currency1": base,
            "currency2": quote,
            "side": side,
            "orderType": order_type,
            "timestamp": NOW,
            "timeInForce": time_in_force,
            "amountCcy1": amount_text("amountCcy1", amount_ccy1),
            "amountCcy2": amount_text("amountCcy2", amount_ccy2),
            "price": amount_text("price", price),
            "stopPrice": amount_text("stopPrice", stop_price),
            "expireTime": expire_time,
            "comment": comment,
        }
        return Call("private", "do_my_new_order", params, typed(Order))

    @action
    def do_cancel_my_order(
        self,
        *,
        order_id: int | str | None = None,
        client_order_id: str | None = None,
        cancel_request_id: str | None = None,
    ) -> Call[CancelAcknowledged]:
        """Asks for an order's cancellation, by one of the two ids. 1 point.

        The answer is an acknowledgement and no more: an order that does not exist gets the same one.
        """
        if (order_id is None) == (not client_order_id):
            raise InvalidRequestError("orderId, clientOrderId: give one of them")
        number = None if order_id is None else _number(order_id)
        asked = {
            "orderId": number,
            "clientOrderId": client_order_id or None,
            "cancelRequestId": cancel_request_id or f"cancel-{uuid.uuid4().hex}",
        }

        def acknowledged(data: Any) -> CancelAcknowledged:
            told = data if isinstance(data, dict) else {}
            return CancelAcknowledged.model_validate({**told, **asked})

        return Call("private", "do_cancel_my_order", {**asked, "timestamp": NOW}, acknowledged)

    @action
    def do_cancel_all_orders(
        self, account_ids: Sequence[str] | Literal[_Every.ACCOUNT]
    ) -> Call[AllCancelled]:
        """Cancels all open orders of these sub-accounts, or with ALL_ACCOUNTS of all. 5 points."""
        if account_ids is ALL_ACCOUNTS:
            return Call("private", "do_cancel_all_orders", {}, typed(AllCancelled))
        listed = names("accountIds", account_ids)
        if not listed:
            raise InvalidRequestError(
                "accountIds is empty, which means all to the exchange: say ALL_ACCOUNTS"
            )
        return Call("private", "do_cancel_all_orders", {"accountIds": listed}, typed(AllCancelled))

    @action
    def get_my_orders(
        self,
        *,
        client_order_id: str | None = None,
        order_id: int | str | None = None,
        archived: bool | None = None,
        pair: str | None = None,
        side: Side | None = None,
        account_ids: Sequence[str] | None = None,
        created_from_ms: int | None = None,
        created_to_ms: int | None = None,
        sort_order: Literal["ASC", "DESC"] | None = None,
        page_size: int = 1000,
        page_number: int | None = None,
    ) -> Call[tuple[Order, ...]]:
        """Open orders; with `archived`, ended ones since `created_from_ms` (at most 365 days). 5 points.

        page_size: at most 1000, always sent (an empty request was seen refused). page_number: from 0.
        """
        if archived and created_from_ms is None:
            raise InvalidRequestError("serverCreateTimestampFrom: archived orders are asked for since when?")
        params = {
            "clientOrderId": client_order_id,
            "orderId": None if order_id is None else _number(order_id),
            "archived": archived,
            "pair": pair,
            "side": side,
            "accountIds": names("accountIds", account_ids),
            "serverCreateTimestampFrom": created_from_ms,
            "serverCreateTimestampTo": created_to_ms,
            "sortOrder": sort_order,
            "pageSize": page_size,
            "pageNumber": page_number,
        }
        return Call("private", "get_my_orders", params, typed(tuple[Order, ...]))


def _currencies(pair: str) -> tuple[str, str]:
    base, dash, quote = pair.partition("-")
    if not (base and dash and quote):
        raise InvalidRequestError("pair: give it as BASE-QUOTE, such as BTC-USD")
    return base, quote


def _number(order_id: int | str) -> int:
    """The exchange shows order ids as texts and takes them as numbers."""
    text = str(order_id)
    if not (text.isascii() and text.isdigit()):
        raise InvalidRequestError("orderId: must be a number (an order without one is in no list)")
    return int(text)
