"""Every request and its reply, one JSON object a line, so that tests can prove what a client never did.

Holds no secret and no signature: of the headers only the key is kept, and of a WebSocket `auth` frame
only key and timestamp.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


class RequestLog:
    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, **entry: Any) -> None:
        """Append one entry: `channel`, `source`, `action`, `key`, `body`, `status`, `reply`, `points`."""
        stamped = {"at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), **entry}
        line = json.dumps(stamped, default=str) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(line)
