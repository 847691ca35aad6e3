"""Whether the caller is among those whom the secret's policy lets at the key's value, where some are named.

Where nobody is named it is for the secret itself to say: only the stack's state knows who made it.
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.aws.caller import caller
from providers.aws.checks.finding import Finding, fine
from providers.aws.deployers import admits, let_in
from providers.aws.plan import Plan
from providers.endpoints import Endpoints


def deployers(plan: Plan, endpoints: Endpoints) -> Iterator[Finding]:
    """The caller among cexio-bot:deployers; LockedOut is the refusal."""
    who = caller(endpoints)
    if plan.deployers and not admits(plan.deployers, who):
        let_in(plan.names.secret("key", plan.host), plan.deployers, (), who)
    elif plan.deployers:
        yield fine("deployers", f"{len(plan.deployers)} may touch the key, and the caller is one of them")
