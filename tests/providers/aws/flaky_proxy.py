"""A proxy in front of the sandbox's AWS that loses one answer, or lets something happen before it arrives."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FlakyProxy:
    """Passes everything on, except the calls that `lose` names."""

    def __init__(self, upstream: str) -> None:
        self.seen: list[str] = []
        self._armed: dict[str, bool] = {}
        self._meanwhile: dict[str, Callable[[], object]] = {}
        self._lock = threading.Lock()
        proxy, host = self, urlsplit(upstream).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                action = action_of(self.headers.get("X-Amz-Target", ""), body)
                before = proxy.fate(action)
                if before is not True:
                    connection = http.client.HTTPConnection(host, timeout=30)
                    connection.request("POST", self.path, body, dict(self.headers))
                    answer = connection.getresponse()
                    content = answer.read()
                    connection.close()
                if before is not None:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                    self.close_connection = True
                    self.connection.close()
                    return
                proxy.happen(action)
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() in ("content-type", "x-amzn-requestid"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def finish(self) -> None:
                try:
                    super().finish()
                except (OSError, ValueError):
                    return  # the connection was reset on purpose

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def lose(self, action: str, *, before: bool = False) -> None:
        """Reset the next call of this action, after it took effect or before."""
        with self._lock:
            self._armed[action] = before
            self.seen.clear()

    def meanwhile(self, action: str, event: Callable[[], object]) -> None:
        """Let something happen after the next call of this action took effect, before its answer arrives."""
        self._meanwhile[action] = event

    def happen(self, action: str) -> None:
        self._meanwhile.pop(action, lambda: None)()

    def fate(self, action: str) -> bool | None:
        """None to pass, else whether the reset comes before the effect."""
        with self._lock:
            self.seen.append(action)
            return self._armed.pop(action, None)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def action_of(target: str, body: bytes) -> str:
    """The API's name for a call, of the query protocol or of JSON."""
    if target:
        return target.rpartition(".")[2]
    return body.partition(b"Action=")[2].partition(b"&")[0].decode()
