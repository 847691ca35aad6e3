"""Names of stacks: `STACK`, `organization/STACK` or `organization/PROJECT/STACK`."""

from __future__ import annotations

import re

from sandbox.engine.errors import UsageError

ORGANIZATION = "organization"


def checked_name(text: str, project: str) -> str:
    """The bare name of a stack of this project; UsageError if it names another's or is no name."""
    *owner, name = text.split("/")
    if owner and owner[0] != ORGANIZATION:
        raise UsageError(f"organization name must be '{ORGANIZATION}'. Stack {text!r} names another")
    if len(owner) > 2 or (len(owner) == 2 and owner[1] != project):
        raise UsageError(f"provided project name {owner[1]!r} doesn't match Pulumi.yaml")
    bad = re.search(r"[^A-Za-z0-9_.-]", name)
    if bad or not name or len(name) > 100:
        where = f": invalid character {bad[0]!r} at position {bad.start()}" if bad else ""
        raise UsageError(
            f"a stack name may only contain alphanumeric, hyphens, underscores, or periods{where}"
        )
    return name
