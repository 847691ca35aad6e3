"""The plan of requests that proves what a key may do, with nothing traded and nothing moved.

Order of one pass from the host, and what each request proves (points of 200 a minute):

    clock           0  public time: rules out clock skew before anything is signed
    key-check       5  current fee of one pair: key, signature, activation, address and Read at once
    balance         5  account status: Account balance
    orders          5  one row of the order list: Open orders
    place           1  an order that cannot be accepted: Place order
    cancel          1  cancel of that same client order id: Cancel order
    funds-wallet    1  a withdrawal to the Wallet that cannot be valid: Funds Wallet
    funds-internal  1  a transfer that cannot be valid: Funds Internal
    websocket       1  login over WebSocket: tells four causes of a refusal apart, and shows at the
                       end of the pass that the key was good all along (its cost is not documented)
    wrong-signature 1  the same login, signed wrongly on purpose, only where the key check was refused:
                       an exchange that tells the signature is wrong does know the key
    public          0  public time again: the exchange was there to the end

Order and funds are asked only after a key check that was accepted: with a key that is refused they
would prove nothing. `cancel` is asked always: it harms nothing, and tells a key that lacks Read from
one that is refused altogether. The order cannot be accepted for three reasons at once: its own time
is hours old (424), its amount is far below the pair's minimum (414), and its price is far below any
market. `cancel` names the same client order id, so that if the exchange accepted it all the same, the
very next request takes it back. Only if the order was answered by anything but a rejection, one more
command is sent (`aftermath_plan`): the cancel again, then a look for that order among the open ones
and in the archive, 11 points. Never used: cancel of all orders, an order refused for want of funds
(it stays in the archive), `do_create_account` (it writes).

Does not send (see `vantage` and `host/probe.py`) and does not judge (see `verdicts`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Channel = Literal["private", "public", "websocket"]

CLOCK = "clock"
KEY_CHECK = "key-check"
BALANCE = "balance"
ORDERS = "orders"
PLACE = "place"
CANCEL = "cancel"
FUNDS_WALLET_PROBE = "funds-wallet"
FUNDS_INTERNAL_PROBE = "funds-internal"
WEBSOCKET = "websocket"
WRONG_SIGNATURE = "wrong-signature"
PUBLIC = "public"
CANCEL_AGAIN = "cancel-again"
RESTING = "resting"
ARCHIVED = "archived"

POINTS: dict[str, int] = {
    "get_my_current_fee": 5,
    "get_my_account_status_v3": 5,
    "get_my_orders": 5,
    "do_my_new_order": 1,
    "do_cancel_my_order": 1,
    "do_withdrawal_funds_to_wallet": 1,
    "do_my_internal_transfer": 1,
    "auth": 1,
    "get_server_time": 0,
}
"""Rate points of each action that a plan uses, counted per key (public calls count per address)."""

NOW_MS = '"$NOW_MS"'
"""Stands in a body for the sender's time in milliseconds: a host may answer long after planning."""

HOURS_OLD_MS = 12 * 3600 * 1000
FAR_PRICE = "0.00000001"
TINY_AMOUNT = "0.00000001"
SPOILT = "wrong signature"
"""The body of a login that is to be signed wrongly."""


class Probe(BaseModel):
    """One request of a plan. `body` is the exact text to send, but for `NOW_MS`.

    after: sent only where the plan's first private request was answered 200 and ok (`accepted`), or only
    where it was answered otherwise or not at all (`refused`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=40)
    channel: Channel
    action: str = Field(pattern=r"^[a-z0-9_]+$", max_length=60)
    body: str = Field(max_length=2000)
    after: Literal["accepted", "refused"] | None = None


def probe_plan(
    account_id: str | None, pair: str, now_ms: int, nonce: str, price: str = FAR_PRICE
) -> list[Probe]:
    """The full pass, for the host.

    account_id: sub-account that places orders; without one no order is probed. pair: `BTC-USD`.
    now_ms: Unix milliseconds. nonce: unique per pass, makes the client order id. price: the lowest
    price that the pair allows, where it is known.
    """
    base, _, quote = pair.partition("-")
    order_id = f"probe-{nonce}"
    place = (
        []
        if not account_id
        else [
            _probe(
                PLACE,
                "private",
                "do_my_new_order",
                {
                    "accountId": account_id,
                    "clientOrderId": order_id,
                    "currency1": base,
                    "currency2": quote,
                    "side": "BUY",
                    "orderType": "Limit",
                    "timeInForce": "IOC",
                    "amountCcy1": TINY_AMOUNT,
                    "price": price,
                    "timestamp": now_ms - HOURS_OLD_MS,
                },
                after="accepted",
            )
        ]
    )
    accounts: dict[str, object] = {"accountIds": [account_id]} if account_id else {}
    return [
        _clock(),
        key_check(pair),
        _probe(BALANCE, "private", "get_my_account_status_v3", accounts),
        _orders(),
        *place,
        _probe(CANCEL, "private", "do_cancel_my_order", {
            "clientOrderId": order_id,
            "cancelRequestId": f"cancel-{nonce}",
            "timestamp": "$NOW_MS",
        }),
        _probe(FUNDS_WALLET_PROBE, "private", "do_withdrawal_funds_to_wallet", {
            "accountId": f"none-{nonce}",
            "currency": "XXX",
            "amount": "0.00000002",
            "clientTxId": f"wallet-{nonce}",
        }, after="accepted"),
        _probe(FUNDS_INTERNAL_PROBE, "private", "do_my_internal_transfer", {
            "fromAccountId": f"none-{nonce}",
            "toAccountId": f"none-{nonce}",
            "currency": "ABC",
            "amount": "-10",
            "clientTxId": f"internal-{nonce}",
        }, after="accepted"),
        _login(),
        Probe(name=WRONG_SIGNATURE, channel="websocket", action="auth", body=SPOILT, after="refused"),
        _public(),
    ]  # fmt: skip


def elsewhere_plan(pair: str) -> list[Probe]:
    """From an address that is not on the whitelist. The private calls are byte for byte the host's."""
    return [_clock(), key_check(pair), _orders(), _login(), _public()]


def recheck_plan(pair: str) -> list[Probe]:
    """The host's second answer, after the one from elsewhere: the key was good all along."""
    return [_clock(), key_check(pair), _login(), _public()]


def aftermath_plan(plan: Sequence[Probe], now_ms: int) -> list[Probe]:
    """After an order probe that was not plainly rejected: cancel it once more, then look where it is."""
    order = json.loads(next(probe.body for probe in plan if probe.name == PLACE))["clientOrderId"]
    found = {"clientOrderId": order, "pageSize": 10}
    return [
        _probe(CANCEL_AGAIN, "private", "do_cancel_my_order", {
            "clientOrderId": order,
            "cancelRequestId": f"again-{order}",
            "timestamp": "$NOW_MS",
        }),
        _probe(RESTING, "private", "get_my_orders", found),
        _probe(ARCHIVED, "private", "get_my_orders", {
            **found,
            "archived": True,
            "serverCreateTimestampFrom": now_ms - 2 * HOURS_OLD_MS,
        }),
    ]  # fmt: skip


def key_check(pair: str) -> Probe:
    """The one private read that every vantage asks, so that answers can be compared."""
    return _probe(KEY_CHECK, "private", "get_my_current_fee", {"pairs": [pair]})


def points(plan: Sequence[Probe]) -> int:
    """Rate points of the key that a plan uses at most."""
    return sum(POINTS[probe.action] for probe in plan if probe.channel != "public")


def _clock() -> Probe:
    return _probe(CLOCK, "public", "get_server_time", {})


def _public() -> Probe:
    return _probe(PUBLIC, "public", "get_server_time", {})


def _orders() -> Probe:
    return _probe(ORDERS, "private", "get_my_orders", {"pageSize": 1})


def _login() -> Probe:
    return Probe(name=WEBSOCKET, channel="websocket", action="auth", body="")


def _probe(
    name: str,
    channel: Channel,
    action: str,
    body: dict[str, object],
    after: Literal["accepted", "refused"] | None = None,
) -> Probe:
    text = json.dumps(body, separators=(",", ":"))
    return Probe(name=name, channel=channel, action=action, body=text, after=after)
