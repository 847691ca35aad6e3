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
AGAIN = "mend that, then run the same command again"


class NoStack(ProviderError):
    """There is no stack to speak of."""


class StackConfig(NamedTuple):
    """values: by `namespace:name`. secret: the names of those that the engine keeps encrypted.

    stack: its last name, as in owner tags. words: what names it to the engine, organization included; none
    for the stack that is selected.
    """

    project: str
    stack: str
    values: dict[str, str]
    secret: frozenset[str]
    words: tuple[str, ...] = ()


def stack_config(stack: str | None) -> StackConfig:
    """The configuration of a stack; of the one that is selected, if None is given."""
    name = stack or asked("stack", "--show-name").strip()
    words = ("--stack", stack) if stack else ()
    told = json.loads(asked("config", "--json", *words) or "{}")
    secret = frozenset(key for key, entry in told.items() if entry.get("secret"))
    values = {key: _text(entry) for key, entry in told.items() if key not in secret}
    return StackConfig(_project(), name.rpartition("/")[2], values, secret, words)


def _text(entry: dict[str, Any]) -> str:
    """A value as a program is given it: lists and objects as JSON text."""
    return json.dumps(entry["objectValue"]) if "objectValue" in entry else str(entry.get("value", ""))


def _project() -> str:
    found = re.search(r"^name:\s*['\"]?([^'\"\s]+)", (ROOT / "Pulumi.yaml").read_text("utf-8"), re.M)
    if found is None:
        raise NoStack("Pulumi.yaml has no line `name:`: take it from the repository again")
    return found[1]


def asked(*words: str) -> str:
    """What `pulumi` answers; NoStack with the line that tells the fault if it refuses."""
    try:
        answer = subprocess.run(["pulumi", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoStack(
            "the pulumi CLI is not on PATH: see https://www.pulumi.com/docs/install/; the sandbox's targets "
            "do without it"
        ) from None
    if answer.returncode != 0:
        lines = [line.strip() for line in (answer.stderr or answer.stdout).splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("error:")]  # a warning may come before it
        said = (told or lines or ["no reason was given"])[0].removeprefix("error:").strip()
        unnamed = re.search(r"no stack|stack .*not found", said)
        next_step = "name a stack with --stack, or STACK=name with make" if unnamed else AGAIN
        raise NoStack(f"`pulumi {' '.join(words)}`: {said}: {next_step}")
    return answer.stdout
