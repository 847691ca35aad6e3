"""Words on a command line that more than one command takes, each checked before anything is sent.

Raises UsageError, whose text begins with the option.
"""

from __future__ import annotations

import ipaddress
import re
import socket

from cexio.commands.outcome import UsageError


def pair(text: str) -> str:
    """--pair: two currencies as the exchange writes them."""
    if not re.fullmatch(r"[A-Z0-9]{2,12}-[A-Z0-9]{2,12}", text):
        raise UsageError("--pair: give it as BASE-QUOTE in capitals, such as BTC-USD")
    return text


def account(text: str) -> str:
    """--account: a sub-account's name."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", text):
        raise UsageError("--account: a sub-account's name has Latin letters, digits, _ and - only")
    return text


def own_address(text: str, option: str) -> str:
    """An IPv4 address that this machine has, to send from."""
    try:
        address = str(ipaddress.IPv4Address(text))
        with socket.socket(socket.AF_INET) as trial:
            trial.bind((address, 0))
    except ValueError:
        raise UsageError(f"{option}: give an IPv4 address of this machine") from None
    except OSError:
        raise UsageError(f"{option}: this machine has no address {address}: give one of its own") from None
    return address
