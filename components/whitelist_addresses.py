"""Addresses in the settings: each one public IPv4 address, and an extra one of the whitelist with its reason.

Texts complete the name of a setting and show no value, as people paste secrets into the wrong field.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic.alias_generators import to_camel

from providers.cexio.source_address import one_address, unseen


def _checked(value: str, info: ValidationInfo) -> str:
    address = one_address(value)
    fault = unseen(address, sandbox=bool((info.context or {}).get("sandbox")))
    if fault is not None:
        raise ValueError(fault)
    return str(address)


def one_line(value: str) -> str:
    """A text as one printable line: it goes into steps, notices and tables."""
    line = " ".join(value.split())
    if not line.isprintable():
        raise ValueError("has characters that cannot be printed: type it anew")
    return line


def _reason(value: str) -> str:
    line = one_line(value)
    if len(line) < 3:
        raise ValueError("says no reason: say in some words whose address it is and why it may use the key")
    return line


WhitelistAddress = Annotated[str, AfterValidator(_checked)]


class ExtraAddress(BaseModel):
    """An address on the whitelist beside the host's own, and why it is there."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=True,
    )

    address: WhitelistAddress
    reason: Annotated[str, AfterValidator(_reason)] = Field(max_length=200)
