"""The configuration of a stack: Pulumi.<stack>.yaml, read and written as the CLI does.

Values are texts, numbers, truth values, lists and maps; a secret is `{secure: CIPHERTEXT}` at any depth. The
program gets each key's value as text: objects as JSON. Keys are `namespace:name`; a bare name is the
project's. Environments (ESC) are not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine import config_path
from sandbox.engine.config_path import Sealed
from sandbox.engine.errors import ConfigError
from sandbox.engine.files import write_atomically
from sandbox.engine.secrets import PassphraseSecrets
from sandbox.engine.yaml_text import YamlError, load, number_text, remove_entry, set_entry

MASK = "[secret]"


@dataclass
class StackConfig:
    """One stack's configuration file; it need not be there."""

    path: Path
    project: str
    text: str = ""
    salt: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, project: str) -> StackConfig:
        """The file's content; ConfigError names file and line of what is wrong in it."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(path, project)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text"
            raise ConfigError(f"could not read {path}: {reason}") from None
        try:
            whole = load(text)
        except YamlError as error:
            raise ConfigError(f"{path}: {error}") from None
        if whole is not None and not isinstance(whole, dict):
            raise ConfigError(f"{path}: expected a map with `config:`, got {type(whole).__name__}")
        whole = whole or {}
        entries = whole.get("config")
        if entries is not None and not isinstance(entries, dict):
            raise ConfigError(f"{path}: `config:` has to be a map of keys and values")
        for unknown in ("environment", "secretsprovider", "encryptedkey"):
            if whole.get(unknown) and whole[unknown] != "passphrase":
                raise ConfigError(f"{path}: `{unknown}:` is not known to this engine: use the pulumi CLI")
        values = {full_key(key, project): _top(_read(value)) for key, value in (entries or {}).items()}
        return cls(path, project, text, whole.get("encryptionsalt"), values)

    def get(self, key: str, *, path: bool = False) -> Any:
        """The value of a key, or at a path; LookupError if there is none."""
        full, steps = self._split(key, path=path)
        return config_path.get(self.values[full], steps)

    def set(self, key: str, value: Any, *, path: bool = False) -> None:
        """Set a value and write the file."""
        try:
            full, steps = self._split(key, path=path)
            if steps:
                value = config_path.put(self.values.get(full), steps, value, at=full.partition(":")[2])
            elif not isinstance(value, str | dict | list | Sealed):
                value = as_text(value)
        except ConfigError as error:
            raise ConfigError(f"could not set config: {error}") from None
        self.values[full] = value
        self._write(set_entry(self.text, ("config", full), _written(value), names=self._short(full)))

    def remove(self, key: str, *, path: bool = False) -> None:
        """Remove a key, or what is at a path, and write the file; nothing happens if it is not there."""
        full, steps = self._split(key, path=path)
        if full not in self.values:
            return
        if steps:
            self.values[full] = config_path.drop(self.values[full], steps)
            edited = set_entry(
                self.text, ("config", full), _written(self.values[full]), names=self._short(full)
            )
        else:
            del self.values[full]
            edited = remove_entry(self.text, ("config", full), names=self._short(full))
        self._write(edited)

    def set_salt(self, salt: str) -> None:
        """Record the stack's encryption salt and write the file."""
        self.salt = salt
        line = f"encryptionsalt: {salt}\n"
        self._write(
            set_entry(self.text, ("encryptionsalt",), salt) if self.text.strip() else self.text + line
        )

    def _split(self, key: str, *, path: bool) -> tuple[str, config_path.Path]:
        full = full_key(key, self.project)
        if not path:
            return full, ()
        namespace, _, name = full.partition(":")
        first, *steps = config_path.parse(name)
        return f"{namespace}:{first}", tuple(steps)

    def _short(self, full: str) -> tuple[str, ...]:
        namespace, _, name = full.partition(":")
        return (name,) if namespace == self.project else ()

    def _write(self, text: str) -> None:
        mode = self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644
        write_atomically(self.path, text, mode)
        self.text = text


def full_key(key: str, project: str) -> str:
    """The key with its namespace, the project's if it has none."""
    match str(key).split(":"):
        case [name]:
            return f"{project}:{name}"
        case [_, _]:
            return key
        case [namespace, "config", name]:
            return f"{namespace}:{name}"
    raise ConfigError(
        f"invalid configuration key: could not parse {key} as a configuration key "
        "(configuration keys should be of the form `<namespace>:<name>`)"
    )


def has_secret(value: Any) -> bool:
    """Whether a value is a secret or has one in it."""
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return isinstance(value, Sealed)


def opened(value: Any, secrets: PassphraseSecrets | None) -> Any:
    """The value with its secrets decrypted, or masked if `secrets` is None."""
    if isinstance(value, dict):
        return {key: opened(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [opened(item, secrets) for item in value]
    if isinstance(value, Sealed):
        return secrets.decrypt(value.ciphertext) if secrets else MASK
    return value


def as_text(value: Any) -> str:
    """An opened value as the program gets it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not isinstance(value, bool):
        return number_text(value)
    return compact_json(value)


def compact_json(value: Any) -> str:
    """JSON as the CLI packs it: keys sorted, no spaces, `<`, `>` and `&` escaped."""
    text = json.dumps(_whole_numbers(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def coerced(text: str) -> Any:
    """What a text set at a path becomes: a truth value or a whole number if it looks like one."""
    if text in ("true", "false"):
        return text == "true"
    digits = text.removeprefix("-").removeprefix("+")
    if digits.isascii() and digits.isdigit() and not (len(text) > 1 and text[0] == "0"):
        number = int(text)
        if -(2**63) <= number < 2**64:
            return number
    return text


def merged(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The stack's values over the project's defaults."""
    return {**{key: _top(_read(value)) for key, value in defaults.items()}, **values}


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if list(value) == ["secure"] and isinstance(value["secure"], str):
            return Sealed(value["secure"])
        return {key: _read(item) for key, item in value.items()}
    return [_read(item) for item in value] if isinstance(value, list) else value


def _top(value: Any) -> Any:
    """A scalar at the top is text, whatever it is written like."""
    if value is None:
        return ""
    return value if isinstance(value, str | dict | list | Sealed) else as_text(value)


def _written(value: Any) -> Any:
    if isinstance(value, Sealed):
        return {"secure": value.ciphertext}
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    return [_written(item) for item in value] if isinstance(value, list) else value


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value == int(value) and abs(value) < 1e21:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    return [_whole_numbers(item) for item in value] if isinstance(value, list) else value
