"""Which engine runs the sandbox's stack, with what environment, and what it answered.

The `pulumi` CLI is used where it is on PATH and new enough, else the stand-in in `sandbox/bin/pulumi`; both
take the same words. Nothing here knows what the words mean, and nothing of the user's Pulumi login or AWS
account reaches either engine: home and backend lie below the sandbox's folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
STAND_IN = ROOT / "sandbox" / "bin" / "pulumi"
STACK = "sandbox"
PASSPHRASE = "sandbox"  # noqa: S105 - a sandbox holds nothing worth hiding
OLDEST_CLI = (3, 221)  # the first that starts a policy pack as `python -m pulumi.policy`
INSTALL_PAGE = "https://www.pulumi.com/docs/install/"


class Engine(NamedTuple):
    """A command that takes Pulumi's words, and a line for the user that says which it is."""

    command: str
    line: str


def engine_for(path: str | None = None) -> Engine:
    """The `pulumi` CLI of PATH if it is new enough, else the stand-in."""
    cli = shutil.which("pulumi", path=path)
    get_it = f"the stand-in engine ({STAND_IN.relative_to(ROOT)})"
    if cli is None or Path(cli).resolve() == STAND_IN.resolve():
        return Engine(
            str(STAND_IN), f"{get_it}, as the pulumi CLI is not on PATH; to use the CLI: {INSTALL_PAGE}"
        )
    answer = subprocess.run([cli, "version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v?(\d+)\.(\d+)", answer.strip())
    if version is None or (int(version[1]), int(version[2])) < OLDEST_CLI:
        wanted = ".".join(map(str, OLDEST_CLI))
        seen = answer.strip() or "of no known version"
        return Engine(
            str(STAND_IN), f"{get_it}, as the pulumi CLI on PATH is {seen}; {wanted} or newer: {INSTALL_PAGE}"
        )
    return Engine(cli, f"the pulumi CLI {answer.strip()}")


def environment(folder: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The engine's environment: the sandbox's home, backend and passphrase, and no AWS account.

    A passphrase that is set already is left alone, so that a wrong one is told by the engine.
    """
    inherited = os.environ if inherited is None else inherited
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    return {
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        **kept,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PULUMI_HOME": str(folder / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "CEXIO_BOT_SANDBOX_DIR": str(folder),
    }


class Pulumi:
    """Runs an engine's commands on the sandbox's stack, in the program's folder."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.environment = environment(folder)

    def run(self, *words: str, extra: Mapping[str, str] | None = None) -> int:
        """Run a command with its output going to the user; its exit status.

        Ctrl-C reaches the engine, which is in our process group, and the engine ends in its own good time:
        the state it is writing is worth more than our haste.
        """
        process = subprocess.Popen(
            [self.engine.command, *words], cwd=ROOT, env={**self.environment, **(extra or {})}
        )
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, before)

    def answer(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command and keep what it printed."""
        return subprocess.run(
            [self.engine.command, *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, name: str, *flags: str) -> int:
        """Run one of the operator's commands on the sandbox's stack, with this engine; its exit status."""
        path = f"{Path(self.engine.command).parent}{os.pathsep}{self.environment.get('PATH', os.defpath)}"
        words = [sys.executable, "-m", f"commands.{name}", "--stack", STACK, *flags]
        return subprocess.run(words, cwd=ROOT, env={**self.environment, "PATH": path}, check=False).returncode

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; empty where there is no stack yet."""
        answer = self.answer("stack", "output", "--json", "--stack", STACK)
        if answer.returncode != 0:
            return {}
        found = json.loads(answer.stdout or "{}")
        return found if isinstance(found, dict) else {}
