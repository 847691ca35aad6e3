"""Keys offered that are wrong in one way each: refused with one line, nothing lost, the next run fine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.end_to_end
FOUR = ["Account balance", "Open orders", "Place order", "Cancel order"]


@pytest.fixture(scope="module")
def awaiting(clone: Clone) -> Iterator[Clone]:
    """A stack that waits for its first key."""
    assert clone.sandbox("start").returncode == 0
    assert up(clone).returncode == 0
    assert clone.outputs()["status"] == "awaiting key"
    return clone


def up(clone: Clone, key: Path | None = None) -> subprocess.CompletedProcess[str]:
    """One `pulumi up` of the sandbox's stack, with a key offered or without."""
    from sandbox.pulumi_cli import environment

    command = "sandbox/bin/pulumi" if clone.engine == "stand-in" else "pulumi"
    settings = environment(clone.world, clone.environment)
    clone.run(command, "stack", "select", "--create", "sandbox", **settings)
    words = ["up", "--yes", "--skip-preview", "--stack", "sandbox", "--policy-pack", "policies"]
    return clone.run(command, *words, **settings, **({"CEXIO_KEY_FILE": str(key)} if key else {}))


def error_lines(said: str) -> list[str]:
    """The lines of a run that tell a fault."""
    return [line.strip() for line in said.splitlines() if line.strip().startswith("error:")]


def whitelist(clone: Clone) -> dict[str, Any]:
    return dict(clone.outputs()["whitelist"])


def label(clone: Clone) -> str:
    return str(whitelist(clone)["label"])


def key_for(clone: Clone, fault: str) -> Path:
    """A key that is wrong in this way."""
    address = str(clone.outputs()["address"])
    wrong = {
        "another address": {"addresses": ["127.99.99.99"]},
        "withdrawal on": {"permissions": [*FOUR, "Withdrawal"]},
        "read only": {"permissions": ["Account balance", "Open orders"]},
        "not activated": {"no_activate": True},
        "no whitelist": {"addresses": []},
    }.get(fault, {})
    made = {"addresses": [address], "permissions": FOUR, **wrong}
    path = clone.make_key(label=label(clone), **made)
    if fault == "wrong secret":
        text = path.read_text()
        path.write_text(text.replace('"secret": "', '"secret": "x9'))
    return path


CASES = {
    "another address": "address",
    "withdrawal on": "withdraw",
    "read only": "permission",
    "not activated": "activat",
    "wrong secret": "signature",
    "no whitelist": "whitelist",
}


TOLD_SOON = ("another address", "withdrawal on", "wrong secret")  # the others take their time in `test-long`
PARAMETERS = [pytest.param(c, marks=[] if c in TOLD_SOON else [pytest.mark.long]) for c in CASES]


@pytest.fixture(scope="module", params=PARAMETERS)
def refused(request: pytest.FixtureRequest, awaiting: Clone) -> dict[str, Any]:
    """A wrong key offered, then a run without one: what was said, and the secret's stages at each point."""
    fault = request.param
    path = key_for(awaiting, fault)
    before = awaiting.stages()
    offered = up(awaiting, path)
    after = awaiting.stages()
    quiet = up(awaiting)
    assert awaiting.sandbox("delete-key", "--account", "1", "--all").returncode == 0
    return {
        "fault": fault,
        "secret": path.read_text().split('"')[7],
        "before": before["AWSCURRENT"],
        "after": after["AWSCURRENT"],
        "offered": offered,
        "quiet": quiet,
        "status": awaiting.outputs()["status"],
    }


class TestAWrongKeyIsNeverTheBotsKey:
    """The bot read a key that could withdraw, because it was current before it was checked."""

    def test_the_run_fails_with_one_line_that_names_the_fault(self, refused: dict[str, Any]) -> None:
        assert refused["offered"].returncode != 0
        lines = error_lines(refused["offered"].stdout)
        told = [line for line in lines if CASES[refused["fault"]] in line.lower()]
        assert told, refused["offered"].stdout
        assert "Traceback" not in refused["offered"].stdout

    def test_what_is_current_stays_current(self, refused: dict[str, Any]) -> None:
        assert refused["before"] == refused["after"]

    def test_the_next_run_without_a_key_is_fine(self, refused: dict[str, Any]) -> None:
        assert refused["quiet"].returncode == 0, refused["quiet"].stdout
        assert refused["status"] == "awaiting key"

    def test_the_secret_is_in_no_line(self, refused: dict[str, Any]) -> None:
        assert refused["secret"] not in refused["offered"].stdout + refused["quiet"].stdout
