"""Both clients for one test: the asynchronous one is driven as if it blocked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cexio.async_client import AsyncSpotClient
from cexio.budget import Budgets
from cexio.client import SpotClient


class Driven:
    """Every coroutine of an AsyncSpotClient, run to its end."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncSpotClient(*args, **settings)

    def __enter__(self) -> Driven:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return lambda *args, **words: self._loop.run_until_complete(method(*args, **words))


def blocking(*args: Any, **settings: Any) -> Any:
    """With budgets of its own, and without waiting."""
    return SpotClient(*args, **{"sleep": lambda _seconds: None, "budgets": Budgets(), **settings})


def awaiting(*args: Any, **settings: Any) -> Any:
    """The same of the other client; `sleep` may be a plain function here, too."""
    sleep = settings.pop("sleep", None)

    async def slept(seconds: float) -> None:
        if sleep is not None:
            sleep(seconds)

    return Driven(*args, **{"sleep": slept, "budgets": Budgets(), **settings})


BOTH = pytest.mark.parametrize("make", [blocking, awaiting])
