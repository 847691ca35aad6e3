"""Whether the exchange account is ready for a bot: what the guide asks for before the key, as a checklist.

A row is `measured` by the proof of a key, `stated by you on DATE` in the configuration, or `open`. Pure: made
from evidence that is kept already and from statements; asks nobody, and takes nothing that was not seen for
fine. Holds no amounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from cexio.causes import read
from cexio.countries import turned_away
from cexio.measurement import Answer
from cexio.probes import BALANCE, KEY_CHECK

MEASURED = "measured"
OPEN = "open"
UNDETERMINED = "undetermined"
NO_PROOF = "no proof of a key has shown it yet"
PROVE = (
    "offer a key, or have the one there proven again: `pulumi config set cexio-bot:reviewRequest N`, "
    "`pulumi up`"
)


class Row(BaseModel):
    """One item. settled: as above. finding: what was seen. next: what is left to do, if anything is."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    item: str
    settled: str
    finding: str
    evidence: str
    next: str | None = None


_ASKED = {
    "twoFactorOn": (
        "two-factor login",
        "see in the account's security settings that it is on",
    ),
    "countryEligible": (
        "country of the account",
        "see in the exchange's list of countries that yours may trade",
    ),
    "apiRequirementsMet": (
        "API requirements",
        "see that the account is verified as far as the exchange's API guide asks",
    ),
}
"""Item and what to look at, by the setting that states it."""


def readiness(
    *,
    evidence: Iterable[Mapping[str, Any]],
    statements: Mapping[str, str],
    account_id: str | None,
    pair: str,
    region: str,
    country: str | None,
) -> list[dict[str, str]]:
    """The checklist, in the guide's order.

    evidence: rows of `verdicts.evidence`, with what `sub_account` adds. statements: the day, by setting.
    region, country: where the host is, as the cloud names it; None where the country is not known.
    """
    rows = [row for row in evidence if row.get("vantage") == "host"]
    told = [
        *(_asked(setting, statements.get(setting)) for setting in _ASKED),
        _egress(region, country, rows),
        *_account(account_id, rows),
        _fee(pair, rows),
    ]
    return [row.model_dump(exclude_none=True) for row in told]


def brief(rows: Sequence[Mapping[str, str]]) -> str:
    """The checklist in one line: how many are settled and by whom, and the names of those with work left."""
    measured = sum(row["settled"] == MEASURED and "next" not in row for row in rows)
    left = [row["item"] for row in rows if "next" in row]
    stated = len(rows) - measured - len(left)
    counts = [f"{measured} measured", *([f"{stated} stated by you"] if stated else [])]
    return ", ".join(counts) + (f"; left: {', '.join(left)}" if left else "; nothing left")


def _asked(setting: str, day: str | None) -> Row:
    item, look = _ASKED[setting]
    if day is not None:
        return Row(
            item=item, settled=f"stated by you on {day}", finding="yes", evidence="your word, not measured"
        )
    return Row(
        item=item,
        settled=OPEN,
        finding=UNDETERMINED,
        evidence="asked of you, not measured: no call shows it",
        next=f"{look}, then `pulumi config set cexio-bot:{setting} YYYY-MM-DD`",
    )


def _egress(region: str, country: str | None, rows: Sequence[Mapping[str, Any]]) -> Row:
    """The host's country: whether the exchange answered there, and whether it may stop to."""
    item = "country of the host"
    where = f"region {region} is in {country or 'a country not known here'}"
    row, _ = _answered(KEY_CHECK, rows)
    against = turned_away(country)
    if against is not None:
        seen = f"; so far it answers: {_source(row)}" if row else ""
        return Row(
            item=item,
            settled=MEASURED if row else OPEN,
            finding="advised against",
            evidence=f"{where}, and {against}{seen}",
            next="move to another region; the address there is another, so the whitelist is to be edited",
        )
    if row is None:
        return Row(item=item, settled=OPEN, finding=UNDETERMINED, evidence=f"{where}; {NO_PROOF}", next=PROVE)
    return Row(item=item, settled=MEASURED, finding="served there", evidence=f"{where}; {_source(row)}")


def _account(account_id: str | None, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """That the sub-account for API orders is there, and that it is funded."""
    if account_id is None:
        name_it = "make one and name it: `pulumi config set cexio-bot:accountId NAME`"
        return [
            Row(item=item, settled=OPEN, finding=UNDETERMINED, evidence="none is named", next=name_it)
            for item in ("sub-account for API orders", "funds in the sub-account")
        ]
    row, _ = _answered(BALANCE, rows)
    account = (row or {}).get("account")
    found = account if isinstance(account, Mapping) and account.get("name") == account_id else {}
    return [
        _measured(
            "sub-account for API orders",
            row,
            seen=found.get("exists"),
            yes=f"{account_id} is there",
            no=f"{account_id} is not there",
            mend=f"make the sub-account {account_id} at the exchange, or name another in cexio-bot:accountId",
        ),
        _measured(
            "funds in the sub-account",
            row,
            seen=found.get("funded"),
            yes="funded",
            no="not funded",
            mend=f"move what the bot may trade with into {account_id}",
        ),
    ]


def _fee(pair: str, rows: Sequence[Mapping[str, Any]]) -> Row:
    """That the fee of the pair is told, so that the bot can reckon with it."""
    row, data = _answered(KEY_CHECK, rows)
    try:
        percent = str(data["tradingFee"][pair]["percent"])
    except (TypeError, KeyError):
        percent = ""
    readable = re.fullmatch(r"\d+(\.\d+)?", percent) is not None
    return _measured("fee tier", row, seen=readable or None, yes=f"{percent}% on {pair}")


def _measured(
    item: str, row: Mapping[str, Any] | None, *, seen: Any, yes: str, no: str = "", mend: str | None = None
) -> Row:
    """A row from evidence. seen: True or False as it was seen, anything else is undetermined."""
    source = NO_PROOF if row is None else _source(row)
    if row is not None and seen is True:
        return Row(item=item, settled=MEASURED, finding=yes, evidence=source)
    if row is not None and seen is False:
        return Row(item=item, settled=MEASURED, finding=no, evidence=source, next=mend)
    unread = source if row is None else f"not to be read from {source}"
    return Row(item=item, settled=OPEN, finding=UNDETERMINED, evidence=unread, next=PROVE)


def _answered(probe: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any] | None, Any]:
    """The latest row of a probe that the exchange answered by a success, and the data in it if whole."""
    for row in reversed(rows):
        if row.get("probe") != probe:
            continue
        try:
            answer = Answer.model_validate({k: v for k, v in row.items() if k in Answer.model_fields})
        except ValidationError:
            continue
        reading = read(answer)
        if answer.status == 200 and (reading.shape == "ok" or _began_well(reading.shape, answer.text)):
            return row, reading.data
    return None, None


def _began_well(shape: str, text: str) -> bool:
    """Whether a text that is no whole document, as it was cut, begins as a success does."""
    return shape == "page" and re.match(r'\{"ok"\s*:\s*"ok"\s*,\s*"data"\s*:', text) is not None


def _source(row: Mapping[str, Any]) -> str:
    return f"{row.get('action')} from {row.get('address')}, {row.get('at')}: HTTP {int(row['status'])}"
