"""What a project declares of its configuration (`config:` in Pulumi.yaml): defaults, types, what must be.

    config:
      sandbox: {type: boolean, default: true, description: ...}
      token: {type: string, secret: true}
      aws:region: {value: us-east-1}
      name: a plain value

A key without default has to be set in the stack. Checked before `up` and `preview`, as the CLI does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.engine.errors import ConfigError, ProjectError

_CHECKS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: str(value).lower() in ("true", "false"),
    "integer": lambda value: re.fullmatch(r"[-+]?\d+", str(value)) is not None,
    "array": lambda value: isinstance(_decoded(value), list),
    "object": lambda value: isinstance(_decoded(value), dict),
}


@dataclass(frozen=True)
class Declaration:
    """One declared key; `default` is None if the stack has to set it."""

    key: str
    type: str | None = None
    default: Any = None
    secret: bool = False


def declarations(project: str, entries: Mapping[str, Any], where: str) -> tuple[Declaration, ...]:
    """The declarations of a project; ProjectError if one is none."""
    return tuple(_declaration(project, str(key), entry, where) for key, entry in entries.items())


def defaults(declared: tuple[Declaration, ...]) -> dict[str, Any]:
    """The values that stacks need not set."""
    return {entry.key: entry.default for entry in declared if entry.default is not None}


def validate(
    declared: tuple[Declaration, ...], values: Mapping[str, Any], secret: frozenset[str], stack: str
) -> None:
    """ConfigError for the values that are missing, of another type than declared, or not encrypted."""
    missing = [_short(entry.key) for entry in declared if entry.key not in values]
    if missing:
        several = "s" if len(missing) > 1 else ""
        names = " and ".join(
            filter(None, [", ".join(f"'{name}'" for name in missing[:-1]), f"'{missing[-1]}'"])
        )
        raise ConfigError(
            f"validating stack config: Stack '{stack}' is missing configuration value{several} {names}: "
            f"set it with `pulumi config set {missing[0]} VALUE`"
        )
    for entry in declared:
        told = (
            f"validating stack config: Stack '{stack}' with configuration key '{_short(entry.key)}' must be"
        )
        if entry.secret and entry.key not in secret:
            raise ConfigError(f"{told} encrypted as it's secret: set it with --secret")
        if entry.type in _CHECKS and entry.key not in secret and not _CHECKS[entry.type](values[entry.key]):
            raise ConfigError(f"{told} of type '{entry.type}'")


def _declaration(project: str, key: str, entry: Any, where: str) -> Declaration:
    full = key if ":" in key else f"{project}:{key}"
    if not isinstance(entry, dict):
        return Declaration(full, default=entry)
    if full.partition(":")[0] != project and ("default" in entry or "type" in entry):
        raise ProjectError(
            f"{where}: config {key!r} is another namespace's: give it a `value:` and nothing else"
        )
    kind = entry.get("type")
    if kind is not None and kind not in _CHECKS:
        raise ProjectError(
            f"{where}: config {key!r} has the unknown type {kind!r}: {', '.join(_CHECKS)} are known"
        )
    return Declaration(full, kind, entry.get("default", entry.get("value")), bool(entry.get("secret")))


def _short(key: str) -> str:
    return key.partition(":")[2]


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
