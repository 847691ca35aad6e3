"""Paths into configuration values, such as `limits.names[0]` or `["a.b"].c`, and what lies at them.

Values are JSON-like, but that a secret is a `Sealed`. Reading follows the CLI's rules; so does writing: a
list grows by one at most, the first level may be replaced by a container, deeper ones may not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.engine.errors import ConfigError

Path = tuple[str | int, ...]
_QUOTED = re.compile(r'\["((?:[^"\\]|\\.)*)"\]', re.DOTALL)
_INDEX = re.compile(r"\[(-?\d+)\]")
_NAME = re.compile(r"[^.\[]+")


@dataclass(frozen=True)
class Sealed:
    """A secret value: its ciphertext."""

    ciphertext: str


def parse(text: str) -> Path:
    """The keys and indices of a path, the first of them a key; ConfigError if it is none."""
    elements: list[str | int] = []
    rest = text
    while rest:
        if elements and rest.startswith("."):
            rest = rest[1:]
            match = _NAME.match(rest)
            if not match:
                raise ConfigError(f"invalid config key path {text!r}: a name is expected after '.'")
            elements.append(match[0])
        elif match := _QUOTED.match(rest):
            elements.append(match[1].replace('\\"', '"'))
        elif match := _INDEX.match(rest):
            elements.append(int(match[1]))
        elif not elements and (match := _NAME.match(rest)):
            elements.append(match[0])
        else:
            raise ConfigError(f"invalid config key path {text!r}: a name or an index is expected at {rest!r}")
        rest = rest[match.end() :]
    if not elements or not isinstance(elements[0], str) or not elements[0]:
        raise ConfigError(f"invalid config key path {text!r}: it has to begin with the key's name")
    return tuple(elements)


def get(value: Any, path: Sequence[str | int]) -> Any:
    """What lies at the path; LookupError if nothing does."""
    for step in path:
        if not _has(value, step):
            raise LookupError(step)
        value = value[step]
    return value


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and 0 <= step < len(value)
    return isinstance(value, dict) and isinstance(step, str) and step in value


def put(value: Any, path: Sequence[str | int], new: Any, *, at: str) -> Any:
    """The value with `new` at the path below it, containers made on the way; ConfigError if it cannot be.

    `at` names the value itself in errors.
    """
    return _put(value, path, new, at, first=True)


def _put(value: Any, path: Sequence[str | int], new: Any, at: str, *, first: bool = False) -> Any:
    if not path:
        return new
    step = path[0]
    if value is None or (first and not isinstance(value, list | dict)):
        value = [None] * (step + 1) if isinstance(step, int) and step >= 0 else {}
    if isinstance(step, int):
        place = f"{at}[{step}]"
        if not isinstance(value, list):
            raise ConfigError(f"could not set config: {at}: expected an array")
        if not 0 <= step <= len(value):
            raise ConfigError(f"could not set config: {place}: array index out of range")
        grown = [*value, None] if step == len(value) else [*value]
        grown[step] = _put(grown[step], path[1:], new, place)
        return grown
    place = f"{at}.{step}"
    if not isinstance(value, dict):
        wanted = "key for an array must be an int" if isinstance(value, list) else "expected a map"
        raise ConfigError(f"could not set config: {place if isinstance(value, list) else at}: {wanted}")
    if len(path) == 1 and step == "secure" and not value and isinstance(new, str):
        raise ConfigError(f'could not set config: {place}: maps with the single key "secure" are reserved')
    return {**value, step: _put(value.get(step), path[1:], new, place)}


def drop(value: Any, path: Sequence[str | int]) -> Any:
    """The value without what lies at the path; as it was if nothing does."""
    step, rest = path[0], path[1:]
    if not _has(value, step):
        return value
    if isinstance(value, list):
        kept = [] if not rest else [drop(value[int(step)], rest)]
        return [*value[: int(step)], *kept, *value[int(step) + 1 :]]
    if rest:
        return {**value, step: drop(value[step], rest)}
    left = {key: item for key, item in value.items() if key != step}
    if list(left) == ["secure"] and isinstance(left["secure"], str):
        raise ConfigError('could not remove config: maps with the single key "secure" are reserved')
    return left
