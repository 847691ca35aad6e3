"""Names and owner tags: deterministic, so that a run that was killed finds again what it made.

A name is `<project>-<stack>-<role>[-<host>]`, cut to the service's limit with a tail of its hash. IAM is one
for all regions, so its names end in the region. Nothing here asks AWS whether a name is free: that is the
resources' and, before a run, providers/aws/preflight.py's.
"""

from __future__ import annotations

import hashlib
import re

from pydantic import BaseModel, ConfigDict

TAIL = 8
LOOKS_LIKE_ARN_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


class Names(BaseModel):
    """The names and owner tags of one stack."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    project: str
    stack: str
    region: str

    def owner(self, role: str, host: str | None = None) -> str:
        """The value of the tag `cexio-bot:owner`: `<project>/<stack>/<role>[-<host>]`."""
        return f"{self.project}/{self.stack}/{_joined(role, host)}"

    def name(self, role: str, host: str | None = None, *, limit: int = 64) -> str:
        """The object's name, at most `limit` characters (64 is IAM's limit for a role)."""
        whole = f"{self.project}-{self.stack}-{_joined(role, host)}"
        if len(whole) <= limit:
            return whole
        tail = hashlib.sha256(whole.encode()).hexdigest()[:TAIL]
        return f"{whole[: limit - TAIL - 1].rstrip('-')}-{tail}"

    def host_role(self, host: str) -> str:
        """The name of a host's IAM role, which the policy of its secret names before the role is made."""
        return self.name("role", f"{host}-{self.region}")

    def host_profile(self, host: str) -> str:
        """The name of a host's instance profile."""
        return self.name("profile", f"{host}-{self.region}", limit=128)

    def secret(self, role: str, host: str | None = None) -> str:
        """A secret's name, never ending in a hyphen and six characters: AWS takes that for an ARN's tail."""
        name = self.name(role, host, limit=500)
        return f"{name}-key" if LOOKS_LIKE_ARN_SUFFIX.search(name) else name


def _joined(role: str, host: str | None) -> str:
    return role if host is None else f"{role}-{host}"
