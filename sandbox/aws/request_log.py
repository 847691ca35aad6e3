"""Writes a line for every AWS call, so that calls can be counted and what AWS was told can be searched.

A line is JSON: at, service, operation, access_key, source, status, ms, parameters. Of calls to Secrets
Manager only the names in SAFE_SECRET_PARAMETERS are kept; answers are never kept.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

SAFE_SECRET_PARAMETERS = frozenset(
    (
        "SecretId",
        "Name",
        "VersionId",
        "VersionStage",
        "VersionStages",
        "MoveToVersionId",
        "RemoveFromVersionId",
    )
)

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class RequestLog:
    """WSGI middleware around the AWS application."""

    def __init__(self, application: Application, path: Path) -> None:
        self._application = application
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        # For the check of signatures: reading a form uses the stream up.
        environ["sandbox.body"] = body
        began, at = time.perf_counter(), datetime.now(timezone.utc)
        statuses: list[str] = []

        def noting(status: str, headers: Any, exc_info: Any = None) -> Any:
            statuses.append(status)
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            return self._application(environ, noting)
        finally:
            line = {
                "at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
                **describe(environ, body),
                "source": environ.get("REMOTE_ADDR"),
                "status": int(statuses[-1].split()[0]) if statuses else 500,
                "ms": round((time.perf_counter() - began) * 1000, 1),
            }
            with self._lock:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()


def describe(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Service, operation, access key and loggable parameters of a request."""
    access_key, service = _scope(environ.get("HTTP_AUTHORIZATION", ""))
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    parameters: dict[str, Any]
    if target:
        operation = target.rpartition(".")[2]
        parameters = _json(body)
    else:
        parameters = dict(parse_qsl(body.decode(errors="replace") or environ.get("QUERY_STRING", "")))
        operation = parameters.pop("Action", f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}")
        parameters.pop("Version", None)
    if service == "secretsmanager" or target.startswith("secretsmanager."):
        parameters = {name: value for name, value in parameters.items() if name in SAFE_SECRET_PARAMETERS}
    return {"service": service, "operation": operation, "access_key": access_key, "parameters": parameters}


def _scope(authorization: str) -> tuple[str | None, str | None]:
    _, _, rest = authorization.partition("Credential=")
    parts = rest.split(",")[0].split("/")
    return (parts[0], parts[3]) if len(parts) >= 5 else (None, None)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
