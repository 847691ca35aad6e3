"""What an account holds: keys, mailbox, balances, orders, and the book of what moved.

Plain records that the store writes and reads; the rules that change them are elsewhere.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.exchange.permissions import Permission

KeyStatus = Literal["created", "active", "deactivated"]
OrderStatus = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "EXPIRED", "REJECTED", "CANCELLED"]
ACTIVE: frozenset[OrderStatus] = frozenset({"NEW", "PARTIALLY_FILLED"})
KEYS_PER_ACCOUNT = 5
ACCOUNTS_PER_CLIENT = 5  # the main account among them


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, validate_assignment=False)


class Activation(Record):
    """The code that was mailed, and until when it is good (ms)."""

    code: str
    expires_at: int


class ApiKey(Record):
    """A key as the exchange keeps it. `secret` leaves in the answer to its creation and never again."""

    key: str
    secret: str = Field(repr=False)
    label: str
    permissions: list[Permission]
    addresses: list[str]
    status: KeyStatus = "created"
    created_at: int
    updated_at: int
    activation: Activation | None = None
    used: bool = False  # whether a request was ever let in with it


class Mail(Record):
    """A mail; `key` and `code` are what its activation link carries."""

    at: int
    subject: str
    text: str
    key: str = ""
    code: str = ""


class TwoFactor(Record):
    """The secret that the phone shares with the exchange, and the last time step that was used."""

    secret: str = Field(repr=False)
    on: bool = False
    used_step: int = 0


class Balance(Record):
    total: Decimal = Decimal(0)
    on_hold: Decimal = Decimal(0)

    @property
    def free(self) -> Decimal:
        return self.total - self.on_hold


class Order(Record):
    order_id: int
    client_order_id: str
    account_id: str
    currency1: str
    currency2: str
    side: Literal["BUY", "SELL"]
    order_type: Literal["Limit", "Market", "Stop Limit"]
    time_in_force: Literal["GTC", "GTD", "IOC", "FOK"]
    amount1: Decimal | None
    amount2: Decimal | None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    triggered: bool = True
    expire_time: int | None = None
    comment: str | None = None
    status: OrderStatus = "NEW"
    executed1: Decimal = Decimal(0)
    executed2: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    initially_held: Decimal = Decimal(0)
    reject_code: int | None = None
    reject_reason: str | None = None
    client_time: int
    server_time: int
    updated_at: int

    @property
    def pair(self) -> str:
        return f"{self.currency1}-{self.currency2}"

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def held_currency(self) -> str:
        return self.currency2 if self.side == "BUY" else self.currency1


class Transaction(Record):
    transaction_id: int
    at: int
    account_id: str
    type: Literal["trade", "commission", "deposit", "withdraw", "internalTransfer"]
    amount: Decimal
    details: str
    currency: str


class Funding(Record):
    """A transfer between the Wallet and a Spot account."""

    tx_id: int
    client_tx_id: str
    account_id: str
    currency: str
    direction: Literal["deposit", "withdraw"]
    amount: Decimal
    at: int


def _main_alone() -> dict[str, dict[str, Balance]]:
    return {"": {}}


class Account(Record):
    """One client of the exchange. `spot` is by sub-account name, the main account is the empty name."""

    name: str
    keys: list[ApiKey] = Field(default_factory=list)
    mailbox: list[Mail] = Field(default_factory=list)
    two_factor: TwoFactor | None = None
    wallet: dict[str, Decimal] = Field(default_factory=dict)
    spot: dict[str, dict[str, Balance]] = Field(default_factory=_main_alone)
    orders: list[Order] = Field(default_factory=list)
    transactions: list[Transaction] = Field(default_factory=list)
    fundings: list[Funding] = Field(default_factory=list)
    internal_transfers: dict[str, int] = Field(default_factory=dict)

    @property
    def client_id(self) -> str:
        return f"up{self.name}"

    def key(self, key: str) -> ApiKey | None:
        return next((each for each in self.keys if each.key == key), None)

    def balance(self, account_id: str, currency: str) -> Balance:
        """The balance of a currency of a sub-account, made empty when missing."""
        return self.spot.setdefault(account_id, {}).setdefault(currency, Balance())
