"""The sandbox's own pages beside AWS's calls: health, what is recorded, skipping time ahead, being late."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from sandbox.aws.cloud import Cloud
from sandbox.aws.recorded import recorded
from sandbox.aws.request_log import RequestLog


class Front:
    """WSGI application: `/_sandbox/…` is answered here and not logged, everything else is AWS."""

    def __init__(self, cloud: Cloud, aws: RequestLog) -> None:
        self._cloud = cloud
        self._aws = aws

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/_sandbox/"):
            return self._aws(environ, start_response)
        answer = self._own(environ["REQUEST_METHOD"], path, parse_qs(environ.get("QUERY_STRING", "")))
        body = json.dumps(answer, default=str).encode()
        start_response(
            "404 Not Found" if answer is None else "200 OK",
            [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
        )
        return [body]

    def _own(self, method: str, path: str, query: dict[str, list[str]]) -> dict[str, Any] | None:
        if (method, path) == ("GET", "/_sandbox/health"):
            return {"world": self._cloud.world}
        with self._cloud.turn:
            self._cloud.agenda.settle()
            if (method, path) == ("GET", "/_sandbox/recorded"):
                return recorded(self._cloud, self._aws.path)
            if (method, path) == ("POST", "/_sandbox/forward"):
                self._cloud.clock.forward(float(query.get("seconds", ["0"])[0]))
                self._cloud.agenda.settle()
                return {"world": self._cloud.world}
            if (method, path) == ("POST", "/_sandbox/quota"):
                self._cloud.quotas.raised[query["code"][0]] = float(query["value"][0])
                return dict(self._cloud.quotas.raised)
            if (method, path) == ("POST", "/_sandbox/visibility"):
                seconds = float(query.get("seconds", ["0"])[0])
                listing = float(query.get("listing", ["0"])[0])
                self._cloud.visibility.be_late_by(seconds, query.get("seed", [""])[0], listing)
                return {"seconds": seconds}
        return None
