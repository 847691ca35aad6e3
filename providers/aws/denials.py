"""What EC2 hides in its encoded message: the action and the resource that were refused.

Decoding takes sts:DecodeAuthorizationMessage. Where that is refused too, nothing is known and nothing is
made up.
"""

from __future__ import annotations

import json
import re
from typing import Any

ENCODED = re.compile(r"Encoded authorization failure message:\s*(\S+)")


def denied(message: str, sts: Any) -> dict[str, Any] | None:
    """`action`, `resource` and whether a policy says no in so many words; None where that cannot be told."""
    found = ENCODED.search(message)
    if found is None:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        text = sts().decode_authorization_message(EncodedMessage=found[1])["DecodedMessage"]
        decoded = json.loads(text)
        context = decoded["context"]
        return {
            "action": str(context["action"]),
            "resource": str(context.get("resource", "")),
            "explicit": bool(decoded.get("explicitDeny")),
        }
    except (BotoCoreError, ClientError, ValueError, KeyError, TypeError):
        return None
