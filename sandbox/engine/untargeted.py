"""What a targeted run does with resources that are no targets: they stay as they are, after what they
need."""

from __future__ import annotations

from sandbox.engine import urns
from sandbox.engine.decisions import Base, Decisions, ReportedError
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step


def kept_as_they_are(urn: str, old: Resource, base: Base, decided: Decisions) -> list[Step]:
    """The steps that carry over an old state, and first those that it needs and that nothing else carries
    over.

    `urn` is the resource's new URN, if it has another one. ReportedError if something that it needs is gone.
    """
    if old.delete:
        return []
    decided.registered.add(old.urn)
    decided.sames.update((urn, old.urn))
    steps: list[Step] = []
    provider = base.current.get(urns.provider_urn(old.provider))
    if provider and not decided.planned(provider.urn) and not decided.kept(provider.urn):
        steps += kept_as_they_are(provider.urn, provider, base, decided)
    for needed in (old.parent, *old.needs()):
        if not needed or decided.planned(needed):
            continue
        if needed not in base.current:
            raise ReportedError(f"dependency {needed} of untargeted resource {urn} has no old state")
        steps += kept_as_they_are(needed, base.current[needed], base, decided)
    return [*steps, Step("same", old, old.copy(id="", original=old.original))]


def dependencies_first(new: Resource, base: Base, decided: Decisions) -> list[Step]:
    """The steps that carry over what a target needs and what the program has not registered."""
    steps: list[Step] = []
    for needed in (new.parent, *new.needs()):
        old = base.current.get(needed)
        if old and not decided.planned(needed) and not decided.kept(needed):
            steps += kept_as_they_are(needed, old, base, decided)
    return steps
