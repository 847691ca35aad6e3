"""One call of an action, described but not made; and how one description serves both clients.

`@action` turns a function that describes a call into a method that makes it: at once on a blocking
client, as a coroutine on an asynchronous one, with the same parameters and the same answer type. So
every action is written once. Parameters that are None are left out of the body.
"""

from __future__ import annotations

import functools
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, overload

from pydantic import TypeAdapter

from cexio.errors import InvalidRequestError
from cexio.wire import Channel

P = ParamSpec("P")
T = TypeVar("T")

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}

Amount = Decimal | str | int
"""What an amount or a price may be given as. A float is refused: 0.1 is not 0.1 there."""


class _Stamp(Enum):
    NOW = "now"


NOW: Final = _Stamp.NOW
"""Stands for the exchange's time in milliseconds at the moment of sending."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """An action, its parameters, and what makes its answer out of `data`.

    exact: numbers with a fraction reach `read` as Decimal, digit for digit.
    """

    channel: Channel
    action: str
    params: Mapping[str, Any]
    read: Callable[[Any], T]
    exact: bool = True

    @property
    def writes(self) -> bool:
        """Whether it changes anything at the exchange: such a call is sent once and never again."""
        return not self.action.startswith("get_")

    def body(self, now: float) -> bytes:
        """The parameters as the bytes to sign and send."""
        if not re.fullmatch(r"[a-z0-9_]{1,60}", self.action):
            raise InvalidRequestError(f"action {self.action[:60]!r} is not a name of the reference's form")
        said = {name: value for name, value in self.params.items() if value is not None}
        told = {name: int(now * 1000) if value is NOW else value for name, value in said.items()}
        try:
            return json.dumps(told, separators=(",", ":"), allow_nan=False, default=_as_text).encode()
        except (TypeError, ValueError):
            raise InvalidRequestError(f"{self.action}: a parameter cannot be written as JSON") from None


class Blocking(ABC):
    """A client whose methods return answers."""

    @abstractmethod
    def run(self, call: Call[T]) -> T:
        """Makes the call. Raises the error tree."""


class Awaiting(ABC):
    """A client whose methods are coroutines."""

    @abstractmethod
    async def run(self, call: Call[T]) -> T:
        """Makes the call. Raises the error tree."""


class action(Generic[P, T]):  # noqa: N801 - a decorator, named as one
    """A method that makes the call which the function under it describes."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], Call[T]]: ...

    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> Callable[..., Any]:
        if client is None:
            return self._describe
        described = self._describe.__get__(client, owner)

        @functools.wraps(described)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.run(described(*args, **kwargs))

        return method


def typed(kind: type[T]) -> Callable[[Any], T]:
    """Reads `data` into a type of `cexio.answers` (built when it is first needed)."""

    def read(data: Any) -> T:
        if kind not in _ADAPTERS:
            _ADAPTERS[kind] = TypeAdapter(kind)
        answer: T = _ADAPTERS[kind].validate_python(data)
        return answer

    return read


def amount_text(name: str, value: Amount | None) -> str | None:
    """An amount as it is sent: plain digits. Raises InvalidRequestError for what is no finite number."""
    if value is None:
        return None
    if isinstance(value, (float, bool)):
        raise InvalidRequestError(f"{name}: give it as Decimal or text, not as {type(value).__name__}")
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise InvalidRequestError(f"{name}: is not a number: give it as Decimal or text") from None
    if not number.is_finite() or abs(number.adjusted()) > 40:
        raise InvalidRequestError(f"{name}: must be finite and of a sane size")
    return f"{number:f}"


def names(name: str, values: Sequence[str] | None) -> list[str] | None:
    """A list of texts. A lone text is refused: its letters would be taken for names."""
    if isinstance(values, str):
        raise InvalidRequestError(f"{name}: give a list of texts, not one text")
    return None if values is None else list(values)


def _as_text(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    raise TypeError
