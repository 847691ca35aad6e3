"""What goes wrong before anything is deployed: one clear line, a failing exit, nothing lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.end_to_end


def lines_told(said: str) -> list[str]:
    """The lines of a run that tell a fault."""
    return [line.strip() for line in said.splitlines() if line.strip().startswith("error:")]


def assert_one_clear_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The run failed, with a line that has these words, and without a traceback."""
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    told = lines_told(done.stdout)
    assert any(all(word.lower() in line.lower() for word in words) for line in told), done.stdout


@pytest.fixture(scope="module")
def started(clone: Clone) -> Iterator[Clone]:
    """A clone whose sandbox runs, with an empty stack."""
    answer = clone.sandbox("start")
    assert answer.returncode == 0, answer.stderr
    return clone


class TestBeforeTheSandboxRuns:
    """A traceback about a refused connection sends people to look for a fault in their network."""

    @pytest.mark.parametrize("word", ["preview", "refresh", "recover", "destroy"])
    def test_the_line_says_which_command_starts_one(self, clone: Clone, word: str) -> None:
        if (clone.world / "endpoints.json").exists():
            clone.sandbox("stop")
        assert_one_clear_line(clone.story(word), "no sandbox", "make up")


class TestSettingsThatCannotBeRead:
    """A stack file broken by a merge was taken for an empty one, and the stack was rebuilt without them."""

    def test_a_broken_file_is_named(self, started: Clone) -> None:
        file = started.folder / "Pulumi.sandbox.yaml"
        whole = file.read_text()
        file.write_text(whole + "  : [broken\n")
        try:
            assert_one_clear_line(started.story("preview"), "Pulumi.sandbox.yaml")
        finally:
            file.write_text(whole)

    def test_every_wrong_setting_is_named_at_once(self, started: Clone) -> None:
        file = started.folder / "Pulumi.sandbox.yaml"
        whole = file.read_text()
        file.write_text(whole.replace('"90"', "soon") + "  cexio-bot:vpcCidr: everywhere\n")
        try:
            done = started.story("preview")
        finally:
            file.write_text(whole)
        assert done.returncode != 0
        assert "reviewEvery" in done.stdout
        assert "vpcCidr" in done.stdout
        assert "Traceback" not in done.stdout

    def test_a_wrong_passphrase_is_told(self, started: Clone) -> None:
        assert_one_clear_line(started.story("preview", PULUMI_CONFIG_PASSPHRASE="wrong"), "passphrase")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes wherever it likes")
class TestADiskThatTakesNothing:
    """Half a state file is worse than none."""

    def test_a_folder_that_cannot_be_written_is_named(self, clone: Clone) -> None:
        clone.sandbox("stop")
        clone.folder.chmod(0o500)
        try:
            assert_one_clear_line(clone.story("up"), ".sandbox")
        finally:
            clone.folder.chmod(0o700)
