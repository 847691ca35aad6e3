"""What all answers share: frozen, tolerant of fields that no reference names, exact in amounts.

Amounts are Decimals with the very digits that the exchange sent (`f"{amount:f}"` gives its text back).
Fields that no source promises in every answer may be None; so is an amount that is sent as an empty text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from cexio.errors import InvalidRequestError

T = TypeVar("T")

Exact = Annotated[
    Decimal,
    Field(allow_inf_nan=False),
    PlainSerializer(lambda amount: f"{amount:f}", return_type=str, when_used="json"),
]
"""An amount, a price or a percentage that is always there."""
Maybe = Annotated[Exact | None, BeforeValidator(lambda value: None if value == "" else value)]
"""The same, where it may be missing."""
Moment = int | str
"""A time as it is sent: Unix milliseconds, or an ISO text."""


class Reply(BaseModel):
    """An answer, or a part of one. Unknown fields are kept in `model_extra`."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        alias_generator=to_camel,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        defer_build=True,
    )


class PairRefused(Reply):
    """Why one pair of several was not answered."""

    code: int | None = None
    reason: str = ""


class PerPair(Reply, Generic[T]):
    """Answers by pair, as `BTC-USD`. A pair that was refused is in `refused`, whatever the others got."""

    rows: dict[str, T]
    refused: dict[str, PairRefused]

    def __getitem__(self, pair: str) -> T:
        """The pair's answer. Raises InvalidRequestError where it was refused, KeyError where not asked."""
        if pair in self.refused:
            told = self.refused[pair]
            raise InvalidRequestError(f"{pair}: {told.code} {told.reason!r}", text=told.reason)
        return self.rows[pair]


def per_pair(data: Any) -> Any:
    """An object by pair, with the refused ones apart (`{"error": {code, reason}}` in a pair's place)."""
    if not isinstance(data, dict):
        return data
    refused = {pair: row["error"] for pair, row in data.items() if isinstance(row, dict) and row.get("error")}
    told = {pair: said if isinstance(said, dict) else {"reason": str(said)} for pair, said in refused.items()}
    return {"rows": {pair: row for pair, row in data.items() if pair not in refused}, "refused": told}
