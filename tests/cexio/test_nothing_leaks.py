"""Key, secret and signature are in no repr, no message and no log, whatever is switched on."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

import pytest

from cexio import errors
from cexio.credentials import Credentials
from cexio.transport import Transport
from cexio.websocket import login
from tests.cexio.both_clients import BOTH
from tests.cexio.tiny_exchange import closed_port, http, tiny_exchange

KEY, SECRET = "canary-key-0123456789", "canary/secret+0123456789=="
CREDENTIALS = Credentials(key=KEY, secret=SECRET)
LOGGERS = ("httpx", "httpcore", "websockets", "asyncio", "cexio")


class TestNothingLeaks:
    """Somebody switches debug logging on to find a fault, and pastes the log into a ticket."""

    @BOTH
    def test_with_every_logger_at_debug(self, make: Any, caplog: pytest.LogCaptureFixture) -> None:
        def echo(connection: Any) -> None:
            _, headers, _, _ = server.seen[-1]
            connection.sendall(http(401, json.dumps({"error": " ".join(headers.values()) + SECRET})))

        for name in LOGGERS:
            caplog.set_level(logging.DEBUG, logger=name)
        told = []
        with tiny_exchange({"get_my_orders": echo, "ws": (403, KEY + SECRET)}) as server:
            for base_url in (server.base_url, closed_port()):
                with make(base_url, CREDENTIALS, timeout=0.4) as api:
                    for ask in (api.get_my_orders, api.websocket_login):
                        with pytest.raises(errors.CexioError) as raised:
                            ask()
                        error = raised.value
                        told += [repr(error), error.text, *traceback.format_exception(error)]
                    told += [repr(api), repr(CREDENTIALS)]
            with Transport(server.base_url, CREDENTIALS, timeout=0.4) as transport:
                told.append(repr(transport.send("private", "get_my_orders", b"{}")))
            signatures = {
                headers["x-aggr-signature"] for _, headers, *_ in server.seen if "x-aggr-signature" in headers
            }
        assert any(record.name.startswith("httpcore") for record in caplog.records)
        text = caplog.text + "".join(told)
        assert "canary" not in text
        assert signatures
        assert not [each for each in signatures if each in text]

    def test_a_login_that_succeeds_writes_no_frame_into_a_log(self, caplog: pytest.LogCaptureFixture) -> None:
        from websockets.sync.server import serve

        caplog.set_level(logging.DEBUG, logger="websockets.client")
        logging.getLogger("websockets.server").setLevel(logging.CRITICAL)

        def handle(connection: Any) -> None:
            connection.send('{"e":"connected"}')
            connection.send(connection.recv())

        import threading

        with serve(handle, "127.0.0.1", 0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            told = login(f"http://127.0.0.1:{server.socket.getsockname()[1]}", CREDENTIALS, timeout=1)
        assert KEY in told.text
        assert "canary" not in repr(told) + caplog.text
        assert told.signature not in repr(told)
