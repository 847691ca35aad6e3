"""Orders, and the acknowledgement of a cancel, which is not a cancellation."""

from __future__ import annotations

from typing import NoReturn

from cexio.answers.reply import Maybe, Moment, Reply

FINAL = frozenset({"FILLED", "EXPIRED", "REJECTED", "CANCELLED", "CANCELED"})


class Order(Reply):
    """An order as it was accepted, or as a list shows it. `account_id` None is the main account.

    status: PENDING_NEW, NEW, PARTIALLY_FILLED, FILLED, EXPIRED, REJECTED, PENDING_CANCEL, CANCELLED; more are
    tolerated (`CANCELED` was seen).
    """

    order_id: str
    status: str
    client_order_id: str | None = None
    client_id: str | None = None
    account_id: str | None = None
    status_is_final: bool | None = None
    currency1: str
    currency2: str
    side: str
    order_type: str
    time_in_force: str | None = None
    comment: str | None = None
    price: Maybe = None
    stop_price: Maybe = None
    average_price: Maybe = None
    requested_amount_ccy1: Maybe = None
    requested_amount_ccy2: Maybe = None
    executed_amount_ccy1: Maybe = None
    executed_amount_ccy2: Maybe = None
    initial_on_hold_amount_ccy1: Maybe = None
    initial_on_hold_amount_ccy2: Maybe = None
    fee_amount: Maybe = None
    fee_currency: str | None = None
    execution_type: str | None = None
    execution_id: str | None = None
    reject_code: int | None = None
    reject_reason: str | None = None
    client_create_timestamp: Moment | None = None
    server_create_timestamp: Moment | None = None
    last_update_timestamp: Moment | None = None
    transact_time: Moment | None = None
    expire_time: Moment | None = None
    effective_time: Moment | None = None

    @property
    def pair(self) -> str:
        """Such as `BTC-USD`."""
        return f"{self.currency1}-{self.currency2}"

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in FINAL if self.status_is_final is None else self.status_is_final


class CancelAcknowledged(Reply):
    """The exchange took note of a wish to cancel, no more: it says so of an order that is filled or was never
    placed, too. Whether it is cancelled, `get_my_orders` tells. It has no truth value, on purpose."""

    cancel_request_id: str
    order_id: int | None = None
    client_order_id: str | None = None

    def __bool__(self) -> NoReturn:
        raise TypeError("an acknowledged cancel says nothing about the order: ask get_my_orders")


class AllCancelled(Reply):
    """The client order ids of what was open and is being cancelled."""

    client_order_ids: tuple[str, ...]
