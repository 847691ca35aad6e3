"""What `cexio:TradingKey` puts into the state and says of a proof: outputs and lines, free of secrets.

Pure: it asks nobody and judges nothing. Dates come from the judgement, never from a clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from cexio.judgement import Finding, Judgement, Verdict

PROVEN_WITH = (
    "owner",
    "secretArn",
    "instanceId",
    "addresses",
    "permissions",
    "accountId",
    "pair",
    "endpoint",
    "region",
    "confirmations",
    "reviewRequest",
)
"""Inputs whose change makes the key be proven again; a change of `reviewDays` moves the due date alone."""

STAGE = "AWSCURRENT"
SHORT = 16  # digits of the fingerprint in a confirmation
AWAITING = (
    "no key is offered yet: make one at the exchange by the steps of the whitelist record, then run this "
    "again with CEXIO_KEY_FILE naming a file of mode 0600"
)


def asked(props: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as outputs, so that the next diff can compare them."""
    return {name: props.get(name) for name in (*PROVEN_WITH, "reviewDays")}


def due(verified_at: str | None, props: Mapping[str, Any]) -> dict[str, Any]:
    """When the key was proven, and the day on which it is to be reviewed."""
    if verified_at is None:
        return {"verifiedAt": None, "reviewDue": None}
    day = dt.date.fromisoformat(verified_at[:10]) + dt.timedelta(days=int(props["reviewDays"]))
    return {"verifiedAt": verified_at, "reviewDue": day.isoformat()}


def proven(props: Mapping[str, Any], judgement: Judgement, version: str, mark: str | None) -> dict[str, Any]:
    """The outputs of a key that passed."""
    found = judgement.model_dump(mode="json")
    outputs: dict[str, Any] = {
        **asked(props),
        **due(found["at"], props),
        "status": found["verdict"],
        "summary": found["line"],
        "fingerprint": mark,
        "versionId": version,
        "stage": STAGE,
        "permissionVerdicts": found["permissions"],
        "levelVerdicts": found["levels"],
        "fundsVerdicts": found["funds"],
        "elsewhere": found["elsewhere"],
        "evidence": found["evidence"],
    }
    return dict(without_nulls(outputs))


def awaiting(props: Mapping[str, Any], version: str | None) -> dict[str, Any]:
    """The outputs while there is no key: the version is the placeholder's, if there is one."""
    outputs: dict[str, Any] = {
        **asked(props),
        "status": Verdict.AWAITING_KEY.value,
        "summary": AWAITING,
        "versionId": version,
        "permissionVerdicts": [],
        "levelVerdicts": [],
        "fundsVerdicts": [],
        "evidence": [],
    }
    return dict(without_nulls(outputs))


def without_nulls(value: Any) -> Any:
    """The value as the SDK hands it back: a null kept in an object would look like a change to a refresh."""
    if isinstance(value, Mapping):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, (list, tuple)) else value


def said(judgement: Judgement, mark: str) -> str:
    """The verdict as a line, with the commands that confirm what behaviour could not prove of this key."""
    line = f"{judgement.verdict.value}: {judgement.line}"
    if judgement.verdict not in (Verdict.FUNDS_NOT_PROVEN, Verdict.UNDETERMINED) or any(
        row.verdict is not Finding.GRANTED for row in judgement.permissions
    ):
        return line
    unproven = {
        "withdrawalConfirmed": any(row.verdict is Finding.UNDETERMINED for row in judgement.funds),
        "whitelistConfirmed": judgement.elsewhere.verdict is Finding.UNDETERMINED,
    }
    commands = [
        f"`pulumi config set cexio-bot:{name} '{mark[:SHORT]} YYYY-MM-DD'`"
        for name, open_ in unproven.items()
        if open_
    ]
    return f"{line}: {' and '.join(commands)}" if commands else line


def left_alone(current: str | None, version: str) -> str:
    """What became of the version that did not pass."""
    if current == version:
        return f"it is the key in {STAGE} already and stays there"
    return f"nothing was promoted, {STAGE} is as it was; mend this and offer the same key again, or another"
