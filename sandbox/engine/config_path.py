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
_QUOTED = re.compile(r'\["((?:[^"\\]|\\"|\\(?!"))*)"\]', re.DOTALL)
_CLOSED = re.compile(r'\["(?:[^"\\]|\\"|\\(?!"))*"', re.DOTALL)
_NAME = re.compile(r"[^.\[]+")


@dataclass(frozen=True)
class Sealed:
    """A secret value: its ciphertext."""

    ciphertext: str


def parse(text: str) -> Path:
    """The keys and indices of a path, the first of them a key; ConfigError if it is none."""
    if text.startswith("."):
        raise _no_path("expected property path to start with a name or index")
    elements: list[str | int] = []
    rest = text
    while rest:
        if rest == ".":
            raise _no_path("expected property path to end with a name or index")
        if rest.startswith(".["):
            raise _no_path("expected property name after '.'")
        if rest.startswith("."):
            rest = rest[1:]
        elif rest.startswith("["):
            element, rest = _bracketed(rest)
            elements.append(element)
        else:
            name = _NAME.match(rest)
            assert name
            elements.append(name[0])
            rest = rest[name.end() :]
    if not elements:
        raise ConfigError("empty config key path")
    if not isinstance(elements[0], str) or not elements[0]:
        raise ConfigError("the first path segment of a config key must be a name")
    return tuple(elements)


def _bracketed(text: str) -> tuple[str | int, str]:
    """The element in the brackets that the text begins with, and what comes after."""
    if quoted := _QUOTED.match(text):
        return quoted[1].replace('\\"', '"'), text[quoted.end() :]
    if text.startswith('["'):
        closed = _CLOSED.match(text)
        raise _no_path(
            "missing closing bracket in property access"
            if closed
            else "missing closing quote in property name"
        )
    index, bracket, rest = text[1:].partition("]")
    if not bracket:
        raise _no_path("missing closing bracket in array index")
    if not re.fullmatch(r"[-+]?\d+", index):
        raise _no_path(f"invalid array index: {index!r} is no number")
    return int(index), rest


def _no_path(why: str) -> ConfigError:
    return ConfigError(f"invalid config key path: {why}")


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
        value = [None] * (step + 1) if isinstance(step, int) else {}
    if isinstance(step, int):
        place = f"{at}[{step}]"
        if not isinstance(value, list):
            is_map = isinstance(value, dict)
            raise ConfigError(
                f"{place}: key for a map must be a string" if is_map else f"{at}: expected an array"
            )
        if not 0 <= step <= len(value):
            raise ConfigError(f"{place}: array index out of range")
        grown = [*value, None] if step == len(value) else [*value]
        grown[step] = _put(grown[step], path[1:], new, place)
        return grown
    place = f"{at}.{step}"
    if not isinstance(value, dict):
        wanted = (
            f"{place}: key for an array must be an int"
            if isinstance(value, list)
            else f"{at}: expected a map"
        )
        raise ConfigError(wanted)
    if len(path) == 1 and step == "secure" and not value and isinstance(new, str):
        raise ConfigError('maps with the single key "secure" are reserved')
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
        raise ConfigError('maps with the single key "secure" are reserved')
    return left
