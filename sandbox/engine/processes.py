"""Starts the processes of one run with what each of them is to know."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine.children import Child, Say, without_offers
from sandbox.engine.errors import ProjectError
from sandbox.engine.operations import Operation
from sandbox.engine.project import python_of
from sandbox.engine.yaml_text import YamlError, load

PROGRAM = Path(__file__).with_name("program_main.py")


@dataclass(frozen=True)
class Processes:
    """Starts children for an operation; `address` is where the engine will listen."""

    operation: Operation
    address: str
    preview: bool
    say: Say
    started: list[asyncio.Task[Child]]

    def provider(self) -> asyncio.Task[Child]:
        """The server of the dynamic provider; it alone is given what offers a key."""
        words = ["module", "pulumi.dynamic", self.address]
        return self._start(
            "provider", self.operation.project.python, words, self._folder, self._env(offers=True)
        )

    def program(self) -> asyncio.Task[Child]:
        operation = self.operation
        project = operation.project
        mode = "preview" if self.preview else "update"
        words = [
            "program", str(PROGRAM), self.address, project.name, operation.stack, str(project.root),
            str(operation.parallel), mode, str(project.main),
        ]  # fmt: skip
        env = self._env(offers=False) | {
            "PULUMI_CONFIG": json.dumps(dict(operation.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(operation.secret_keys)),
        }
        return self._start("program", project.python, words, self._folder, env)

    def policies(self, pack: Path, python: Path) -> asyncio.Task[Child]:
        """The server of a policy pack, run by its interpreter."""
        words = ["module", "pulumi.policy", self.address, str(pack)]
        env = self._env(offers=False) | {"PULUMI_CONFIG": json.dumps(dict(self.operation.config))}
        return self._start(f"policy pack {pack.name}", python, words, pack, env)

    @property
    def _folder(self) -> Path:
        main = self.operation.project.main
        return main if main.is_dir() else main.parent

    def _env(self, *, offers: bool) -> dict[str, str]:
        operation = self.operation
        env: Mapping[str, str] = {**operation.env, **operation.project.env}
        return (dict(env) if offers else without_offers(env)) | {
            "PULUMI_ORGANIZATION": "organization",
            "PULUMI_PROJECT": operation.project.name,
            "PULUMI_STACK": operation.stack,
            "PULUMI_DRY_RUN": str(self.preview).lower(),
            # Messages of gRPC's own about interrupted calls are no one's business here.
            "GRPC_VERBOSITY": env.get("GRPC_VERBOSITY", "NONE"),
        }

    def _start(
        self, name: str, python: Path, words: list[str], cwd: Path, env: Mapping[str, str]
    ) -> asyncio.Task[Child]:
        start = Child.start(name, python, words, cwd=cwd, env=env, say=self.say)
        task = asyncio.get_running_loop().create_task(start)
        self.started.append(task)
        return task


def python_of_pack(pack: Path, env: Mapping[str, str]) -> Path:
    """The interpreter of a policy pack; ProjectError if the folder holds none for Python."""
    path = pack / "PulumiPolicy.yaml"
    try:
        content = load(path.read_text(encoding="utf-8"))
    except YamlError as error:
        raise ProjectError(f"{path}: {error}") from None
    except OSError as error:
        raise ProjectError(
            f"no policy pack in {pack}: could not read {path.name}: {error.strerror}"
        ) from None
    runtime = content.get("runtime") if isinstance(content, dict) else None
    name, options = (
        (runtime.get("name"), runtime.get("options")) if isinstance(runtime, dict) else (runtime, None)
    )
    if name != "python":
        raise ProjectError(f"{path}: runtime {name!r} is not known to this engine: it runs python packs only")
    virtualenv = options.get("virtualenv") if isinstance(options, dict) else None
    return python_of(pack, virtualenv if isinstance(virtualenv, str) else None, env)
