"""The exchange CEX.IO (Spot Trading API): signing, clients, probes and verdicts.

Knows nothing of Pulumi or AWS. The names in `__all__` are what a program outside needs; each is imported
when it is first asked for, so that a program that needs one part pays for that part alone:

    permissions   the guide's four permissions and the Spot levels, both ways
    guide_steps   the guide's six steps, with the values to type in
    credentials   key and secret, shape-checked, never printed
    offered_key   the key that is offered in a file or the environment
    signing       the signature of REST and WebSocket
    urls          the exchange's base URL, and what is named instead of it, checked
    errors        the error tree, by cause; `failures` picks from it
    causes        what an answer means: a table of documented texts (causes.json)
    next_steps    what each cause means and what to do next
    commands      those of `python -m cexio`: check, explain, steps
    client        every action as a typed method, blocking; `async_client` the same for asyncio
    call          how an action is written once for both; `actions` has them all, `answers` their models
    core          what both clients do with a call, sans I/O; `clock` and `budget` belong to it
    wire          requests and answers; `transport` (with its `deadline`) and `async_transport` send them
    websocket     one private login over WebSocket: the diagnosis that tells four causes apart
    probes        the plan of requests that proves a key without trading or moving anything
    measurement   answers to a plan, as taken from here or reported by the host's program
    vantage       runs a plan from this process
    judgement     the models of a verdict
    findings      each permission and the whitelist, from single answers
    diagnosis     why a key check did not succeed: the one thing at fault
    refusal       a verdict that promotes nothing, with its line
    order_alarm   what became of an order probe that was not rejected
    verdicts      `judge`: measurements in, verdict out; pure
    proving       one key proven from two places: host, here, host
    sub_account   what a balance answer says of one sub-account, amounts aside
    countries     whose visitors the exchange turns away
    readiness     the checklist of the account, from evidence and statements; pure
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cexio.actions.orders import ALL_ACCOUNTS
    from cexio.async_client import AsyncSpotClient
    from cexio.budget import Budgets
    from cexio.client import SpotClient
    from cexio.credentials import Credentials
    from cexio.errors import (
        ActivationError,
        AddressError,
        BusinessError,
        CexioError,
        ClockError,
        CredentialsError,
        ExchangeFaultError,
        InvalidRequestError,
        OfferedKeyError,
        OrderRejectedError,
        PermissionMissingError,
        RateLimitError,
        SignatureError,
        TransferRejectedError,
        TransportError,
        UnclearAnswerError,
        UnknownKeyError,
        UnknownPermissionError,
        WrongKindOfKeyError,
    )

__all__ = [
    "ALL_ACCOUNTS",
    "ActivationError",
    "AddressError",
    "AsyncSpotClient",
    "Budgets",
    "BusinessError",
    "CexioError",
    "ClockError",
    "Credentials",
    "CredentialsError",
    "ExchangeFaultError",
    "InvalidRequestError",
    "OfferedKeyError",
    "OrderRejectedError",
    "PermissionMissingError",
    "RateLimitError",
    "SignatureError",
    "SpotClient",
    "TransferRejectedError",
    "TransportError",
    "UnclearAnswerError",
    "UnknownKeyError",
    "UnknownPermissionError",
    "WrongKindOfKeyError",
]

_HOME = {
    "ALL_ACCOUNTS": "actions.orders",
    "AsyncSpotClient": "async_client",
    "Budgets": "budget",
    "Credentials": "credentials",
    "SpotClient": "client",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'errors')}"), name)
