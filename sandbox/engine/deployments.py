"""Deployments as JSON, apart from a run: an empty one, one sealed anew, its outputs, what is wrong with it.

The engine's own reading and writing of resources is `state.py`; here nothing but secrets is looked into.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from sandbox.engine import VERSION
from sandbox.engine.secrets import PassphraseSecrets

MARK = "4dabf18193072939515e22adb298388d"  # the key of a special value's object
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - and its value in a secret's
Deployment = dict[str, Any]


def manifest() -> dict[str, str]:
    """Who wrote a deployment, and when."""
    time = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    return {"time": time, "magic": hashlib.sha256(VERSION.encode()).hexdigest(), "version": VERSION}


def empty(salt: str) -> Deployment:
    """The deployment of a new stack."""
    provider = {"type": "passphrase", "state": {"salt": salt}}
    return {"manifest": manifest(), "secrets_providers": provider, "metadata": {}}


def resealed(deployment: Deployment, old: PassphraseSecrets, new: PassphraseSecrets) -> Deployment:
    """The deployment with its secrets sealed by `new`; as it is if both are of one salt."""
    if old.salt == new.salt:
        return deployment
    provider = {"type": "passphrase", "state": {"salt": new.salt}}
    changed: Deployment = _secrets_mapped(
        deployment, lambda text: {"ciphertext": new.encrypt(old.decrypt(text))}
    )
    return {**changed, "secrets_providers": provider}


def shown(value: Any, secrets: PassphraseSecrets | None) -> Any:
    """A state's value with its secrets as plain values, or as `[secret]` if `secrets` is None."""
    if isinstance(value, list):
        return [shown(item, secrets) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(MARK) == SECRET:
        if secrets is None:
            return "[secret]"
        text = secrets.decrypt(value["ciphertext"]) if "ciphertext" in value else value["plaintext"]
        return shown(json.loads(text), secrets)
    if value.get(MARK) and "urn" in value:
        return value.get("id") or value["urn"]
    return {key: shown(item, secrets) for key, item in value.items()}


def in_plain(deployment: Deployment, secrets: PassphraseSecrets) -> Deployment:
    """The deployment with its secrets in plain, as `stack export --show-secrets` gives it."""
    changed: Deployment = _secrets_mapped(deployment, lambda text: {"plaintext": secrets.decrypt(text)})
    return changed


def sealed(deployment: Deployment, secrets: PassphraseSecrets) -> Deployment:
    """The deployment with the plaintexts in it sealed."""
    changed: Deployment = _plaintexts_sealed(deployment, secrets)
    return changed


def outputs(deployment: Deployment | None) -> dict[str, Any]:
    """The stack's outputs, secrets sealed."""
    for resource in (deployment or {}).get("resources") or []:
        if resource.get("type") == "pulumi:pulumi:Stack" and not resource.get("delete"):
            return dict(resource.get("outputs") or {})
    return {}


def _secrets_mapped(value: Any, change: Callable[[str], dict[str, str]]) -> Any:
    if isinstance(value, list):
        return [_secrets_mapped(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(MARK) == SECRET and "ciphertext" in value:
        return {MARK: SECRET, **change(value["ciphertext"])}
    return {key: _secrets_mapped(item, change) for key, item in value.items()}


def _plaintexts_sealed(value: Any, secrets: PassphraseSecrets) -> Any:
    if isinstance(value, list):
        return [_plaintexts_sealed(item, secrets) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(MARK) == SECRET and "plaintext" in value:
        return {MARK: SECRET, "ciphertext": secrets.encrypt(value["plaintext"])}
    return {key: _plaintexts_sealed(item, secrets) for key, item in value.items()}
