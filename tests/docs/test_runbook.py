"""docs/runbook.md says what the code says, and every command in it is there."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name

from components.settings import Settings
from sandbox.engine.cli import _parser
from tests.faults.runbook import PAGE, page

ROOT = PAGE.parent.parent
TEXT = PAGE.read_text("utf-8")
SPANS = sorted({*re.findall(r"`([^`\n]+)`", TEXT), *re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)})
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
SETTINGS = {field.alias for field in Settings.model_fields.values()}
OF_THE_CLI = {"region", "query", "output", "profile"}  # options of `aws` that are no parameter of a call
NO_API = ("aws sso login",)
SAYING = ("cexio", "commands", "providers", "sandbox/engine")  # who says the lines that the page quotes


def commands(program: str) -> list[str]:
    return [span for span in SPANS if span.split()[0] == program and " " in span and span not in NO_API]


def messages() -> Iterator[str]:
    """Every text in the code that may be a message; what is put into it, and numbers, are `0`."""
    for folder in SAYING:
        for file in (ROOT / folder).rglob("*.py"):
            nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
            remarks = [node.value for node in nodes if isinstance(node, ast.Expr)]  # docstrings say nothing
            for node in nodes:
                if isinstance(node, ast.JoinedStr):
                    parts = [str(p.value) if isinstance(p, ast.Constant) else "0" for p in node.values]
                    yield re.sub(r"\d+", "0", "".join(parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in remarks:
                    yield re.sub(r"\d+", "0", node.value)


@pytest.fixture(scope="module")
def said() -> str:
    return "\n".join(messages())


class TestCommands:
    """The command that was to bring the address back did not exist."""

    @pytest.mark.parametrize("command", commands("make"))
    def test_of_make_have_a_target_that_takes_what_is_given(self, command: str) -> None:
        _, target, *given = command.split()
        recipe = re.search(rf"^{target}: .*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
        assert recipe, f"no target {target}"
        assert all(f"$({one.partition('=')[0]})" in recipe[1] for one in given)

    @pytest.mark.parametrize("command", commands("pulumi"))
    def test_of_pulumi_have_words_flags_and_settings_that_are_there(self, command: str) -> None:
        flags = _parser().parse_args(shlex.split(command)[1:])
        assert getattr(flags, "action", None)

    @pytest.mark.parametrize("command", commands("aws"))
    def test_of_aws_are_calls_with_such_parameters(self, command: str) -> None:
        _, service, operation, *rest = command.split()
        model = botocore.session.get_session().get_service_model(service)
        calls = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in calls
        shape = model.operation_model(calls[operation]).input_shape
        assert shape is not None
        taken = {xform_name(name, "-") for name in shape.members} | OF_THE_CLI
        assert {one[2:].removeprefix("no-") for one in rest if one.startswith("--")} <= taken

    @pytest.mark.parametrize("command", commands("python"))
    def test_of_ours_are_modules_that_take_such_options(
        self, command: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, _, module, *rest = command.split()
        main = importlib.import_module(module).main
        options = [one for one in rest if one.startswith("--")]
        if options:
            with pytest.raises(SystemExit):
                main(["--help"])
            said = capsys.readouterr().out
            assert all(one in said for one in options)

    def test_there_are_some_of_each(self) -> None:
        assert all(commands(program) for program in ("make", "pulumi", "aws", "python"))

    def test_settings_exist(self) -> None:
        named = set(re.findall(r"cexio-bot:(\w+)", TEXT))
        assert named
        assert named <= SETTINGS


class TestWhatIsSeen:
    """Somebody searched the page for the line on the screen and did not find it."""

    @pytest.mark.parametrize(
        "quote",
        [
            span
            for span in SPANS
            if " " in span and span.split()[0] not in ("make", "pulumi", "aws", "python", "cat", "$")
        ],
    )
    def test_quotes_are_what_the_code_says(self, quote: str, said: str) -> None:
        assert re.sub(r"\d+", "0", quote) in said

    def test_the_table_of_drifts_is_what_is_tried(self) -> None:
        assert page(TEXT) == TEXT, "`python -m tests.faults.runbook` writes it"

    def test_links_lead_somewhere(self) -> None:
        links = re.findall(r"\]\(([^)#]+)", TEXT)
        assert links
        assert all((PAGE.parent / link).is_file() for link in links)

    def test_the_readme_leads_here(self) -> None:
        assert "(docs/runbook.md)" in (ROOT / "README.md").read_text("utf-8")
