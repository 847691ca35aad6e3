"""`cexio:Whitelist`: what the key's page at the exchange is to say, since when, and a person's steps to it.

The exchange has no API for keys, labels, permissions or whitelists. This is the record of what they should
be; whether they are is proven by the trading key. So nothing here calls anything: creating and changing it
cannot fail for the exchange's sake, and deleting it deletes a record and no key.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    UpdateResult,
)
from pulumi.output import Unknown

from cexio.permissions import UnknownPermissionError, both_vocabularies
from providers.cexio.source_address import can_be_seen
from providers.contract import Provider

RECORDED = ("label", "permissions", "addresses", "limits", "accountId", "reviewDays")
SEPARATOR = ","  # the key page takes spaces, semicolons or commas between addresses
KEPT = 50  # changes in the history
KEY_PAGE = "https://trade.cex.io/terminal/settings/keys"
COPY = (
    "Copy key and secret when they are shown (once) into a file of mode 0600 as "
    '{"key": "...", "secret": "..."}; into no chat, mail, repository or Pulumi config.'
)
ACTIVATE = (
    "Activate the key with the link or code that comes by e-mail; it does nothing before. "
    "Every later edit of permissions or whitelist switches it off until it is activated again."
)
OFFER = (
    "Offer the key: `CEXIO_KEY_FILE=key.json pulumi up`. It is proven from the host and from here before the "
    "bot may read it; then delete the file."
)


class WhitelistProvider(Provider):
    """Keeps the record. The id is the label at the time of creation."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate what is known; permissions become rows of both vocabularies."""
        inputs, failures = dict(news), []
        try:
            inputs["permissions"] = _rows(news.get("permissions"))
        except UnknownPermissionError as error:
            failures.append(CheckFailure("permissions", str(error)))
        for reason in _address_faults(news.get("addresses"), sandbox=self.endpoints.sandbox):
            failures.append(CheckFailure("addresses", reason))
        return CheckResult(inputs, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """A change of what is recorded is an update; a record is never replaced."""
        return DiffResult(changes=bool(_changed(olds, news)), replaces=[], delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record; the history begins."""
        return CreateResult(id_=str(props["label"]), outs=_outputs(props, [_entry(props, "recorded")]))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record anew; the history goes on."""
        change = f"changed: {', '.join(_changed(olds, news))}"
        history = [*(olds.get("history") or []), _entry(news, change)]
        return UpdateResult(outs=_outputs(news, history[-KEPT:]))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The record is all there is, and it is in the state."""
        return ReadResult(id_, dict(props))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Forget the record; the key at the exchange is a person's to delete."""


class Whitelist(Resource, module="cexio", name="Whitelist"):
    """Label, permissions, addresses and limits as the key's page should have them, and the steps to that.

    addresses: rows `{address, reason}`, the host's own first; an extra one needs its reason. permissions:
    names of the guide's; they become rows `{guide, spot}`.
    """

    label: pulumi.Output[str]
    permissions: pulumi.Output[list[dict[str, str]]]
    addresses: pulumi.Output[list[dict[str, str]]]
    limits: pulumi.Output[str]
    address_text: pulumi.Output[str]
    steps: pulumi.Output[list[str]]
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
                "history": None,
            },
            opts,
        )


def _rows(permissions: Any) -> Any:
    if isinstance(permissions, Unknown) or not isinstance(permissions, list):
        return permissions
    names = [row.get("guide") if isinstance(row, Mapping) else row for row in permissions]
    if any(isinstance(name, Unknown) for name in names):
        return permissions
    return both_vocabularies(str(name) for name in names)


def _address_faults(addresses: Any, *, sandbox: bool) -> list[str]:
    """What is wrong with the addresses that are known already."""
    if isinstance(addresses, Unknown):
        return []
    if not isinstance(addresses, list) or not addresses:
        return ["no address: an empty whitelist lets the key be used from anywhere; give the host's address"]
    faults, seen = [], set()
    for row in addresses:
        address = row.get("address") if isinstance(row, Mapping) else None
        if isinstance(row, Unknown) or isinstance(address, Unknown):
            continue
        try:
            parsed = ipaddress.IPv4Address(str(address))
        except ValueError:
            faults.append("an entry is not one IPv4 address: give each address by itself, without a range")
            continue
        if not can_be_seen(parsed, sandbox=sandbox):
            faults.append(f"{parsed} is not a public address, so the exchange can never see it: remove it")
        if parsed in seen:
            faults.append(f"{parsed} is listed twice: remove one")
        seen.add(parsed)
    return faults


def _changed(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    return [name for name in RECORDED if olds.get(name) != news.get(name)]


def _listed(props: Mapping[str, Any]) -> list[str]:
    return [str(row["address"]) for row in props["addresses"]]


def _entry(props: Mapping[str, Any], change: str) -> dict[str, Any]:
    return {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "change": change,
        "label": props["label"],
        "addresses": _listed(props),
        "permissions": [row["guide"] for row in props["permissions"]],
        "limits": props["limits"],
    }


def _outputs(props: Mapping[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **props,
        "addressText": SEPARATOR.join(_listed(props)),
        "steps": steps(props),
        "history": history,
    }


def steps(props: Mapping[str, Any]) -> list[str]:
    """What only a person can do, numbered, with everything to type in it; the guide's steps 1 to 6.

    A change of an existing key's whitelist or permissions takes the key out of work until it is activated.
    """
    rows: list[dict[str, str]] = props["permissions"]
    guide = ", ".join(row["guide"] for row in rows)
    spot = ", ".join(dict.fromkeys(row["spot"] for row in rows))
    listed = _listed(props)
    only = "this one address" if len(listed) == 1 else f"these {len(listed)} addresses"
    limits = str(props["limits"])
    limit_step = (
        "Trading limits: none are recorded, as the page is not known to offer any. If it does, set them and "
        "record them: `pulumi config set cexio-bot:tradingLimits TEXT`."
        if limits == "not offered"
        else f"Trading limits: set them as recorded: {limits}."
    )
    account = props.get("accountId")
    account_step = (
        f"Sub-account: see that `{account}` exists and holds what the bot may trade with; orders need one."
        if account
        else "Sub-account: make one, as orders need it; `pulumi config set cexio-bot:accountId NAME`."
    )
    told = [
        "Two-factor login: see that it is on, and that the account meets the exchange's API requirements.",
        account_step,
        f"Open API Management at {KEY_PAGE} (the Spot page; keys of the legacy page are of the wrong kind).",
        f"Create a key with the label `{props['label']}`.",
        f"Permissions: on for {spot} and nothing else. In the guide's words: {guide}.",
        "Withdrawal: see that it is off, and Funds Internal and Funds Wallet with it.",
        f"IP whitelist: enter {only} exactly so: {SEPARATOR.join(listed)}",
        COPY,
        ACTIVATE,
        "Look again: withdrawal off, whitelist as above, status active.",
        limit_step,
        OFFER,
        f"Review permissions and whitelist every {int(props['reviewDays'])} days, and never share the key.",
    ]
    return [f"{number}. {text}" for number, text in enumerate(told, 1)]
