"""What an action is: a name, a cost in points, a permission, a reader of parameters and the doing itself.

The reader knows nothing of the account (so it can run before or after the permission check, as a switch
says); `perform` gets what the reader answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.exchange.accounts import Account
from sandbox.exchange.errors import UnknownAccount
from sandbox.exchange.exchange import Event, Exchange
from sandbox.exchange.parameters import Params
from sandbox.exchange.permissions import Permission
from sandbox.exchange.switches import Maintenance


@dataclass
class Call:
    """One request that was let in. `account` is None on the public path."""

    exchange: Exchange
    account: Account | None
    now: int
    events: list[Event] = field(default_factory=list)

    @property
    def client(self) -> Account:
        """The account of a private call."""
        assert self.account is not None
        return self.account

    def check_account(self, name: str) -> None:
        """Raises UnknownAccount where the client has no sub-account of that name."""
        if name not in self.client.spot:
            raise UnknownAccount(self.exchange.switches.reply("unknown_account"), name)


@dataclass(frozen=True)
class Action:
    name: str
    cost: int
    read: Callable[[Params], Any]
    perform: Callable[[Call, Any], Any]
    permission: Permission = Permission.READ
    writes: bool = False
    maintenance: Maintenance | None = None


def nothing(_params: Params) -> None:
    """The reader of an action that takes no parameters."""


def by_name(actions: Iterable[Action]) -> dict[str, Action]:
    return {action.name: action for action in actions}
