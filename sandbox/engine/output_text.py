"""Stack outputs as `up` shows them: one a line, objects opened out, what changed marked with + - ~."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the key that marks one in a state
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_WIDEST = 150  # of a text in the list of outputs; `stack output NAME` prints it whole


def rendered(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[str]:
    """The lines of the outputs; with `old` given, compared to those."""
    width = max((len(key) for key in {*new, *(old or {})}), default=0)
    lines = []
    for key in sorted({*new, *(old or {})}):
        mark = " " if old is None else _mark(key, new, old)
        if mark == "~" and old is not None and not _opens(new[key]) and not _opens(old[key]):
            text = f"{_scalar(old[key])} => {_scalar(new[key])}"
        else:
            text = _value(new[key] if key in new else (old or {})[key], "    ")
        lines.extend(f"  {mark} {key:<{width}}: {text}".splitlines())
    return lines


def changed(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> bool:
    """Whether the outputs are other than before."""
    return dict(new) != dict(old or {})


def plain_output(value: Any) -> str:
    """One output as `stack output` prints it: texts bare, all else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _mark(key: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    if key not in old:
        return "+"
    if key not in new:
        return "-"
    return " " if new[key] == old[key] else "~"


def _opens(value: Any) -> bool:
    return (
        bool(value)
        and isinstance(value, dict | list)
        and not (isinstance(value, dict) and _SECRET_MARK in value)
    )


def _value(value: Any, indent: str) -> str:
    if not _opens(value):
        return _scalar(value)
    deeper = indent + "    "
    if isinstance(value, dict):
        width = max(len(key) for key in value)
        members = [f"{deeper}{key:<{width}}: {_value(item, deeper)}" for key, item in sorted(value.items())]
        return "\n".join(["{", *members, indent + "}"])
    members = [f"{deeper}[{number}]: {_value(item, deeper)}" for number, item in enumerate(value)]
    return "\n".join(["[", *members, indent + "]"])


def _scalar(value: Any) -> str:
    if isinstance(value, dict) and value:
        return "[secret]"
    if value == _UNKNOWN:
        return "[unknown]"
    if value is None:
        return "<null>"
    if isinstance(value, str):
        shown = value if len(value) <= _WIDEST and value.count("\n") <= 2 else _cut(value)
        return json.dumps(shown, ensure_ascii=False)
    return json.dumps(value)


def _cut(text: str) -> str:
    return "\n".join(text[:_WIDEST].split("\n")[:3]) + "..."
