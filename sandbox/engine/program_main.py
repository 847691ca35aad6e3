"""Runs a Pulumi program in a process of its own and tells the engine how it ended.

    program_main.py ENGINE_ADDRESS PROJECT STACK ROOT PARALLEL preview|update PROGRAM

Settings of the stack come in PULUMI_CONFIG and PULUMI_CONFIG_SECRET_KEYS, as the SDK reads them. Exit status
0 if the program ran to its end, 32 if what went wrong has been logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import runpy
import socket
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pulumi
import pulumi.runtime

TOLD = 32
PATIENCE = 30.0


def main() -> int:
    address, project, stack, root, parallel, mode, program = sys.argv[1:]
    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    _wait_for(address)
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=project,
            stack=stack,
            monitor=address,
            engine=address,
            parallel=int(parallel),
            dry_run=mode == "preview",
            organization="organization",
            root_directory=root,
        )
    )
    sys.argv = [program]
    # The SDK leaves futures behind when a run fails; asyncio would complain of each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max(int(parallel), 1) * 4) as pool:
        loop.set_default_executor(pool)
        return _run(loop, program)


def _run(loop: asyncio.AbstractEventLoop, program: str) -> int:
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _execute(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception:  # noqa: BLE001 - whatever the program raises is told to its user
        pulumi.log.error("Program failed with an unhandled exception:\n" + _traceback(program))
        return TOLD
    return 0


def _execute(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


def _traceback(program: str) -> str:
    """The traceback of the current exception from the program's first frame on."""
    folder = Path(program)
    files = {str(folder), str(folder / "__main__.py")}
    frames = traceback.extract_tb(sys.exc_info()[2])
    for place, frame in enumerate(frames):
        if frame.filename in files:
            return traceback.format_exc(limit=place - len(frames))
    return traceback.format_exc()


def _wait_for(address: str) -> None:
    """Wait until the engine, which starts meanwhile, accepts connections."""
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.01)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(status)
