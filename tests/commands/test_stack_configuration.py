"""commands/stack_config.py: what an engine tells of a stack, and how its refusals arrive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from commands.stack_config import NoStack, asked, stack_config
from tests.commands.engine_on_paper import EngineOnPaper

CONFIG = {
    "cexio-bot:region": {"value": "eu-central-1", "secret": False},
    "cexio-bot:tags": {"value": '{"a":"b"}', "objectValue": {"a": "b"}, "secret": False},
    "cexio-bot:other": {"secret": True},
}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineOnPaper:
    made = EngineOnPaper(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{made.folder}{os.pathsep}{os.environ['PATH']}")
    made.answers("config", CONFIG)
    return made


class TestWhichStack:
    """The lock of a stack of that name in another organization was taken away."""

    def test_it_is_named_to_the_engine_as_the_operator_named_it(self, engine: EngineOnPaper) -> None:
        found = stack_config("acme/cexio-bot/live")
        assert (found.project, found.stack) == ("cexio-bot", "live")
        assert found.words == ("--stack", "acme/cexio-bot/live")
        assert engine.calls == [["config", "--json", "--stack", "acme/cexio-bot/live"]]

    def test_the_selected_one_is_not_named_at_all(self, engine: EngineOnPaper) -> None:
        engine.answers("stack", "live\n")
        found = stack_config(None)
        assert (found.stack, found.words) == ("live", ())
        assert engine.calls[-1] == ["config", "--json"]

    def test_secrets_are_named_and_never_asked_for(self, engine: EngineOnPaper) -> None:
        found = stack_config("live")
        assert found.values == {"cexio-bot:region": "eu-central-1", "cexio-bot:tags": '{"a": "b"}'}
        assert found.secret == {"cexio-bot:other"}
        assert not any("--show-secrets" in words for words in engine.calls)


class TestRefusals:
    """At three in the morning the first line was about a newer version of the CLI."""

    def refusal(self) -> str:
        with pytest.raises(NoStack) as refused:
            asked("stack", "export", "--stack", "live")
        text = str(refused.value)
        assert "\n" not in text
        return text

    def test_the_error_is_told_and_not_the_warning_before_it(self, engine: EngineOnPaper) -> None:
        said = "warning: A new version of Pulumi is available.\nerror: no stack named 'live' found\n"
        engine.answers("stack export", error=said, status=1)
        assert self.refusal() == (
            "`pulumi stack export --stack live`: no stack named 'live' found: name a stack with --stack, or "
            "STACK=name with make"
        )

    def test_who_mistyped_a_passphrase_is_not_sent_to_look_for_a_stack(self, engine: EngineOnPaper) -> None:
        engine.answers("stack export", error="error: incorrect passphrase\n", status=255)
        assert self.refusal().endswith(": incorrect passphrase: mend that, then run the same command again")

    def test_one_without_a_word_is_told_as_that(self, engine: EngineOnPaper) -> None:
        engine.answers("stack export", status=1)
        assert ": no reason was given: " in self.refusal()

    def test_without_an_engine_it_says_where_one_is_to_be_had(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert self.refusal().startswith("the pulumi CLI is not on PATH: see https://www.pulumi.com/")
