"""What a changed record asks of a person: what to add and remove, and that the key stops meanwhile.

Compares two records, old and new; unknown values are passed over, so that a preview tells what is known
already. Does not record, and does not know whether the key has been made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from cexio.guide_steps import KEY_PAGE, address_text
from providers.contract import known

DEACTIVATES = "this edit deactivates the key; have your mail at hand"
HARMLESS = "nothing to edit on the key page"
ACTIVATE_AGAIN = (
    "Activate the key by the e-mailed link or code, good for 5 minutes; until then the bot is refused."
)
PROVE_AGAIN = (
    "Have it proven again: `pulumi config set cexio-bot:reviewRequest N` (a number not used yet), then "
    "`pulumi up`."
)

Record = Mapping[str, Any]


class Change(BaseModel):
    """The difference of two records. `edits`: of the key page. `notes`: of nothing but the record."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    label: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    deactivates: bool = False

    @property
    def what(self) -> str:
        """All that is different, without what follows from it."""
        return ", ".join((*self.edits, *self.notes))

    @property
    def line(self) -> str:
        """The difference and what it means for the key."""
        if self.deactivates:
            meaning = DEACTIVATES
        else:
            meaning = f"set it at {KEY_PAGE}, and see that the key stays active" if self.edits else HARMLESS
        return " ".join(f"key {self.label}: {self.what}: {meaning}".split())

    def steps(self, addresses: Sequence[str]) -> list[str]:
        """What is left to a person, numbered; nothing where the key page stays as it is."""
        if not self.edits:
            return []
        told = [
            f"Open {KEY_PAGE}, mail and second factor at hand, and edit the key `{self.label}`.",
            f"Change there: {', '.join(self.edits)}.",
            f"The whitelist is then exactly: {address_text(addresses)}",
            ACTIVATE_AGAIN,
            PROVE_AGAIN,
        ]
        return [f"{number}. {text}" for number, text in enumerate(told, 1)]


def change_between(old: Record, new: Record) -> Change | None:
    """What differs between two records, as far as it is known; None where nothing that is known does."""
    before, after = _reasons(old), _reasons(new)
    add = tuple(address for address in after if address not in before)
    remove = tuple(address for address in before if address not in after) if _whole(new) else ()
    edits = [
        *(f"add {address} ({after[address]})" for address in add),
        *(f"remove {address} ({before[address]})" for address in remove),
    ]
    if _guide(new) and _guide(new) != _guide(old):
        edits.append(f"permissions {', '.join(_guide(new))} instead of {', '.join(_guide(old))}")
    deactivates = bool(edits)
    if _differs("label", old, new):
        edits.append(f"the label becomes {new['label']!r}")
    if _differs("limits", old, new):
        edits.append(f"the trading limits become {new['limits']!r}")
    notes = [f"another reason for {one}" for one in after if one in before and after[one] != before[one]]
    if not (add or remove or notes) and _whole(new) and list(before) != list(after):
        notes.append("another order of the addresses")
    if _differs("accountId", old, new):
        notes.append("another sub-account")
    if _differs("reviewDays", old, new):
        notes.append(f"a review every {new['reviewDays']:.0f} days")
    if not (edits or notes):
        return None
    label = old.get("label") or new.get("label")
    return Change(
        label=str(label),
        add=add,
        remove=remove,
        edits=tuple(edits),
        notes=tuple(notes),
        deactivates=deactivates,
    )


def _reasons(record: Record) -> dict[str, str]:
    """Reason by address, of the rows that are known."""
    rows = record.get("addresses")
    listed = [row for row in rows if known(row)] if isinstance(rows, (list, tuple)) else []
    return {str(row["address"]): str(row["reason"]) for row in listed}


def _whole(record: Record) -> bool:
    return known(record.get("addresses"))


def _guide(record: Record) -> list[str]:
    """The guide's permissions, of rows or (in a record that is not wholly known yet) of names."""
    rows = record.get("permissions") or []
    return [str(row["guide"]) if isinstance(row, Mapping) else str(row) for row in rows if known(row)]


def _differs(name: str, old: Record, new: Record) -> bool:
    return known(new.get(name)) and (old.get(name) or None) != (new.get(name) or None)
