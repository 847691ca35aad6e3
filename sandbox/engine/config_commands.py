"""`config`: list, get, set, remove. A secret is asked for and printed only where the command says so."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

from sandbox.engine import config as configuration
from sandbox.engine import config_path, project_config
from sandbox.engine.config import StackConfig, as_text, coerced, full_key, has_secret, opened
from sandbox.engine.config_path import Sealed
from sandbox.engine.errors import ConfigError, UsageError
from sandbox.engine.session import Session


def show(session: Session, flags: Namespace) -> int:
    """`config`: every key, secrets masked unless --show-secrets."""
    config = session.config
    values = configuration.merged(config.values, project_config.defaults(session.project.declared))
    secrets = session.secrets if flags.show_secrets and any(map(has_secret, values.values())) else None
    if flags.json:
        told = {key: _entry(values[key], session, shown=flags.show_secrets) for key in sorted(values)}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    mine = f"{session.project.name}:"
    rows = [("KEY", "VALUE")]
    for key in sorted(values):
        value = opened(values[key], secrets)
        rows.append((key.removeprefix(mine), as_text(value)))
    width = max(len(key) for key, _ in rows)
    for key, value in rows:
        print(f"{key:<{width}}  {value}".replace("\n", "\n" + " " * (width + 2)))
    return 0


def get(session: Session, flags: Namespace) -> int:
    """`config get`: one value, secret or not."""
    config = session.config
    try:
        value = config.get(flags.key, path=flags.path)
    except LookupError:
        value = _default(session, flags)
    if flags.json:
        print(json.dumps(_entry(value, session, shown=True), indent=2, ensure_ascii=False))
    else:
        print(as_text(opened(value, session.secrets if has_secret(value) else None)))
    return 0


def set_value(session: Session, flags: Namespace) -> int:
    """`config set`: from the command line, standard input, or (on a terminal) a prompt."""
    config = session.config
    text = flags.value
    full_key(flags.key, session.project.name)
    if text is None:
        if sys.stdin.isatty():
            text = _asked(flags)
        else:
            text = sys.stdin.read()
            text = text if flags.raw else text.rstrip("\r\n")
    _set(config, session, flags.key, text, secret=flags.secret, path=flags.path, kind=flags.type)
    return 0


def set_all(session: Session, flags: Namespace) -> int:
    """`config set-all`: several `KEY=VALUE` at once."""
    pairs = [(pair, True) for pair in flags.secret] + [(pair, False) for pair in flags.plaintext]
    for pair, secret in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"config set-all: {key!r} has to be KEY=VALUE")
        _set(session.config, session, key, text, secret=secret, path=flags.path, kind=None)
    return 0


def remove(session: Session, flags: Namespace) -> int:
    """`config rm`: nothing happens if the key is not there."""
    session.config.remove(flags.key, path=flags.path)
    return 0


def remove_all(session: Session, flags: Namespace) -> int:
    """`config rm-all`: several keys at once."""
    for key in flags.keys:
        session.config.remove(key, path=flags.path)
    return 0


def _set(
    config: StackConfig, session: Session, key: str, text: str, *, secret: bool, path: bool, kind: str | None
) -> None:
    value: Any = _typed(text, kind) if kind else text
    if secret:
        value = Sealed(session.secrets.encrypt(text))
    elif path and not kind and _is_deep(key):
        value = coerced(text)
    config.set(key, value, path=path)


def _is_deep(key: str) -> bool:
    try:
        return len(config_path.parse(key.rpartition(":")[2] if '"' not in key else key)) > 1
    except ConfigError:
        return False  # what is wrong is told when it is set


def _typed(text: str, kind: str) -> Any:
    try:
        match kind:
            case "bool":
                return {"true": True, "false": False}[text]
            case "int":
                return int(text)
            case "float":
                return float(text)
    except (KeyError, ValueError):
        raise UsageError(f"{text!r} is no {kind}") from None
    return text


def _asked(flags: Namespace) -> str:
    if flags.secret:
        import getpass

        return getpass.getpass("value: ")
    return input("value: ")


def _default(session: Session, flags: Namespace) -> Any:
    full = full_key(flags.key, session.project.name)
    if not flags.path and full in project_config.defaults(session.project.declared):
        return configuration.merged({}, project_config.defaults(session.project.declared))[full]
    raise ConfigError(f"configuration key '{flags.key}' not found for stack '{session.stack}'")


def _entry(value: Any, session: Session, *, shown: bool) -> dict[str, Any]:
    """A value as `config --json` tells it."""
    secret = has_secret(value)
    if secret and not shown:
        return {"secret": True}
    plain = opened(value, session.secrets if secret else None)
    entry: dict[str, Any] = {"value": as_text(plain)}
    if isinstance(plain, dict | list):
        entry["objectValue"] = json.loads(as_text(plain))  # keys sorted
    return {**entry, "secret": secret}
