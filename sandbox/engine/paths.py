"""Property paths such as `tags`, `rules[0].port`, `tags["a.b"]`, `rules[*].port`, and what ignoring one
means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.engine.values import Secret

Path = list[str | int]

_ELEMENT = re.compile(
    r"""\.?(?P<name>[^.\[\]"]+) | \[(?P<index>\d+)\] | \[\*\] | \["(?P<quoted>(?:[^"\\]|\\.)*)"\]""",
    re.VERBOSE,
)


def parse(text: str) -> Path | None:
    """The elements of a path, `*` for all; None if the text is no path."""
    path: Path = []
    at = 0
    while at < len(text):
        found = _ELEMENT.match(text, at)
        if not found:
            return None
        if found["name"] is not None:
            path.append(found["name"])
        elif found["index"] is not None:
            path.append(int(found["index"]))
        elif found["quoted"] is not None:
            path.append(re.sub(r"\\(.)", r"\1", found["quoted"]))
        else:
            path.append("*")
        at = found.end()
    return path or None


def with_ignored(
    new: Mapping[str, Any], old: Mapping[str, Any], ignored: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """The new properties with each ignored path as it was in the old ones, and the paths for which that
    cannot be.

    A path cannot be ignored where a list on it has another length, or an object on it is gone.
    """
    result: Any = dict(new)
    failed = []
    for text in ignored:
        path = parse(text)
        if path is None:
            continue
        changed, done = _reset(path, old, result)
        if done:
            result = changed
        else:
            failed.append(text)
    return result, failed


_ABSENT = object()


def _reset(path: Path, old: Any, new: Any) -> tuple[Any, bool]:
    """The new value with the place at the path set to what the old value has there, and whether that could
    be."""
    if isinstance(new, Secret):
        changed, done = _reset(path, old, new.value)
        return Secret(changed), done
    if isinstance(old, Secret):
        old = old.value
    key, rest = path[0], path[1:]
    if key == "*":
        return _reset_all(rest, old, new)
    container: type = list if isinstance(key, int) else dict
    if not isinstance(old, container) or not isinstance(new, container):
        removes = container is dict and not rest and isinstance(new, dict)
        if removes:
            return {k: v for k, v in new.items() if k != key}, True
        return new, not isinstance(old, container) and not isinstance(new, container)
    before, after = _item(old, key), _item(new, key)
    if rest:
        if before is _ABSENT or after is _ABSENT:
            return new, before is after or (container is dict and before is _ABSENT)
        changed, done = _reset(rest, before, after)
        return _with(new, key, changed), done
    if container is list and (before is _ABSENT) != (after is _ABSENT):
        return new, False
    return _with(new, key, before), True


def _reset_all(rest: Path, old: Any, new: Any) -> tuple[Any, bool]:
    if isinstance(old, dict) and isinstance(new, dict):
        if not rest:
            return dict(old), True
        keys: list[Any] = list(old)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return new, False
        keys = list(range(len(old)))
    else:
        return new, not rest and isinstance(new, dict | list)
    for key in keys:
        before, after = _item(old, key), _item(new, key)
        if after is _ABSENT:
            return new, False
        changed, done = (before, True) if not rest else _reset(rest, before, after)
        if not done:
            return new, False
        new = _with(new, key, changed)
    return new, True


def _item(container: Any, key: Any) -> Any:
    if isinstance(container, list):
        return container[key] if key < len(container) else _ABSENT
    return container.get(key, _ABSENT)


def _with(container: Any, key: Any, value: Any) -> Any:
    if value is _ABSENT:
        return {k: v for k, v in container.items() if k != key} if isinstance(container, dict) else container
    changed = container.copy()
    changed[key] = value
    return changed
