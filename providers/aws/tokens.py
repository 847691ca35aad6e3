"""Client tokens: what makes AWS answer a repeated create with the object of the first.

A token is a hash of the owner, all parameters and a generation. All parameters, since AWS refuses a known
token with others; a generation, since a plain owner token would bring back yesterday's terminated machine.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def client_token(owner: str, parameters: Any, generation: int = 0) -> str:
    """64 hex characters, the most that EC2 and Secrets Manager take; `parameters` is any JSON value."""
    text = json.dumps([owner, parameters, generation], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
