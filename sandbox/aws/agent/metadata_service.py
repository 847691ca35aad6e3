"""The instance metadata service, version 2, of one instance, on a loopback port of its own.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
Serves what hosts of this project ask for: token, identity of the instance, its role's credentials. The hop
limit is not acted upon: there are no hops.
"""

from __future__ import annotations

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

TOKEN_HEADER = "X-aws-ec2-metadata-token"  # noqa: S105  the name of a header
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
CREDENTIALS = "meta-data/iam/security-credentials/"


class Facts(Protocol):
    """What an instance can be told about itself."""

    def settings(self) -> tuple[bool, bool]:
        """Whether the endpoint is enabled, and whether a token is required."""

    def identity(self) -> dict[str, str]:
        """Paths below /latest/ and their texts."""

    def role_name(self) -> str | None: ...

    def credentials(self) -> dict[str, str]:
        """The JSON document of the role's temporary credentials."""

    def now(self) -> float: ...


class MetadataService:
    """Serves until `close`; `endpoint` is what AWS_EC2_METADATA_SERVICE_ENDPOINT takes."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.tokens: dict[str, float] = {}
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def issue_token(self, ttl: str | None) -> str | None:
        if ttl is None or not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            return None
        token = secrets.token_urlsafe(40)
        self.tokens[token] = self.facts.now() + int(ttl)
        return token

    def document(self, path: str) -> str | None:
        """The text at a path below /latest/, or None where there is nothing."""
        role = self.facts.role_name()
        if path == CREDENTIALS or path + "/" == CREDENTIALS:
            return role
        if path.startswith(CREDENTIALS):
            return json.dumps(self.facts.credentials()) if role and path[len(CREDENTIALS) :] == role else None
        return self.facts.identity().get(path.rstrip("/"))


class _Handler(BaseHTTPRequestHandler):
    service: MetadataService
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        enabled, _ = self.service.facts.settings()
        if not enabled or "X-Forwarded-For" in self.headers:
            return self._answer(403, "")
        if self.path != "/latest/api/token":
            return self._answer(404, "")
        token = self.service.issue_token(self.headers.get(TTL_HEADER))
        return self._answer(200, token) if token else self._answer(400, "")

    def do_GET(self) -> None:
        enabled, token_required = self.service.facts.settings()
        if not enabled:
            return self._answer(403, "")
        token = self.headers.get(TOKEN_HEADER)
        known = token is not None and self.service.tokens.get(token, 0) > self.service.facts.now()
        if not known and (token_required or token is not None):
            return self._answer(401, "")
        text = None
        if self.path.startswith("/latest/"):
            text = self.service.document(self.path[len("/latest/") :])
        return self._answer(404, "") if text is None else self._answer(200, text)

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests here carry credentials and are not logged."""
