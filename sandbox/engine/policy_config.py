"""The settings of the policies in a pack: from the pack itself, and from the file of `--policy-pack-config`.

The file is a JSON object with a key for each policy, or `all`; a value is a level, or an object with
`enforcementLevel` and what the policy's schema knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine.errors import EngineError
from sandbox.engine.wire import from_struct

LEVELS = ("advisory", "mandatory", "disabled", "remediate")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


class PolicyConfigError(EngineError):
    """A file of policy settings that cannot be used."""


@dataclass(frozen=True)
class Setting:
    """How a policy is enforced, and its own settings."""

    level: str
    properties: dict[str, Any] = field(default_factory=dict)


PolicyConfig = dict[str, Setting]


def read(path: Path) -> dict[str, Any]:
    """The settings in a file; PolicyConfigError if it cannot be read or holds something else."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if text.strip() else {}
    except OSError as error:
        raise PolicyConfigError(f"could not read {path}: {error.strerror}") from None
    except ValueError as error:
        raise PolicyConfigError(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise PolicyConfigError(f"{path}: expected a JSON object with a key for each policy")
    for name, value in content.items():
        level = value.get("enforcementLevel") if isinstance(value, dict) else value
        if not isinstance(value, dict | str):
            raise PolicyConfigError(f"{path}: {name} is not a valid value; must be a string or object")
        if level is not None and level not in LEVELS:
            raise PolicyConfigError(
                f'{path}: parsing enforcement level for "{name}": "{level}" is not a valid enforcement level'
            )
    return content


def reconciled(info: Any, config: Mapping[str, Any]) -> tuple[PolicyConfig, list[str]]:
    """The settings of each policy of an AnalyzerInfo, and what is wrong with them.

    The schema's defaults come first, then what the pack itself sets, then `config`.
    """
    settings = {
        policy.name: Setting(LEVELS[policy.enforcementLevel], _defaults(policy)) for policy in info.policies
    }
    initial = {
        name: {"enforcementLevel": LEVELS[value.enforcementLevel], **from_struct(value.properties)}
        for name, value in info.initialConfig.items()
    }
    for given in (initial, config):
        if "all" in given:
            level = _split(given["all"])[0]
            settings = {name: Setting(level or old.level, old.properties) for name, old in settings.items()}
        for name, value in given.items():
            level, properties = _split(value)
            old = settings.get(name, Setting("advisory"))
            if name != "all":
                settings[name] = Setting(level or old.level, {**old.properties, **properties})
    faults = [
        f"{policy.name}: {fault}"
        for policy in info.policies
        for fault in _faults(policy, settings[policy.name])
    ]
    return settings, sorted(faults)


def _split(value: Any) -> tuple[str | None, dict[str, Any]]:
    if isinstance(value, str):
        return value, {}
    return value.get("enforcementLevel"), {
        key: item for key, item in value.items() if key != "enforcementLevel"
    }


def _schema(policy: Any) -> dict[str, Any]:
    return from_struct(policy.configSchema.properties)


def _defaults(policy: Any) -> dict[str, Any]:
    return {key: schema["default"] for key, schema in _schema(policy).items() if "default" in schema}


def _faults(policy: Any, setting: Setting) -> list[str]:
    """What the schema's `required`, `type` and `enum` have against the settings."""
    given = setting.properties
    faults = [f"{key} is required" for key in policy.configSchema.required if key not in given]
    for key, schema in _schema(policy).items():
        if key not in given:
            continue
        value, kind = given[key], schema.get("type")
        if kind in _TYPES and not _is_a(value, kind):
            faults.append(f"{key}: Invalid type. Expected: {kind}, given: {_type_name(value)}")
        elif "enum" in schema and value not in schema["enum"]:
            faults.append(
                f"{key}: {key} must be one of the following: {', '.join(map(json.dumps, schema['enum']))}"
            )
    return faults


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _type_name(value: Any) -> str:
    return next(kind for kind in ("boolean", "integer", *_TYPES) if _is_a(value, kind))
