"""Asking a server of the sandbox which world it belongs to."""

from __future__ import annotations

import http.client
import json

LOOPBACK = "127.0.0.1"


def said_world(port: int, path: str, seconds: float) -> str | None:
    """The world id that the server on `port` says within `seconds`; None without such an answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = json.loads(answer.read(10_000))
        return str(said["world"]) if answer.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return None
    except (ValueError, KeyError, TypeError):
        return ""  # somebody answers, but no server of ours
    finally:
        connection.close()
