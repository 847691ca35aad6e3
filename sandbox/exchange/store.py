"""The exchange's memory on disk: one file an account, the switches, the world it belongs to.

Every file is for its owner alone (0600) and replaced whole, so a server killed at any moment finds the
last finished change. No fsync: a power cut ends the sandbox anyway. A change that cannot be written is
undone in memory too.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sandbox.exchange.accounts import Account
from sandbox.exchange.errors import StoreFault
from sandbox.exchange.switches import Switches

_Model = TypeVar("_Model", bound=BaseModel)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step, readable by its owner alone; OSError when it cannot be."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


class Store:
    """Accounts and switches of one world, below one directory."""

    def __init__(self, directory: Path, world: str) -> None:
        """Open or make the store. Raises StoreFault when it is another world's or cannot be read."""
        self.directory = directory
        self.world = world
        self._accounts_directory = directory / "accounts"
        self._accounts_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.chmod(0o700)
        self._claim()
        token_file = directory / "control.token"
        if not token_file.exists():
            write_private(token_file, secrets.token_urlsafe(32))
        self.control_token = token_file.read_text(encoding="utf-8").strip()
        switches_file = directory / "switches.json"
        self.switches = _read(switches_file, Switches) if switches_file.exists() else Switches()
        files = sorted(self._accounts_directory.glob("[!.]*.json"))
        self.accounts = {path.stem: _read(path, Account) for path in files}
        self._owners = {key.key: name for name, account in self.accounts.items() for key in account.keys}
        self._last_id = max(
            (each for account in self.accounts.values() for each in _ids(account)), default=1_000_000
        )

    @property
    def intact(self) -> bool:
        """False once somebody removed the store from under the server."""
        return self._world_file.exists()

    @property
    def request_log(self) -> Path:
        return self.directory / "requests.jsonl"

    @property
    def _world_file(self) -> Path:
        return self.directory / "world.json"

    def next_id(self) -> int:
        """A number never given before in this store: orders, transactions and transfers share it."""
        self._last_id += 1
        return self._last_id

    def account(self, name: str) -> Account | None:
        return self.accounts.get(name)

    def owner_of(self, key: str) -> Account | None:
        """The account that the API key belongs to."""
        name = self._owners.get(key)
        return None if name is None else self.accounts[name]

    def add_account(self, name: str) -> Account:
        """A new account of that name. Raises ValueError for a name that is no file name."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"account {name[:60]!r}: letters, digits, _ and - only, 1 to 40 of them")
        self.accounts[name] = Account(name=name)
        return self.accounts[name]

    @contextlib.contextmanager
    def change(self, account: Account) -> Iterator[Account]:
        """Change an account within the block: written when it ends, as it was before when it fails."""
        try:
            yield account
            write_private(self._file(account.name), account.model_dump_json())
        except BaseException:
            self._restore(account.name)
            raise
        finally:
            self._owners = {key.key: each.name for each in self.accounts.values() for key in each.keys}

    def set_switches(self, switches: Switches) -> None:
        write_private(self.directory / "switches.json", switches.model_dump_json())
        self.switches = switches

    def _restore(self, name: str) -> None:
        file = self._file(name)
        if file.exists():
            self.accounts[name] = _read(file, Account)
        else:
            self.accounts.pop(name, None)

    def _file(self, name: str) -> Path:
        return self._accounts_directory / f"{name}.json"

    def _claim(self) -> None:
        if self._world_file.exists():
            found = json.loads(self._world_file.read_text(encoding="utf-8")).get("world")
            if found != self.world:
                raise StoreFault(f"{self.directory} holds the exchange of another world: remove it first")
        else:
            write_private(self._world_file, json.dumps({"world": self.world}))


def _ids(account: Account) -> Iterator[int]:
    yield from (order.order_id for order in account.orders)
    yield from (transaction.transaction_id for transaction in account.transactions)
    yield from (funding.tx_id for funding in account.fundings)
    yield from account.internal_transfers.values()


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as fault:
        field = ".".join(str(part) for part in fault.errors()[0]["loc"]) or "the file"
        raise StoreFault(f"{path}: {field} is not what this server writes: remove the store") from None
