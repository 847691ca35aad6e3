"""`make recover` after real kills of a real engine, and `make refresh` on what no state knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.pulumi_cli import STACK
from tests.end_to_end.conftest import Clone
from tests.faults.proxy import Call, Fate, kill_after, kill_before
from tests.faults.stack import OWNER, Ran, Run, Stack

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("recover")) as made:
        yield made


@pytest.fixture
def stack(shared: Stack) -> Iterator[Stack]:
    """A stack that has nothing yet."""
    yield shared
    shared.proxy.forget()
    shared.swept()


def killed_at(stack: Stack, action: str) -> Ran:
    """An `up` whose engine is killed when a call of this action has taken effect."""
    runs: list[Run] = []

    def rule(call: Call) -> Fate | None:
        return kill_after(runs[0].kill_engine) if call.action == action else None

    stack.proxy.forget(rule)
    runs.append(stack.start_up())
    ran = runs[0].wait()
    assert ran.status != 0
    stack.proxy.forget()
    return ran


def begun(stack: Stack, *flags: str, **extra: str) -> Run:
    """`make recover`, under way."""
    words = [stack.clone.python, "-m", "commands.recover", "--stack", STACK, *flags]
    path = f"{Path(stack.command).parent}{os.pathsep}{stack.env['PATH']}"
    return Run(words, stack.clone.folder, {**stack.env, "PATH": path, **extra}, stack.world / "recover.log")


def pending(stack: Stack) -> list[dict[str, Any]]:
    return list(stack.state().get("pending_operations") or [])


class TestAfterAKilledEngine:
    """The next run ended with a lock, the one after that with pending operations; neither said what to do."""

    def test_the_message_says_what_to_do_and_doing_it_is_enough(self, stack: Stack) -> None:
        killed_at(stack, "CreateVpc")
        refused = stack.up()
        assert refused.status != 0
        assert "currently locked" in refused.output
        recovered = stack.recover()
        assert recovered.status == 0, recovered.output
        assert f"of {OWNER}vpc: released, as the run that was killed was making it" in recovered.output
        assert (pending(stack), stack.objects()["VPC"]) == ([], set())
        assert stack.up().status == 0

    def test_the_address_is_kept_and_the_next_run_has_the_very_same(self, stack: Stack) -> None:
        killed_at(stack, "AllocateAddress")
        (address,) = stack.addresses()
        recovered = stack.recover()
        assert recovered.status == 0, recovered.output
        assert f"address {address} (" in recovered.output
        assert f"of {OWNER}address-bot: kept, as" in recovered.output
        assert stack.up().status == 0
        assert stack.addresses() == [address]

    def test_looking_changes_nothing(self, stack: Stack) -> None:
        killed_at(stack, "CreateVpc")
        state, objects = stack.state(), stack.objects()
        looked = begun(stack, "--look-only").wait()
        assert looked.status == 0, looked.output
        assert "could be released by `make recover`" in looked.output
        assert (stack.state(), stack.objects()) == (state, objects)
        assert "currently locked" in stack.up().output

    def test_one_that_is_killed_leaves_the_rest_to_the_next(self, stack: Stack) -> None:
        killed_at(stack, "CreateVpc")
        runs: list[Run] = []

        def rule(call: Call) -> Fate | None:
            return kill_before(runs[0].kill_engine) if call.action == "DeleteVpc" else None

        stack.proxy.forget(rule)
        runs.append(begun(stack))
        assert runs[0].wait().status == -9
        stack.proxy.forget()
        assert len(stack.objects()["VPC"]) == 1
        assert pending(stack)
        again = stack.recover()
        assert again.status == 0, again.output
        assert (pending(stack), stack.objects()["VPC"]) == ([], set())


class TestWithNothingWrong:
    """Who runs it to be on the safe side loses nothing by it."""

    def test_a_whole_stack_stays_whole_and_it_says_so(self, stack: Stack) -> None:
        assert stack.up().status == 0
        before = stack.objects()
        recovered = stack.recover()
        assert recovered.status == 0, recovered.output
        assert "nothing was pending; released: 0." in recovered.output
        assert stack.objects() == before
        assert stack.pulumi("preview", "--stack", STACK, "--expect-no-changes").status == 0


class TestAWrongPassphrase:
    """The pending operations were gone, and what they had told with them, before the refresh was refused."""

    def test_it_is_one_line_and_the_right_one_does_the_rest(self, stack: Stack) -> None:
        killed_at(stack, "CreateVpc")
        refused = begun(stack, PULUMI_CONFIG_PASSPHRASE="another").wait()
        assert refused.status == 1
        assert [line for line in refused.output.splitlines() if "passphrase" in line] == [refused.error]
        assert pending(stack)
        again = stack.recover()
        assert again.status == 0, again.output
        assert pending(stack) == []


class TestRefreshNamesWhatNoStateKnows:
    """A leaked VPC was found by the bill."""

    def test_with_what_becomes_of_it(self, tmp_path: Path) -> None:
        clone = Clone(tmp_path / "project", "stand-in")
        try:
            clone.sandbox("start")
            tags = [{"Key": "cexio-bot:owner", "Value": f"{OWNER}vpc"}]
            made = clone.client("ec2").create_vpc(
                CidrBlock="10.8.0.0/24", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}]
            )["Vpc"]["VpcId"]
            said = clone.story("refresh")
            assert said.returncode == 0, said.stdout
            assert f"VPC {made} of {OWNER}vpc: left, as no killed run is known to have made it" in said.stdout
        finally:
            clone.sandbox("stop")
