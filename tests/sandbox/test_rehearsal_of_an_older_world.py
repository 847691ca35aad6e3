"""`make rehearse` where a sandbox of older code still runs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.providers.sandbox_processes import ROOT

WORLD = "0123456789abcdef"


class OlderServer(BaseHTTPRequestHandler):
    """Says its world's id, and knows no page."""

    def do_GET(self) -> None:
        health = self.path in ("/health", "/_sandbox/health")
        self.send_response(200 if health else 400)
        self.end_headers()
        self.wfile.write(json.dumps({"world": WORLD} if health else {"error": "Bad Request"}).encode())

    do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def older_world(folder: Path) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OlderServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        (folder / "endpoints.json").write_text(json.dumps({"world": WORLD, "aws": url, "cexio": url}))
        yield
        server.shutdown()


class TestAWorldWithoutPages:
    """A person is led to a page that is not there, after a deploy of a minute."""

    def test_it_is_one_line_before_anything_is_deployed(self, tmp_path: Path) -> None:
        with older_world(tmp_path):
            ran = subprocess.run(
                [sys.executable, "-m", "sandbox.rehearsal", "--no-browser", "--seconds", "1"],
                cwd=ROOT,
                env={**os.environ, "CEXIO_BOT_SANDBOX_DIR": str(tmp_path)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        assert ran.returncode == 1
        [line] = ran.stderr.splitlines()
        assert line.startswith("error: the sandbox that runs is of older code")
        assert "`make down`" in line
        assert "Deploy" not in ran.stdout
