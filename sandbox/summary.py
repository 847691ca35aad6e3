"""What a person reads at the end of `make up` and `make destroy`, from the stack's outputs alone.

It judges nothing: every word of a verdict comes from the outputs.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cexio.permissions import FUNDS_INTERNAL, FUNDS_WALLET
from cexio.readiness import brief
from providers.aws import prices

ELSEWHERE = "A call from elsewhere"
COLOURS = {"granted": "green", "refused": "red", "undetermined": "yellow", "verified": "bold green"}
REAL_ACCOUNT = """\
Next, a real account: see "From the sandbox to a real account" in README.md. In short: install the pulumi CLI,
`pulumi stack init live`, set region, label and accountId, `pulumi up`, make the key by the steps it prints,
and offer it with CEXIO_KEY_FILE. `make down` ends this sandbox."""
KEPT = """
Kept on purpose: the address {address} ({allocation}). The next `make up` adopts it, and the key's whitelist
stays right. On AWS an address costs {monthly}, used or idle. To give it up for good, set
`releaseAddress` to this very address and apply it with an `up` before you destroy."""


def show(outputs: dict[str, Any], *, unchanged: bool, console: Console | None = None) -> None:
    """The summary of a finished `up`."""
    console = console or terminal()
    whitelist = outputs.get("whitelist") or {}
    verification = outputs.get("verification") or {}
    secret = outputs.get("secret") or {}
    console.print()
    console.rule("What you have now")
    facts = Table.grid(padding=(0, 2))
    facts.add_column()
    facts.add_column(overflow="fold")
    kept = f"kept on destroy, {prices.ADDRESS}"
    facts.add_row("Address", f"{outputs.get('address')}  ({outputs.get('allocationId')}, {kept})")
    facts.add_row(
        "Whitelist", f"{whitelist.get('addressText')}  as recorded for key {whitelist.get('label')!r}"
    )
    change = whitelist.get("change")
    if change:
        facts.add_row("Last change", escape(f"{change['date']}  {change['line']}"))
    facts.add_row("Host", str(outputs.get("instanceId")))
    facts.add_row("Secret", f"{secret.get('arn')}  stage {secret.get('stage') or 'none: no key yet'}")
    facts.add_row("Review due", str(outputs.get("reviewDue") or "with the first key"))
    readiness = outputs.get("readiness")
    if readiness:
        facts.add_row("Account", f"{escape(brief(readiness))}  (`pulumi stack output readiness`)")
    status = str(outputs.get("status"))
    facts.add_row(
        "Status", f"[{COLOURS.get(status, 'bold yellow')}]{status}[/]  {verification.get('line') or ''}"
    )
    console.print(facts)
    console.print(verdicts(verification))
    console.print(
        "[bold green]Nothing changed: all was as it should be.[/]"
        if unchanged
        else "Run `make up` again: nothing will change."
    )
    if outputs.get("status") == "awaiting key":
        console.print("\nYour steps:")
        for line in outputs.get("steps") or []:
            console.print(f"  {line}", markup=False)
    console.print()
    console.print(REAL_ACCOUNT, markup=False, soft_wrap=True)


def terminal() -> Console:
    """Where a summary is shown; a pipe has no width of its own, and gets one that folds little."""
    plain = Console(highlight=False, emoji=False)
    return plain if plain.is_terminal else Console(highlight=False, emoji=False, width=120)


def verdicts(verification: dict[str, Any]) -> Table:
    """A line for each permission, each funds permission, and the call from elsewhere."""
    table = Table(title="What was proven, and from where", title_justify="left", expand=False)
    for heading in ("", "verdict", "measured from", "because"):
        table.add_column(heading, overflow="fold")
    elsewhere = verification.get("elsewhere")
    rows = [
        *(verification.get("permissions") or []),
        *(verification.get("funds") or []),
        *([{**elsewhere, "name": ELSEWHERE}] if elsewhere else []),
    ]
    for row in rows:
        verdict = str(row.get("verdict"))
        where = f"{row.get('vantage')} {row.get('address') or ''}".strip()
        colour = "green" if expected(row) else "yellow" if verdict == "undetermined" else "red"
        table.add_row(str(row.get("name")), f"[{colour}]{verdict}[/]", where, str(row.get("reason") or ""))
    return table


def expected(row: dict[str, Any]) -> bool:
    """Whether a row says what a safe key says: trading granted, funds and foreign addresses refused."""
    shut = row.get("name") in (FUNDS_INTERNAL, FUNDS_WALLET, ELSEWHERE)
    return bool(row.get("verdict") == ("refused" if shut else "granted"))


def show_kept(outputs: dict[str, Any], console: Console | None = None) -> None:
    """After a destroy: the address that is kept, what it costs, and how it is released."""
    console = console or terminal()
    if not outputs.get("address"):
        console.print("There was nothing to destroy.")
        return
    named = {"address": outputs["address"], "allocation": outputs.get("allocationId")}
    console.print(KEPT.format(**named, monthly=prices.ADDRESS), markup=False, soft_wrap=True)
