"""The resources that a run was told to keep to (`--target`): URNs, with `*` and `**` standing for any
text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.engine.state import Resource
from sandbox.engine.urns import provider_urn


class Targets:
    """A set of URNs and patterns; an empty one is no constraint and contains everything."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self.literals = [urn for urn in wanted if "*" not in urn]
        self._patterns = [_pattern(text) for text in wanted if "*" in text]
        self._urns = set(self.literals)

    def __bool__(self) -> bool:
        return bool(self._urns or self._patterns)

    def __contains__(self, urn: str) -> bool:
        return not self or urn in self._urns or any(pattern.fullmatch(urn) for pattern in self._patterns)

    def add(self, urn: str) -> None:
        self._urns.add(urn)

    def names_need_of(self, resource: Resource) -> bool:
        """Whether something that the resource depends on, or its provider or parent, is among the targets."""
        needs = (*resource.needs(), resource.parent, provider_urn(resource.provider))
        return any(urn in self for urn in needs if urn)


def _pattern(text: str) -> re.Pattern[str]:
    """`**` is any text, `*` any text within one part of a URN."""
    parts = re.split(r"(\*\*|\*)", text)
    return re.compile("".join({"**": ".*", "*": "[^:]*"}.get(part, re.escape(part)) for part in parts))
