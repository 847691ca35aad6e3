"""Writes docs/aws-errors.md from the tables that the providers tell AWS's refusals by.

python docs/aws_errors.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "aws-errors.md"
HEAD = """\
# What AWS refuses, and what to do

Written by `python docs/aws_errors.py` from `providers/aws/catalogue.py`; a test holds it to that.

Every failure of a call ends in one line: the object, the action as IAM has it, AWS's code and text, its
request id (what AWS's support asks for), and the next step. Whatever a run was told, the next run of the same
command begins by looking for what the last one made. A call is repeated by itself where that is safe, for
about a minute; what is listed here is what is left after that. `ACTION` stands for the call, `REGION` for
`cexio-bot:region`.
"""


def page() -> str:
    """The page's text."""
    from providers.aws import catalogue

    rows: dict[catalogue.Refusal, list[str]] = {}
    for code, refusal in catalogue.REFUSALS.items():
        rows.setdefault(refusal, []).append(code)
    lines = [HEAD, "## Codes\n", "| code | what it means | what to do |", "|---|---|---|"]
    lines += [
        f"| {_codes(codes)} | {refusal.meaning} | {_advice(refusal.advice)} |"
        for refusal, codes in rows.items()
    ]
    others = (
        ("any `….NotFound`, `NoSuchEntity`, `ResourceNotFoundException`", catalogue.GONE),
        ("`InvalidParameterValue` about an IAM instance profile", catalogue.PROFILE),
        ("any other answer of status 5xx", catalogue.TROUBLE),
        ("an answer that is none of AWS's (`GarbledAnswer`)", catalogue.NOT_AWS),
    )
    lines += [f"| {code} | {row.meaning} | {_advice(row.advice)} |" for code, row in others]
    lines += ["\n## Quotas\n", "| code, or call | quota | what to do |", "|---|---|---|"]
    quotas = [(f"`{code}`", quota) for code, quota in catalogue.QUOTAS.items()]
    quotas += [
        (f"`LimitExceeded` or `LimitExceededException` of `{action}`", quota)
        for action, quota in catalogue.QUOTAS_BY_ACTION.items()
    ]
    lines += [
        f"| {code} | {quota.name} | {catalogue.quota_advice(quota, 'REGION')} |" for code, quota in quotas
    ]
    lines += [
        "\n## What a call asks for beside its own name\n",
        "AWS refuses the whole call where one of these is missing, and names only the call. With",
        "`sts:DecodeAuthorizationMessage` allowed, the line says which it was.\n",
        "| call | also needs |",
        "|---|---|",
    ]
    lines += [f"| `{action}` | {', '.join(others)} |" for action, others in catalogue.ALSO_NEEDED.items()]
    return "\n".join(lines) + "\n"


def _codes(codes: list[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _advice(text: str) -> str:
    return text.format(action="ACTION", region="REGION")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(), "utf-8")
