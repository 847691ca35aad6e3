"""An object that no state knows, what a state tells, and what is to become of the object.

The words of providers/aws/orphans.py, which searches and judges by them. Asks AWS nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Fate(Enum):
    """What is to become of an object that no state knows."""

    RELEASE = "release"
    KEEP = "kept"
    LEAVE = "left"


@dataclass(frozen=True)
class Recorded:
    """What a state tells. creating: the owners of the objects that a killed run was about to make.

    begun: what is older than this, that run did not make; None where that is not known.
    """

    ids: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    creating: frozenset[str] = frozenset()
    begun: datetime | None = None


@dataclass(frozen=True)
class Orphan:
    """An object that the state does not know; `why` completes "it is released/kept/left, as ..."."""

    kind: str
    id: str
    owner: str
    fate: Fate
    why: str
    release: Callable[[], object] = field(repr=False, compare=False, default=lambda: None)
