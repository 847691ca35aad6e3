"""Drift: what somebody changed behind the stack's back is found, and repaired or told.

    python -m tests.faults.drift                 every drift on one whole stack; `make drift` runs it
    python -m tests.faults.drift "IMDSv1"        those with this text in their name
    python -m tests.faults.drift --apart         each in a run of its own (slow)

For each drift: `preview --refresh` and `refresh` must show the resource as changed; the next `up` repairs it,
or fails with one line that says what it will not do by itself, and succeeds when that was done. Afterwards
nothing is found any more and an undisturbed preview shows no change.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.drifts import DRIFTS, TEAM, Drift, Scene, rounds
from tests.faults.stack import STACK, Ran, Stack

TOKEN = re.compile(r"pulumi-python:dynamic/aws:(\w+)$")
LINE = re.compile(r"^\s*(?P<mark>\S{1,2})\s+pulumi-python:dynamic/aws:(?P<kind>\w+) \S+ (?P<done>.*)$")
NOTHING = re.compile(r"^(refresh(ing|ed)?|running|same)\b")
PREVIEW = ("preview", "--stack", STACK)


@dataclass
class Seen:
    """What came of one drift."""

    drift: Drift
    by_preview: bool = False
    by_refresh: bool = False
    ended: str = "no"
    faults: list[str] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """By both; a preview plans nothing for what is left as it is."""
        return self.by_refresh and (self.by_preview or self.drift.ends == "left")

    @property
    def right(self) -> bool:
        return self.found and self.ended == self.drift.ends and not self.faults


def changed(ran: Ran) -> set[str]:
    """The kinds of the resources that a run shows as changed."""
    found = set()
    for line in ran.output.splitlines():
        match = LINE.match(line)
        if match and not NOTHING.match(match["done"]):
            found.add(match["kind"])
    return found


def scene(stack: Stack) -> Scene:
    """The stack's objects as its state has them."""
    ids = {}
    for resource in stack.state()["resources"]:
        match = TOKEN.search(resource["type"])
        if match:
            outs = resource.get("outputs") or {}
            # an address that was got back has another allocation; a resource's id stays in the state
            ids[match[1]] = str(outs.get("allocationId") or resource["id"])
    return Scene(stack.aws, ids)


def tried(stack: Stack, drifts: list[Drift]) -> list[Seen]:
    """Do a round of drifts to the stack, which is whole again afterwards if all is well."""
    seen = [Seen(drift) for drift in drifts]
    before = scene(stack)
    for drift in drifts:
        drift.hand(before)
    previewed, refreshed = stack.pulumi(*PREVIEW, "--refresh"), stack.refresh()
    for one in seen:
        one.by_preview = one.drift.kind in changed(previewed)
        left_alone = one.drift.ends == "left" and one.drift.says in refreshed.output
        one.by_refresh = left_alone or one.drift.kind in changed(refreshed)
    ran = up(stack)
    if drifts[0].ends == "told":
        _told(stack, seen[0], ran, before)
    elif ran.status != 0:
        _blame(seen, f"up: {ran.error or ran.output[-300:]}")
        return seen
    again = stack.pulumi(*PREVIEW, "--refresh", "--expect-no-changes")
    left = changed(again)
    for one in seen:
        if one.drift.ends != "told" and one.drift.kind not in left:
            one.ended = one.drift.ends
    for kind in sorted(left - {one.drift.kind for one in seen}):
        _blame(seen, f"{kind} has changed as well")
    if again.status != 0 and not left:
        _blame(seen, f"afterwards: {again.error or again.output[-300:]}")
    if drifts[0].ends == "left" and drifts[0].mended is not None:
        drifts[0].mended(before)
        stack.refresh()
    after = stack.pulumi(*PREVIEW, "--expect-no-changes")
    if after.status != 0:
        _blame(seen, f"an undisturbed preview: {after.error or after.output[-300:]}")
    return seen


def _told(stack: Stack, one: Seen, ran: Ran, before: Scene) -> None:
    lines = [line for line in ran.output.splitlines() if one.drift.says in line and "error:" in line]
    if ran.status != 0 and lines:
        one.ended = "told"
    elif ran.status == 0:
        one.faults.append("up did it, or said nothing")
    else:
        one.faults.append(f"up said: {ran.error}")
    if one.ended == "told" and one.drift.mended is not None:
        one.drift.mended(before)
    stack.refresh()
    ran = up(stack)
    if ran.status != 0:
        one.faults.append(f"up after it was mended: {ran.error}")


def up(stack: Stack) -> Ran:
    return stack.up(tags=TEAM)


def _blame(seen: list[Seen], text: str) -> None:
    for one in seen:
        one.faults.append(text)


def table(drifts: list[Drift], folder: Path, engine: str, *, apart: bool = False) -> Iterator[Seen]:
    """Try the drifts on one stack; a round after which it is not whole is followed by a new stack."""
    groups = [[drift] for drift in drifts] if apart else rounds(drifts)
    stack: Stack | None = None
    try:
        for number, group in enumerate(groups):
            if stack is None:
                stack = Stack(folder / f"stack-{number}", engine)
                ran = up(stack)
                assert ran.status == 0, ran.output
            seen = tried(stack, group)
            yield from seen
            if not all(one.right for one in seen):
                stack.close()
                stack = None
    finally:
        if stack is not None:
            stack.close()


def row(one: Seen) -> str:
    planned = "yes" if one.by_preview else "-" if one.drift.ends == "left" else "NO"
    ends = {"repaired": "-", "told": "-", one.drift.ends: "NO", one.ended: "yes"}
    text = (
        f"{one.drift.name:<42} {'yes' if one.by_refresh else 'NO':<8} {planned:<18} {ends['repaired']:<9} "
        f"{ends['told']}{' left as it is' if one.ended == 'left' else ''}"
    )
    return "\n".join([text.rstrip(), *(f"    {fault}" for fault in one.faults)])


def _chosen(texts: list[str]) -> list[Drift]:
    return [drift for drift in DRIFTS if not texts or any(text in drift.name for text in texts)]


def main(words: list[str]) -> int:
    apart, texts = "--apart" in words, [word for word in words if not word.startswith("-")]
    engine = "pulumi" if "--cli" in words else "stand-in"
    drifts = _chosen(texts)
    began, results = time.monotonic(), []
    print(f"{'drift':<42} {'refresh':<8} {'preview --refresh':<18} {'repaired':<9} told", flush=True)
    with tempfile.TemporaryDirectory(prefix="drift-") as folder:
        for one in table(drifts, Path(folder), engine, apart=apart):
            print(row(one), flush=True)
            results.append(one)
    right = sum(one.right for one in results)
    counts = [
        f"{len(results)} drifts tried",
        f"{sum(one.found for one in results)} found",
        f"{sum(one.ended == 'repaired' for one in results)} repaired",
        f"{sum(one.ended == 'told' for one in results)} told",
        f"{sum(one.ended == 'left' for one in results)} left as they are",
        f"{len(results) - right} wrong",
        f"{time.monotonic() - began:.0f} s ({engine})",
    ]
    print(", ".join(counts))
    return int(right != len(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
