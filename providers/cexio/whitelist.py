"""`cexio:Whitelist`: what the key's page at the exchange is to say, since when, and a person's steps to it.

The exchange has no API for keys, labels, permissions or whitelists. This is the record of what they should
be; whether they are is proven by the trading key. So nothing here calls anything: creating and changing it
cannot fail for the exchange's sake, and deleting it deletes a record and no key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Annotated, Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from cexio.guide_steps import KEY_PAGE, address_text
from cexio.permissions import both_vocabularies
from providers.cexio.source_address import one_address, unseen
from providers.cexio.whitelist_change import Change, change_between
from providers.cexio.whitelist_steps import steps
from providers.contract import Inputs, Provider, Resource, known
from providers.notices import notice, notice_once

KEPT = 50  # entries of the history, the first one always among them
_MODEL = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _rows(permissions: Any) -> Any:
    """Names of either vocabulary, or rows of both, as rows of both."""
    if not isinstance(permissions, (list, tuple)):
        raise ValueError("must be a list of the guide's permissions")  # noqa: TRY004 - pydantic's way
    names = [row.get("guide") if isinstance(row, Mapping) else row for row in permissions]
    return both_vocabularies(str(name) for name in names)


def _words(text: Any) -> Any:
    """One line, which steps, notices and tables can hold."""
    return " ".join(text.split()) if isinstance(text, str) else text


class PermissionRow(BaseModel):
    """A permission in the guide's words and in those of the Spot key page."""

    model_config = _MODEL

    guide: str
    spot: str


class ListedAddress(BaseModel):
    """One address of the whitelist, and whose it is."""

    model_config = _MODEL

    address: Annotated[IPv4Address, BeforeValidator(one_address)]
    reason: Annotated[str, Field(min_length=1), BeforeValidator(_words)]


def _none_twice(listed: tuple[ListedAddress, ...]) -> tuple[ListedAddress, ...]:
    if len({row.address for row in listed}) < len(listed):
        raise ValueError(
            "an address is listed twice: take it out of cexio-bot:extraAddresses, as the host's own is "
            "listed by itself"
        )
    return listed


class WhitelistInputs(Inputs):
    """What is recorded. An empty whitelist is refused: it lets the key be used from anywhere."""

    label: str = Field(min_length=1)
    permissions: Annotated[tuple[PermissionRow, ...], BeforeValidator(_rows)]
    addresses: Annotated[tuple[ListedAddress, ...], Field(min_length=1), AfterValidator(_none_twice)]
    limits: str
    account_id: str | None = None
    review_days: int = Field(gt=0)


class WhitelistProvider(Provider):
    """Keeps the record. The id is the label at the time of creation."""

    inputs = WhitelistInputs

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate what is known; permissions become rows of both vocabularies."""
        checked = super().check(olds, news)
        rows = checked.inputs.get("addresses")
        if checked.failures or not isinstance(rows, (list, tuple)):
            return checked
        told = ((row["address"], self._unseen(row)) for row in rows if known(row))
        failures = [CheckFailure("addresses", f"{address} {fault}") for address, fault in told if fault]
        return CheckResult(checked.inputs, failures)

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare, and say what the change asks of a person: a preview has no other place to show it."""
        found = super().diff(id_, olds, news)
        change = change_between(olds, news) if found.changes else None
        if change is not None:
            notice_once(change.line)
        return found

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record; the history begins."""
        record = WhitelistInputs.of(props)
        return CreateResult(record.label, _outputs(record, [_entry(record, "recorded")]))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record anew, and never silently; the history goes on."""
        record = WhitelistInputs.of(news)
        change = change_between(olds, record.props())
        history, told = list(olds.get("history") or []), olds.get("change")
        if change is not None:
            notice_once(change.line)
            history.append(_entry(record, change.what))
            told = _told(record, change)
        return UpdateResult(_outputs(record, [*history[:1], *history[1:][1 - KEPT :]], told))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The record is all there is, and it is in the state."""
        return ReadResult(id_, dict(props))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Forget the record; the key at the exchange is a person's to delete, and that is said."""
        notice(
            f"key {props.get('label')}: its record is deleted and the key is not: it works from "
            f"{props.get('addressText')} until you delete it at {KEY_PAGE}: do so if the bot is to stay away"
        )

    def _unseen(self, row: Mapping[str, Any]) -> str | None:
        try:
            return unseen(one_address(row.get("address")), sandbox=self.endpoints.sandbox)
        except ValueError as error:
            return str(error)


class Whitelist(Resource, module="cexio", name="Whitelist"):
    """Label, permissions, addresses and limits as the key's page should have them, and the steps to that.

    permissions: the guide's names; as outputs, rows `{guide, spot}`. addresses: rows `{address, reason}`, the
    host's own first. history: rows of what was recorded on which date. change: the latest change, with the
    steps that it asks for; None while the first record stands.
    """

    label: pulumi.Output[str]
    permissions: pulumi.Output[list[dict[str, str]]]
    addresses: pulumi.Output[list[dict[str, str]]]
    limits: pulumi.Output[str]
    address_text: pulumi.Output[str]
    steps: pulumi.Output[list[str]]
    change: pulumi.Output[dict[str, Any] | None]
    history: pulumi.Output[list[dict[str, Any]]]

    def __init__(
        self,
        resource_name: str,
        *,
        label: pulumi.Input[str],
        permissions: Sequence[str],
        addresses: Sequence[Mapping[str, pulumi.Input[str]]],
        limits: pulumi.Input[str],
        account_id: pulumi.Input[str] | None,
        review_days: pulumi.Input[int],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            WhitelistProvider(),
            resource_name,
            {
                "label": label,
                "permissions": list(permissions),
                "addresses": [dict(address) for address in addresses],
                "limits": limits,
                "accountId": account_id,
                "reviewDays": review_days,
                "addressText": None,
                "steps": None,
                "change": None,
                "history": None,
            },
            opts,
        )


def _listed(record: WhitelistInputs) -> list[str]:
    return [str(row.address) for row in record.addresses]


def _today() -> str:
    return dt.datetime.now(dt.timezone.utc).date().isoformat()


def _entry(record: WhitelistInputs, change: str) -> dict[str, Any]:
    return {
        "date": _today(),
        "change": change,
        "label": record.label,
        "addresses": _listed(record),
        "permissions": [row.guide for row in record.permissions],
        "limits": record.limits,
    }


def _outputs(
    record: WhitelistInputs, history: list[dict[str, Any]], change: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    told = steps(
        label=record.label,
        guide=[row.guide for row in record.permissions],
        spot=list(dict.fromkeys(row.spot for row in record.permissions)),
        addresses=_listed(record),
        limits=record.limits,
        account_id=record.account_id,
        review_days=record.review_days,
    )
    outputs = {
        **record.props(),
        "addressText": address_text(_listed(record)),
        "steps": told,
        "history": history,
    }
    return outputs if change is None else {**outputs, "change": change}


def _told(record: WhitelistInputs, change: Change) -> dict[str, Any]:
    return {
        "date": _today(),
        "line": change.line,
        "add": list(change.add),
        "remove": list(change.remove),
        "deactivates": change.deactivates,
        "steps": change.steps(_listed(record)),
    }
