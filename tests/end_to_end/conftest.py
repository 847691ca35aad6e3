"""Whole stacks: a copy of the project in a folder of its own, its sandbox world, and an engine to run it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ["stand-in", *(["pulumi"] if shutil.which("pulumi") else [])]


class Clone:
    """A copy of the project as a fresh clone has it, sharing only the installed packages."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.folder = folder
        self.engine = engine
        self.world = folder / ".sandbox"
        folder.mkdir()
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.splitlines():
            if not name.startswith("tests/") and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        self.python = str(folder / ".venv" / "bin" / "python")

    @property
    def environment(self) -> dict[str, str]:
        """As a user's shell has it, the CLI on PATH only where it is the engine under test."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "PULUMI_", "CEXIO_", "PYTEST_"))
        }
        if self.engine == "stand-in":
            folders = kept.get("PATH", "").split(os.pathsep)
            kept["PATH"] = os.pathsep.join(f for f in folders if not (Path(f) / "pulumi").exists())
        return kept

    def run(self, *words: str, timeout: float = 180, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone; its output is one text, as a user sees it."""
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**self.environment, **extra},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def story(self, word: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """What `make <word>` runs."""
        return self.run(self.python, "-m", "sandbox.story", word, **extra)

    def sandbox(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`python -m sandbox <words>`, standard output and error apart."""
        return subprocess.run(
            [self.python, "-m", "sandbox", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def make_key(
        self, *, label: str, addresses: list[str], permissions: list[str], account: str = "1", **flags: bool
    ) -> Path:
        """Make a key on the sandbox exchange; the 0600 file that offers it."""
        words = ["make-key", "--account", account, "--label", label]
        for address in addresses:
            words += ["--address", address]
        for permission in permissions:
            words += ["--permission", permission]
        words += [f"--{name.replace('_', '-')}" for name, wanted in flags.items() if wanted]
        answer = self.sandbox(*words)
        assert answer.returncode == 0, answer.stderr
        return self.key_file(json.loads(answer.stdout))

    def key_file(self, key: dict[str, str]) -> Path:
        """A 0600 file that offers this key."""
        path = self.folder.parent / f"offered-{secrets.token_hex(4)}.json"
        path.touch(0o600)
        path.write_text(json.dumps({"key": key["key"], "secret": key["secret"]}))
        return path

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        from sandbox.pulumi_cli import Engine, environment

        command = str(self.folder / "sandbox/bin/pulumi") if self.engine == "stand-in" else "pulumi"
        engine = Engine(command, "")
        answer = subprocess.run(
            [engine.command, "stack", "output", "--json", "--stack", "sandbox"],
            cwd=self.folder,
            env=environment(self.world, self.environment),
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(answer.stdout))

    def endpoints(self) -> dict[str, str]:
        """Where the sandbox's AWS and exchange answer."""
        return dict(json.loads((self.world / "endpoints.json").read_text()))

    def client(self, service: str) -> Any:
        """A boto3 client of the sandbox's AWS."""
        import boto3

        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoints()["aws"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def stages(self) -> dict[str, str]:
        """The stages of the stack's secret: what the version of each stage says, never its value."""
        client = self.client("secretsmanager")
        arn = self.outputs()["secret"]["arn"]
        found = {}
        for stage in {
            s for v in client.describe_secret(SecretId=arn)["VersionIdsToStages"].values() for s in v
        }:
            value = json.loads(client.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
            found[stage] = value.get("key") or value["status"]
        return found


def running(folder: Path) -> list[str]:
    """The command lines of the processes that this folder's world has running."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environ = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if process.name != str(os.getpid()) and (str(folder) in command or f"={folder}" in environ):
            found.append(command)
    return found


@pytest.fixture(scope="module", params=ENGINES)
def clone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone with no world yet; its world is ended afterwards."""
    made = Clone(tmp_path_factory.mktemp("clone") / "project", request.param)
    yield made
    made.sandbox("stop")
