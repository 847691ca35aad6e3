"""The stack as a Markdown page: address, verdict, whitelist and steps, for Pulumi's console and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.aws import prices


def readme(
    *,
    address: str,
    status: str,
    line: str,
    whitelist: Mapping[str, Any],
    steps: Sequence[str],
    readiness: Sequence[Mapping[str, str]],
    secret_arn: str,
    review_due: str | None,
) -> str:
    """The page's text; holds nothing that the other outputs do not."""
    rows = [f"| {row['guide']} | {row['spot']} |" for row in whitelist["permissions"]]
    listed = [f"- `{row['address']}`: {row['reason']}" for row in whitelist["addresses"]]
    change = whitelist.get("change")
    changed = (
        ["", f"Last change, {change['date']}: {change['line']}.", "", *change["steps"]] if change else []
    )
    return "\n".join(
        [
            f"# CEX.IO bot host at {address}",
            "",
            f"**{status}**: {line}",
            "",
            f"The address is {prices.ADDRESS}, used or idle, and stays after `pulumi destroy`.",
            "",
            f"Review due: {review_due or 'with the first key'}. Secret: `{secret_arn}`.",
            "",
            f"## The key `{whitelist['label']}`",
            "",
            "| permission (guide) | level (Spot key page) |",
            "|---|---|",
            *rows,
            "",
            f"Trading limits: {whitelist['limits']}. Whitelist, as the key page takes it:",
            f"`{whitelist['addressText']}`",
            "",
            *listed,
            *changed,
            "",
            "## Is the account ready?",
            "",
            "| | settled | finding | from | left to do |",
            "|---|---|---|---|---|",
            *(_row(row) for row in readiness),
            "",
            "## Your steps",
            "",
            *steps,
            "",
        ]
    )


def _row(row: Mapping[str, str]) -> str:
    cells = (row.get(name, "") for name in ("item", "settled", "finding", "evidence", "next"))
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
