"""One request to the sandbox's exchange from a chosen source address, signed or public.

Only what the product API offers; nothing is retried, and no proxy is used.
"""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from sandbox.exchange.signature import rest_signature


class CallError(Exception):
    """No answer came, or the key to sign with cannot be read: one line."""


@dataclass(frozen=True)
class Credentials:
    key: str
    secret: str = field(repr=False)


def read_key_file(path: Path) -> Credentials:
    """The credentials in a JSON file `{"key", "secret"}`. Raises CallError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(str(found["key"]), str(found["secret"]))
    except OSError as fault:
        raise CallError(f"key file {path}: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise CallError(f'key file {path}: is not JSON with "key" and "secret"') from None


def send(
    base_url: str, source: str, action: str, body: str, credentials: Credentials | None, timeout: float = 60
) -> tuple[int, str]:
    """Status and body of the answer; public without credentials. Raises CallError."""
    address = urlsplit(base_url)
    raw = body.encode()
    headers = {"Content-Type": "application/json"}
    path = "rest-public"
    if credentials is not None:
        path, timestamp = "rest", str(int(time.time()))
        headers |= {
            "X-AGGR-KEY": credentials.key,
            "X-AGGR-TIMESTAMP": timestamp,
            "X-AGGR-SIGNATURE": rest_signature(credentials.secret, action, timestamp, raw),
        }
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=timeout, source_address=(source, 0)
    )
    try:
        connection.request("POST", f"/api/spot/{path}/{quote(action, safe='')}", raw, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as fault:
        raise CallError(f"no answer to {action} from {source}: {fault}") from None
    finally:
        connection.close()
