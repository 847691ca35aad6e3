"""URNs (`urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME`) and provider references (`URN::ID`)."""

from __future__ import annotations

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
DYNAMIC = "pulumi-python"


def make(stack: str, project: str, parent: str, kind: str, name: str) -> str:
    """The URN of a resource; a parent that is the stack leaves no trace in it."""
    above = qualified_type(parent) if parent else ""
    path = kind if above in ("", STACK_TYPE) else f"{above}${kind}"
    return f"urn:pulumi:{stack}::{project}::{path}::{name}"


def qualified_type(urn: str) -> str:
    """The types of a resource and those above it, joined by `$`."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def is_provider(kind: str) -> bool:
    return kind.startswith(PROVIDER_PREFIX)


def is_default_provider(urn: str) -> bool:
    return is_provider(type_of(urn)) and name_of(urn).startswith("default")


def provider_reference(urn: str, id_: str) -> str:
    return f"{urn}::{id_}"


def provider_urn(reference: str) -> str:
    """The URN in a provider reference; empty for an empty one."""
    return reference.rpartition("::")[0]
