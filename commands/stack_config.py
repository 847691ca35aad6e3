"""A stack's name, project and configuration, as the engine of the environment tells them.

Plain values only: a secret is never asked for, and none of our settings is one.

Errors: NoStack (a ProviderError): the engine could not be asked, or has no such stack.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from providers.errors import ProviderError

ROOT = Path(__file__).resolve().parent.parent


class NoStack(ProviderError):
    """There is no stack to speak of."""


class StackConfig(NamedTuple):
    """values: by `namespace:name`. secret: the names of those that the engine keeps encrypted."""

    project: str
    stack: str
    values: dict[str, str]
    secret: frozenset[str]


def stack_config(stack: str | None) -> StackConfig:
    """The configuration of a stack; of the one that is selected, if None is given."""
    name = stack or asked("stack", "--show-name").strip()
    told = json.loads(asked("config", "--json", "--stack", name) or "{}")
    secret = frozenset(key for key, entry in told.items() if entry.get("secret"))
    values = {key: _text(entry) for key, entry in told.items() if key not in secret}
    return StackConfig(_project(), name.rpartition("/")[2], values, secret)


def _text(entry: dict[str, Any]) -> str:
    """A value as a program is given it: lists and objects as JSON text."""
    return json.dumps(entry["objectValue"]) if "objectValue" in entry else str(entry.get("value", ""))


def _project() -> str:
    found = re.search(r"^name:\s*['\"]?([^'\"\s]+)", (ROOT / "Pulumi.yaml").read_text("utf-8"), re.M)
    if found is None:
        raise NoStack("Pulumi.yaml has no line `name:`: take it from the repository again")
    return found[1]


def asked(*words: str) -> str:
    """What `pulumi` answers; NoStack with its first line if it refuses."""
    try:
        answer = subprocess.run(["pulumi", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoStack(
            "the pulumi CLI is not on PATH: see https://www.pulumi.com/docs/install/; the sandbox's targets "
            "do without it"
        ) from None
    if answer.returncode != 0:
        lines = [line for line in (answer.stderr or answer.stdout).splitlines() if line.strip()]
        said = (lines or ["no reason was given"])[0].removeprefix("error: ")
        raise NoStack(
            f"`pulumi {' '.join(words)}`: {said}: name a stack with --stack, or STACK=name with make"
        )
    return answer.stdout
