"""Instance metadata (IMDSv2) and GetSecretValue over a real socket, for the host's program."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ROLE = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "role-secret-0123", "Token": "role-token-0123"}


class TinyAws:
    """`secret` is what GetSecretValue answers: (status, document). `seen` keeps (path, headers, body)."""

    def __init__(self, secret: tuple[int, Any], metadata: int = 200) -> None:
        self.secret = secret
        self.metadata = metadata
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""


@contextmanager
def tiny_aws(
    value: Any = None, *, secret: tuple[int, Any] | None = None, metadata: int = 200
) -> Iterator[TinyAws]:
    aws = TinyAws(secret or (200, {"SecretString": json.dumps(value)}), metadata)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            aws.seen.append((self.path, headers, body))
            status, document = self.document(headers)
            payload = document.encode() if isinstance(document, str) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def document(self, headers: dict[str, str]) -> tuple[int, Any]:
            if self.path == "/latest/api/token":
                return aws.metadata, "session"
            if self.path.startswith("/latest/"):
                if headers.get("x-aws-ec2-metadata-token") != "session":
                    return 401, ""
                return 200, ROLE if self.path.endswith("/bot-role") else "bot-role"
            return aws.secret

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    aws.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
