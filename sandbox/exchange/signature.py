"""How a Spot request is signed, from the exchange's side.

REST: Base64 of HMAC-SHA256 over action + timestamp + body as sent, no separator. WebSocket: lowercase
hex over timestamp + key. The secret's text is the HMAC key; it is not decoded, whatever it looks like.
"""

from __future__ import annotations

import base64
import hashlib
import hmac


def rest_signature(secret: str, action: str, timestamp: str, body: bytes) -> str:
    text = action.encode() + timestamp.encode() + body
    return base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode()


def ws_signature(secret: str, timestamp: str, key: str) -> str:
    return hmac.new(secret.encode(), f"{timestamp}{key}".encode(), hashlib.sha256).hexdigest()


def matches(expected: str, given: str) -> bool:
    """Compare in constant time; a given text that is not ASCII never matches."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))
