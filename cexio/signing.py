"""Signatures of the Spot Trading API (REST and WebSocket).

Signed text is action + timestamp + body without separators; the HMAC key is the secret's own
text. The reference's prose says that the secret is Base64-decoded first; its sample and every
client do not, and neither does this. Source: https://trade.cex.io/docs, official Node client.
Does not send anything and keeps no clock: callers give the time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cexio.credentials import Credentials


def rest_signature(secret: str, action: str, timestamp: int, body: bytes) -> str:
    """Base64 HMAC-SHA256 over action + timestamp (Unix seconds) + the very bytes that are sent."""
    text = action.encode() + str(timestamp).encode() + body
    return base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode()


def websocket_signature(secret: str, timestamp: int, key: str) -> str:
    """Lowercase hex HMAC-SHA256 over timestamp (Unix seconds) + key."""
    return hmac.digest(secret.encode(), f"{timestamp}{key}".encode(), hashlib.sha256).hex()


def rest_headers(credentials: Credentials, action: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The four headers of a private call."""
    return {
        "X-AGGR-KEY": credentials.key.get_secret_value(),
        "X-AGGR-TIMESTAMP": str(timestamp),
        "X-AGGR-SIGNATURE": rest_signature(credentials.secret.get_secret_value(), action, timestamp, body),
        "Content-Type": "application/json",
    }
