"""`make preflight` on a stack of the sandbox: lines for people, and an exit status for scripts."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stack import Ran, Run, Stack

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("preflight")) as made:
        yield made


def preflight(stack: Stack, name: str = "sandbox") -> Ran:
    words = [stack.clone.python, "-m", "commands.preflight", "--stack", name]
    env = {**stack.env, "PATH": f"{Path(stack.command).parent}{os.pathsep}{stack.env['PATH']}"}
    return Run(words, stack.clone.folder, env, stack.world / "preflight.log").wait()


class TestAskingBeforehand:
    """Who asks beforehand wants every answer, the unknown ones too, and nothing touched."""

    def test_a_line_for_each_thing_asked_and_nothing_is_made(self, stack: Stack) -> None:
        ran = preflight(stack)
        assert ran.status == 0, ran.output
        lines = ran.output.splitlines()
        assert lines[0].startswith("fine           credentials: account 123456789012")
        assert lines[-1] == "Nothing that was asked stands in the way of an `up`."
        assert not any(stack.objects().values())

    def test_the_stack_that_is_up_needs_no_room(self, stack: Stack) -> None:
        assert stack.up().status == 0
        for code in ("L-0263D0A3", "L-F678F1CE", "L-A4707A72", "L-1216C47A"):
            address = f"{stack.aws.url}/_sandbox/quota?code={code}&value=0"
            urllib.request.urlopen(urllib.request.Request(address, method="POST")).close()
        ran = preflight(stack)
        assert ran.status == 0, ran.output
        stack.swept()

    def test_a_refusal_is_an_exit_status(self, stack: Stack) -> None:
        ran = preflight(stack)  # without the stack, the quotas of the test before are in the way
        assert ran.status == 1
        refused = [line for line in ran.output.splitlines() if line.startswith("refused")]
        assert len(refused) == 4, ran.output
        assert "4 of " in ran.output.splitlines()[-1]

    def test_a_stack_that_is_none_is_one_line(self, stack: Stack) -> None:
        ran = preflight(stack, "nowhere")
        assert ran.status == 1
        assert len(ran.output.strip().splitlines()) == 1
        assert "nowhere" in ran.output
