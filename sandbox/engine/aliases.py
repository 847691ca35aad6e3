"""The URNs under which a resource may have been known before."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.engine import urns
from sandbox.engine.goal import Alias, Goal


def former_urns(goal: Goal, *, stack: str, project: str, taken: Mapping[str, str]) -> list[str]:
    """What a resource may have been called: its own aliases, and those that follow from its parent's.

    `taken` gives, for each resource of this run that was found under an alias, that alias.
    """
    found = [_urn(goal, alias, stack, project, taken) for alias in goal.aliases]
    former_parent = taken.get(goal.parent)
    if former_parent:
        parent_name = urns.name_of(goal.parent)
        found.append(_below(former_parent, goal.type, goal.name, parent_name))
        for alias in goal.aliases:
            urn = _urn(goal, alias, stack, project, taken)
            found.append(_below(former_parent, urns.type_of(urn), urns.name_of(urn), parent_name))
    return list(dict.fromkeys(found))


def _urn(goal: Goal, alias: Alias, stack: str, project: str, taken: Mapping[str, str]) -> str:
    if alias.urn:
        return alias.urn
    parent = taken.get(alias.parent, alias.parent) if alias.parent else goal.parent
    return urns.make(
        alias.stack or stack,
        alias.project or project,
        "" if alias.no_parent else parent,
        alias.type or goal.type,
        alias.name or goal.name,
    )


def _below(former_parent: str, kind: str, name: str, parent_name: str) -> str:
    """The URN of a child below its parent's former URN: a name that began with the parent's began with that
    one's."""
    if name.startswith(parent_name):
        name = urns.name_of(former_parent) + name[len(parent_name) :]
    stack, project = former_parent.split("::")[0].removeprefix("urn:pulumi:"), former_parent.split("::")[1]
    return urns.make(stack, project, former_parent, kind, name)
