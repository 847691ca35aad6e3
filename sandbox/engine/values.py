"""Property values: as the engine holds them, as they travel, as they lie in a state.

A value is None, a bool, a number (float), a text, a list, a dict, or one of the three kinds that JSON has
not: `Secret`, `UNKNOWN` (only known after a create) and `Reference` (to a resource). Values are never changed
in place, so they may be shared. Assets and archives are refused: no dynamic resource of this project has any.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.engine.errors import EngineError

Properties = dict[str, Any]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret in a state, is none itself
REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSETS = {"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"}
EXACT = 2.0**53
"""Up to here a float holds every whole number."""
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_TEXTS = {
    UNKNOWN_TEXT,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}


class UnsupportedValueError(EngineError):
    """A value of a kind that the stand-in engine does not know."""


class Unknown:
    """The one value that stands for all that is known only after a create or update."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is shown to nobody and sealed in a state."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True)
class Reference:
    """A resource given as a value: its URN, and its id if it is a custom one."""

    urn: str
    id: Any = None


def decoded(value: Any) -> Any:
    """The value of JSON-like data from the wire, markers of secrets and unknowns read."""
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_TEXTS else value
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(SIGNATURE)
    if kind is None:
        return {key: decoded(item) for key, item in value.items()}
    if kind == SECRET:
        return Secret(decoded(value.get("value")))
    if kind == REFERENCE:
        return Reference(value["urn"], decoded(value.get("id")))
    if kind == OUTPUT:
        inner = decoded(value["value"]) if "value" in value else UNKNOWN
        return Secret(inner) if value.get("secret") else inner
    if kind in ASSETS:
        raise UnsupportedValueError("assets and archives are not known to this engine: use the pulumi CLI")
    raise UnsupportedValueError(f"a value of the unknown kind {kind} came in: use the pulumi CLI")


def encoded(value: Any, *, secrets: bool, references: bool = True) -> Any:
    """The JSON-like form of a value for the wire, secrets and references marked, or given as what they
    hold."""
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, Secret):
        inner = encoded(value.value, secrets=secrets, references=references)
        return {SIGNATURE: SECRET, "value": inner} if secrets else inner
    if isinstance(value, Reference):
        if not references:
            return value.urn if value.id is None else encoded(value.id, secrets=secrets)
        return {SIGNATURE: REFERENCE, "urn": value.urn} | (
            {} if value.id is None else {"id": encoded(value.id, secrets=secrets)}
        )
    if isinstance(value, list):
        return [encoded(item, secrets=secrets, references=references) for item in value]
    if isinstance(value, dict):
        return {key: encoded(item, secrets=secrets, references=references) for key, item in value.items()}
    return value


def from_state(value: Any, decrypt: Callable[[str], str]) -> Any:
    """The value of what lies in a state; the errors are those of `decrypt`."""
    if isinstance(value, list):
        return [from_state(item, decrypt) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(SIGNATURE)
    if kind == SECRET:
        text = decrypt(value["ciphertext"]) if value.get("ciphertext") else value["plaintext"]
        return Secret(from_state(json.loads(text), decrypt))
    if kind == REFERENCE:
        return Reference(value["urn"], value.get("id"))
    if kind in ASSETS:
        raise UnsupportedValueError(
            "the state holds an asset, which is not known to this engine: use the pulumi CLI"
        )
    return {key: from_state(item, decrypt) for key, item in value.items()}


def to_state(value: Any, seal: Callable[[str], Mapping[str, str]]) -> Any:
    """What lies in a state for a value; `seal` gives the members of a secret's object for its JSON text."""
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, **seal(json.dumps(plain(value.value), separators=(",", ":")))}
    if isinstance(value, Reference):
        id_ = {} if value.id is None else {"id": to_state(value.id, seal)}
        return {SIGNATURE: REFERENCE, "urn": value.urn, **id_, "packageVersion": ""}
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, list):
        return [to_state(item, seal) for item in value]
    if isinstance(value, dict):
        return {key: to_state(item, seal) for key, item in value.items()}
    return number(value)


def masked(value: Any) -> Any:
    """A state's form of a value that shows no secret."""
    return to_state(value, lambda _: {"ciphertext": "[secret]"})


def number(value: Any) -> Any:
    """The value, a whole float as an int with the digits that the CLI writes: 3.0 is written 3."""
    if not isinstance(value, float) or not value.is_integer() or abs(value) >= 1e21:
        return value
    if abs(value) < EXACT:
        return int(value)
    from decimal import Decimal

    return int(Decimal(repr(value)))


def plain(value: Any) -> Any:
    """The value as JSON, secrets opened."""
    return (
        number(value) if not isinstance(value, dict | list | Secret | Reference | Unknown) else _plain(value)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return to_state(value, lambda _: {})


def unwrapped(value: Any) -> Any:
    """The value without its secret marks."""
    if isinstance(value, Secret):
        return unwrapped(value.value)
    if isinstance(value, dict):
        return {key: unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; a secret is no plain value, True is no 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Secret) and isinstance(other, Secret):
        return same(one.value, other.value)
    return bool(one == other)


def has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(has_secret, value.values()))
    if isinstance(value, list):
        return any(map(has_secret, value))
    return isinstance(value, Secret)


def has_unknown(value: Any) -> bool:
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return value is UNKNOWN


def with_secrets_of(values: Properties, marks: Properties) -> Properties:
    """The values, those made secrets that have the same key as a secret (or what holds one) among the marks.

    This is how secretness survives a provider that is given none.
    """
    result = dict(values)
    for key, mark in marks.items():
        value = result.get(key)
        if key not in result:
            continue
        if isinstance(value, dict) and isinstance(mark, dict):
            result[key] = with_secrets_of(value, mark)
        elif not isinstance(value, Secret) and has_secret(mark):
            result[key] = Secret(value)
    return result
