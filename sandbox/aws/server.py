"""Starts the sandbox's AWS: python -m sandbox.aws.server --port P --store DIR --world ID

Prints one line with its address once it answers, ends with exit code 1 and one line if it cannot start, and
on SIGTERM or SIGINT ends the programs of its hosts, frees the port and exits 0. It keeps `requests.jsonl` and
`instances/` below DIR, and no secret there; all else is in memory and ends with it. When
its folder is removed it ends by itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws.server", description="The sandbox's AWS.")
    parser.add_argument("--address", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument(
        "--store", type=Path, required=True, help="folder for the request log and hosts' files"
    )
    parser.add_argument("--world", required=True, help="id of the world this server belongs to")
    parser.add_argument(
        "--pace", type=float, default=1.0, help="factor on every delay: 0 for none (default 1)"
    )
    parser.add_argument(
        "--visibility",
        type=float,
        default=0.0,
        help="real seconds until a new object is seen, as on AWS (default 0)",
    )
    chosen = parser.parse_args(arguments)
    if not chosen.address.startswith("127."):
        return _fail(f"--address {chosen.address} is not on loopback: the sandbox listens on 127.x.y.z only")
    if chosen.pace < 0:
        return _fail(f"--pace {chosen.pace} is negative: give 0 or more")
    if chosen.visibility < 0:
        return _fail(f"--visibility {chosen.visibility} is negative: give 0 or more")
    try:
        server, cloud = build(chosen.address, chosen.port, chosen.store, chosen.world, chosen.pace)
    except OSError as fault:
        return _fail(
            f"cannot start on {chosen.address}:{chosen.port} with store {chosen.store}: {fault.strerror}"
        )
    except RuntimeError as fault:
        return _fail(str(fault))

    cloud.visibility.be_late_by(chosen.visibility)

    def stop(*_: object) -> None:
        # shutdown() waits for serve_forever(), which runs in the thread that this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"sandbox AWS of world {chosen.world} on {cloud.endpoint}", flush=True)
    threading.Thread(target=_end_without_store, args=(cloud.store, server.shutdown), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        cloud.close()
    print("sandbox AWS ended", flush=True)
    return 0


def _end_without_store(store: Path, shut_down: Callable[[], None]) -> None:
    """Once a second: a sandbox whose folder was removed leaves no server behind."""
    log = store / "requests.jsonl"
    while log.exists():
        time.sleep(1)
    shut_down()


def build(address: str, port: int, store: Path, world: str, pace: float) -> tuple[Any, Any]:
    """The listening werkzeug server, not serving yet, and its Cloud; one at a time in a process.

    Raises OSError when the port or the store cannot be had, WrongMotoError for another moto.
    """
    # Imported here so that wrong arguments are answered at once: moto takes a second.
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from sandbox.aws.application import Front
    from sandbox.aws.clock import Clock
    from sandbox.aws.cloud import Cloud
    from sandbox.aws.edition import corrected_moto
    from sandbox.aws.request_log import RequestLog

    class Handler(MotoRequestHandler):  # type: ignore[misc]
        def log_request(self, *_: object) -> None:
            """The request log tells more."""

    store.mkdir(parents=True, exist_ok=True)
    cloud = Cloud(world=world, store=store.resolve(), clock=Clock(pace), endpoint="")
    front = Front(cloud, RequestLog(corrected_moto(cloud), cloud.store / "requests.jsonl"))
    # Bound here because werkzeug ends the whole process when it cannot bind.
    with socket.create_server((address, port), backlog=128) as listening:
        taken = listening.getsockname()[1]
        server = make_server(
            address, taken, front, threaded=True, request_handler=Handler, fd=listening.fileno()
        )
    server.daemon_threads = True
    cloud.endpoint = f"http://{address}:{server.port}"
    return server, cloud


def _fail(reason: str) -> int:
    print(f"sandbox AWS: {reason}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
