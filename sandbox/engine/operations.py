"""What the command line asks of the engine, and what it gets back.

`Operation` holds one run's settings, `Outcome` its result, and `run` does it. Neither reads the file system
or the terminal: the deployment comes in and goes out as the JSON that a checkpoint holds under `latest`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sandbox.engine.events import Sink
    from sandbox.engine.project import Project
    from sandbox.engine.secrets import PassphraseSecrets

Deployment = dict[str, Any]
Kind = Literal["up", "preview", "refresh", "destroy"]


@dataclass(frozen=True)
class Operation:
    """One run on one stack.

    `config` has full keys (`namespace:name`) and decrypted texts; `env` is the environment for the children,
    without the settings that must not reach them.
    """

    kind: Kind
    project: Project
    stack: str
    config: Mapping[str, str] = field(repr=False)
    secret_keys: frozenset[str]
    env: Mapping[str, str] = field(repr=False)
    targets: tuple[str, ...] = ()
    target_dependents: bool = False
    refresh_first: bool = False
    parallel: int = 16
    policy_packs: tuple[Path, ...] = ()
    policy_config: tuple[Path, ...] = ()
    clear_pending_creates: bool = False
    expect_no_changes: bool = False
    message: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run came to: exit status, number of resources by operation, stack outputs, seconds."""

    exit_code: int
    changes: Mapping[str, int]
    outputs: Mapping[str, Any] = field(repr=False)
    duration: float


def run(
    operation: Operation,
    deployment: Deployment | None,
    secrets: PassphraseSecrets,
    save: Callable[[Deployment], None] | None,
    sink: Sink,
) -> Outcome:
    """Do one run; a failure is told through the sink and in the exit status.

    EngineError is raised by what keeps the run from beginning: a wrong passphrase, a policy pack that does
    not start.

    `deployment` is the state to start from (None: an empty stack); `save` is called, from one thread at a
    time, with each deployment that has to be on disk before the run goes on, and is None in a preview.
    """
    from sandbox.engine.deployment import deploy

    return deploy(operation, deployment, secrets, save, sink)
